/** What reads cost in round trips to the server: each statement of theirs is one. */
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultLimits } from "../../../src/config/limits.ts";
import { readHistory } from "../../../src/reads/event-stream.ts";
import type { HistoryStart } from "../../../src/reads/history-start.ts";
import type { SessionKey } from "../../../src/store/store.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import {
  createInput,
  createSession,
  eventOf,
  keyOf,
  rangeOf,
  readRange,
  sessionWithEvents,
} from "../build.ts";
import { type ServerStore, serverStore } from "./harness.ts";
import { sentBy } from "./statements.ts";

/** Ranges that 300 events of the tests do not fit into, as they do not where events are large. */
const SMALL = { ...defaultLimits, readRangeBytes: 64 << 10 };

const WHOLE: HistoryStart = {
  cursor: undefined,
  afterSeq: undefined,
  afterTime: undefined,
  numRecentEvents: undefined,
};

describe.each(serverEngines())("%s: round trips of reads", (kind) => {
  let made: ServerStore;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
    await createSession(made.store, createInput(keyOf("first")));
  }, serverTimeout);

  afterAll(async () => {
    await made?.cleanup();
  });

  /** Reads a history to its end; how many statements it took, and the seqs that came. */
  async function reading(key: SessionKey, start: Partial<HistoryStart> = {}, limits = defaultLimits) {
    const seqs: number[] = [];
    const sent = await sentBy(async () => {
      const request = { key, uid: undefined, start: { ...WHOLE, ...start } };
      for await (const frame of readHistory(made.store, request, limits, new AbortController().signal)) {
        if (frame.kind === "events") seqs.push(...frame.events.map(({ seq }) => seq));
      }
    });
    return { trips: sent.length, seqs };
  }

  const to = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, at) => first + at);

  test("one for a session, and for a list", async () => {
    const key = keyOf("one");
    await sessionWithEvents(made.store, key, 3);
    expect(await sentBy(() => made.store.getSession(key))).toHaveLength(1);
    expect(await sentBy(() => made.store.getSessionRow(key))).toHaveLength(1);
  });

  test("one for a history of up to a frame, and for the newest events of any", async () => {
    const short = keyOf("short");
    const long = keyOf("long");
    const { uid, revision } = await sessionWithEvents(made.store, short, 64);
    await sessionWithEvents(made.store, long, 300, () =>
      eventOf({ content: JSON.stringify("x".repeat(500)) }),
    );
    expect(await reading(short)).toEqual({ trips: 1, seqs: to(64) });
    const cursor = { uid, seq: 60, revision, filter: undefined };
    expect(await reading(short, { cursor })).toEqual({ trips: 1, seqs: to(64, 61) });
    for (const limits of [defaultLimits, SMALL]) {
      expect(await reading(long, { numRecentEvents: 20 }, limits)).toEqual({ trips: 1, seqs: to(300, 281) });
      expect(await reading(long, { numRecentEvents: 0 }, limits)).toEqual({ trips: 1, seqs: [] });
      expect(await reading(long, { afterSeq: 290 }, limits)).toEqual({ trips: 1, seqs: to(300, 291) });
    }
  });

  test("a second for the rest of a history within a range; beyond it two for each range", async () => {
    const key = keyOf("rest");
    await sessionWithEvents(made.store, key, 300);
    expect(await reading(key)).toEqual({ trips: 2, seqs: to(300) });
    // 64 events, then 128 and 108, which are weighed first.
    expect(await reading(key, {}, SMALL)).toEqual({ trips: 5, seqs: to(300) });
  });

  test("a heavy event is left to a range of its own", async () => {
    const key = keyOf("heavy");
    const content = JSON.stringify("x".repeat(SMALL.readRangeBytes));
    await sessionWithEvents(made.store, key, 10, (seq) => eventOf(seq === 8 ? { content } : {}));
    expect((await reading(key, { numRecentEvents: 5 }, SMALL)).seqs).toEqual(to(10, 6));
    expect((await reading(key, {}, SMALL)).seqs).toEqual(to(10));
  });

  test("a short page of heavy events looks at no more than the page", async () => {
    const session = await sessionWithEvents(made.store, keyOf("pages"), 300);
    const connection = await mysql.createConnection(made.url);
    const looked = async () => {
      const [rows] = await connection.query("SHOW SESSION STATUS LIKE 'Handler_read%'");
      return (rows as { Value: string }[]).reduce((sum, { Value }) => sum + Number(Value), 0);
    };
    try {
      for (const descending of [false, true]) {
        const page = { descending, maxRows: 20, maxBytes: 1_000, sessionBytes: session.eventBytes };
        // A range may end beyond the head.
        for (const throughSeq of [session.headSeq, Number.MAX_SAFE_INTEGER]) {
          const range = rangeOf(session, { ...page, throughSeq });
          const sent = await sentBy(async () => {
            const seqs = (await readRange(made.store, range)).map(({ seq }) => seq);
            expect(seqs).toEqual((descending ? [300, 299, 298, 297] : [1, 2, 3, 4]).slice(0, seqs.length));
            expect(seqs.length).toBeGreaterThan(0);
          });
          // One for what they weigh, and one for the events.
          expect(sent).toHaveLength(2);
          const before = await looked();
          for (const { query, values } of sent) await connection.execute(query, [...values]);
          expect((await looked()) - before).toBeLessThan(200);
        }
      }
    } finally {
      connection.destroy();
    }
  });

  test("readers that leave early leave their connection to the next", async () => {
    const { store } = made;
    const session = await sessionWithEvents(store, keyOf("left"), 100);
    const lost = () => store.poolStats?.().reduce((sum, { closed }) => sum + closed.lost, 0) ?? Number.NaN;
    const before = lost();
    for (let round = 0; round < 20; round++) {
      for await (const _ of store.readEvents(rangeOf(session))) break;
      const controller = new AbortController();
      const reading = store.getSession(session.key, controller.signal);
      controller.abort(new Error("gone"));
      await reading.catch(() => undefined);
    }
    // One that takes long loses it, as any might on a machine that stands still.
    expect(lost() - before).toBeLessThan(10);
  });
});
