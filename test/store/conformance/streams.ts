import { expect } from "vitest";
import type { EventRange, HistoryOpening, SessionRecord, Store } from "../../../src/store/store.ts";
import type { StoredEvent } from "../../../src/store/stored-event.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deleteInput,
  deltaOf,
  eventOf,
  failsWith,
  keyOf,
  rangeOf,
  readRange,
  sessionWithEvents,
} from "../build.ts";
import { decoded, type EventRecord } from "../event-record.ts";
import type { Cases } from "../harness.ts";
import { Random } from "../random.ts";

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

async function collect(store: Store, range: EventRange): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const chunk of store.readEvents(range)) events.push(...chunk);
  return events;
}

/** An event whose bytes are compared whatever buffer they are part of. */
function plain({ message, ...place }: StoredEvent): object {
  return { ...place, message: Buffer.from(message).toString("latin1") };
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

  "a history opens with its session and its first events, as they are read later": async ({ store, app }) => {
    const key = keyOf(app);
    const random = new Random(24);
    const delta = deltaOf({ own: "1", "user:of": "2", "app:of": "3" });
    await createSession(store, createInput(key, { delta, labels: new Map([["a", "b"]]) }));
    const events = Array.from({ length: 100 }, (_, at) => ({
      ...eventOf({
        id: `e${at + 1}`,
        timestamp: at === 3 ? -0 : random.double(),
        content: JSON.stringify(random.text(20)),
        longRunningToolIds: at % 3 === 0 ? [random.text(5)] : undefined,
        partial: at % 2 === 0 ? undefined : at % 3 === 0,
        set: at % 5 === 0 ? { own: random.json() } : {},
      }),
      bytes: 10,
    }));
    await append(store, appendInput(key, events));
    await createSession(store, createInput(keyOf(app, "other")));
    const session = await store.getSession(key);
    if (session === undefined) throw new Error("the session is not there");
    const stored = await collect(store, rangeOf(session));
    const opening = { key, afterSeq: 0, newest: undefined, maxRows: 64, maxEventBytes: 10 };
    const opens = async (more: Partial<HistoryOpening>, from: number, to: number) => {
      const opened = await store.openHistory({ ...opening, ...more });
      expect(opened?.session).toEqual(session);
      expect(opened?.events.map(plain)).toEqual(stored.slice(from - 1, to).map(plain));
    };
    await opens({}, 1, 64);
    await opens({ maxRows: 1_000 }, 1, 100);
    await opens({ maxRows: 1 }, 1, 1);
    await opens({ maxRows: 0 }, 1, 0);
    await opens({ afterSeq: 90 }, 91, 100);
    await opens({ afterSeq: 20, maxRows: 3 }, 21, 23);
    await opens({ afterSeq: 100 }, 101, 100);
    await opens({ afterSeq: Number.MAX_SAFE_INTEGER }, 101, 100);
    await opens({ newest: 20 }, 81, 100);
    await opens({ newest: 80 }, 21, 84);
    await opens({ newest: 0 }, 101, 100);
    await opens({ newest: 1_000_000 }, 1, 64);
    await opens({ newest: 20, afterSeq: 95 }, 96, 100);
    await opens({ newest: 5, afterSeq: 20 }, 96, 100);
    await opens({ maxEventBytes: 9 }, 1, 0);
    expect(await store.openHistory({ ...opening, key: keyOf(app, "none") })).toBeUndefined();
    const empty = await store.openHistory({ ...opening, key: keyOf(app, "other") });
    expect([empty?.session.headSeq, empty?.events]).toEqual([0, []]);
  },

  "the events that a history opens with end before one that weighs too much": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 10, (seq) => ({
      ...eventOf({ id: `e${seq}` }),
      bytes: seq === 5 ? 101 : 100,
    }));
    const opening = { key: session.key, afterSeq: 0, newest: undefined, maxRows: 64, maxEventBytes: 100 };
    const seqs = async (more: Partial<HistoryOpening>) =>
      (await store.openHistory({ ...opening, ...more }))?.events.map(({ seq }) => seq);
    expect(await seqs({})).toEqual([1, 2, 3, 4]);
    expect(await seqs({ afterSeq: 4 })).toEqual([]);
    expect(await seqs({ newest: 5 })).toEqual([6, 7, 8, 9, 10]);
    expect(await seqs({ newest: 7 })).toEqual([4]);
  },

  "session, state and newest events of an opened history are of one snapshot": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key, { delta: deltaOf({ n: "0" }) }));
    let writing = true;
    const writer = (async () => {
      for (let n = 1; n <= 60; n++) {
        await append(store, appendInput(key, [eventOf({ set: { n: String(n) } })]));
      }
    })().finally(() => {
      writing = false;
    });
    const opening = { key, afterSeq: 0, newest: 3, maxRows: 64, maxEventBytes: 10_000 };
    while (writing) {
      const opened = await store.openHistory(opening);
      const head = opened?.session.headSeq ?? -1;
      expect(opened?.session.state?.get("n")).toBe(String(head));
      expect(opened?.events.map(({ seq }) => seq)).toEqual(
        [head - 2, head - 1, head].filter((seq) => seq > 0),
      );
    }
    await writer;
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
