import { expect } from "vitest";
import type { SessionRecord, Store } from "../../../src/store/store.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deleteInput,
  eventOf,
  failsWith,
  keyOf,
  rangeOf,
  readRange,
  sessionWithEvents,
} from "../build.ts";
import { decoded, type EventRecord } from "../event-record.ts";
import type { Cases } from "../harness.ts";

/** Reads a history, does something after its first chunk, and tells how the read ended. */
async function disturbed(
  store: Store,
  session: SessionRecord,
  disturb: () => Promise<void>,
): Promise<{ events: EventRecord[]; reason: string | undefined }> {
  const events: EventRecord[] = [];
  let reason: string | undefined;
  try {
    for await (const chunk of store.readEvents(rangeOf(session))) {
      if (events.length === 0) await disturb();
      events.push(...chunk.map(decoded));
    }
  } catch (error) {
    reason = (error as { reason?: string }).reason;
  }
  return { events, reason };
}

/** A history is whole, or the read failed: it is never short. */
function expectWholeOrError(
  read: { events: readonly EventRecord[]; reason: string | undefined },
  count: number,
  reasons: readonly string[],
): void {
  if (read.reason === undefined) {
    expect(read.events.map((event) => event.id)).toEqual(
      Array.from({ length: count }, (_, at) => `e${at + 1}`),
    );
  } else expect(reasons).toContain(read.reason);
}

export const streams = {
  "a history comes in chunks and in order": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 2_000);
    let chunks = 0;
    let last = 0;
    for await (const chunk of store.readEvents(rangeOf(session))) {
      chunks++;
      expect(chunk.length).toBeGreaterThan(0);
      for (const event of chunk) expect(event.seq).toBe(++last);
    }
    expect(last).toBe(2_000);
    expect(chunks).toBeGreaterThan(1);
  },

  "leaving early leaves the store in order": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 1_000);
    for (let round = 0; round < 40; round++) {
      for await (const chunk of store.readEvents(rangeOf(session))) {
        expect(chunk[0]?.seq).toBe(1);
        break;
      }
    }
    expect(await readRange(store, rangeOf(session, { maxRows: 10 }))).toHaveLength(10);
  },

  "readers that do not read hold nobody up": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 1_000);
    const readers = await Promise.all(
      Array.from({ length: 24 }, async () => {
        const reader = store.readEvents(rangeOf(session))[Symbol.asyncIterator]();
        expect((await reader.next()).done).toBe(false);
        return reader;
      }),
    );
    await append(store, appendInput(session.key, [eventOf()]));
    expect((await store.getSessionRow(session.key))?.headSeq).toBe(1_001);
    expect(await readRange(store, rangeOf(session))).toHaveLength(1_000);
    await Promise.all(readers.map((reader) => reader.return?.()));
  },

  "a read stops at the head it was given while appends go on": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 300);
    const read = await disturbed(store, session, async () => {
      await append(store, appendInput(session.key, [eventOf(), eventOf()]));
    });
    expect(read.reason).toBeUndefined();
    expect(read.events).toHaveLength(300);
  },

  "a session deleted under a reader is an error or its whole history": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 1_000);
    const read = await disturbed(store, session, async () => {
      await store.deleteSession(deleteInput(session.key));
    });
    expectWholeOrError(read, 1_000, ["SESSION_NOT_FOUND"]);
  },

  "a session re-created under a reader is an error or its whole history": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 1_000);
    const read = await disturbed(store, session, async () => {
      await store.deleteSession(deleteInput(session.key));
      await sessionWithEvents(store, session.key, 1_000, (seq) => eventOf({ id: `other${seq}` }));
    });
    expectWholeOrError(read, 1_000, ["SESSION_RECREATED"]);
  },

  "deltas of a session deleted or re-created are an error or whole": async ({ store, app }) => {
    for (const again of [false, true]) {
      const key = keyOf(app, `again-${again}`);
      const session = await sessionWithEvents(store, key, 600, (seq) => eventOf({ set: { n: String(seq) } }));
      const range = { key, uid: session.uid, afterSeq: 0, throughSeq: 600, maxRows: 1_000 };
      let seen = 0;
      const reading = (async () => {
        for await (const chunk of store.readStateDeltas(range)) {
          if (seen === 0) {
            await store.deleteSession(deleteInput(key));
            if (again) await createSession(store, createInput(key));
          }
          seen += chunk.length;
        }
      })();
      const reason = await reading.then(
        () => undefined,
        (error: { reason?: string }) => error.reason,
      );
      if (reason === undefined) expect(seen).toBe(600);
      else expect(reason).toBe(again ? "SESSION_RECREATED" : "SESSION_NOT_FOUND");
    }
  },

  "an aborted read fails with the signal's reason": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 10);
    const reason = new Error("gone");
    const reading = (async () => {
      for await (const _ of store.readEvents(rangeOf(session), AbortSignal.abort(reason))) {
        // Nothing comes.
      }
    })();
    await expect(reading).rejects.toBe(reason);
  },

  "events of many megabytes stream in pieces": async ({ store, app }) => {
    const content = JSON.stringify({ text: "x".repeat(1024 * 1024) });
    const session = await sessionWithEvents(store, keyOf(app), 0);
    for (let at = 0; at < 12; at++) await append(store, appendInput(session.key, [eventOf({ content })]));
    const sizes: number[] = [];
    const { uid } = session;
    for await (const chunk of store.readEvents(rangeOf({ ...session, uid, headSeq: 12 }))) {
      sizes.push(chunk.reduce((sum, event) => sum + event.message.length, 0));
      for (const event of chunk.map(decoded)) expect(event.content === content).toBe(true);
    }
    // Never much more than one event's worth beyond a chunk.
    expect(Math.max(...sizes)).toBeLessThan(4 * 1024 * 1024);
    await failsWith(
      readRange(store, rangeOf({ ...session, uid: "another", headSeq: 12 })),
      "SESSION_RECREATED",
    );
  },
} satisfies Cases;
