import { expect } from "vitest";
import type { EventPosition, EventRange, ListScopeEventsInput, Store } from "../../../src/store/store.ts";
import type { ScopeEvent } from "../../../src/store/stored-event.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  eventOf,
  failsWith,
  keyOf,
  mustGet,
  rangeOf,
  readRange,
  sessionWithEvents,
} from "../build.ts";
import type { Cases } from "../harness.ts";

const seqs = (events: readonly { readonly seq: number }[]): number[] => events.map((event) => event.seq);

const count = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

async function walkScope(store: Store, input: Omit<ListScopeEventsInput, "after">): Promise<ScopeEvent[]> {
  const all: ScopeEvent[] = [];
  let after: EventPosition | undefined;
  for (;;) {
    const page = await store.listScopeEvents({ ...input, after });
    const last = page.at(-1);
    if (last === undefined) return all;
    all.push(...page);
    after = { userId: last.key.userId, sessionId: last.key.sessionId, seq: last.seq };
  }
}

export const events = {
  "both ends of a range, both ways": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 20);
    const read = async (afterSeq: number, throughSeq: number, descending = false) =>
      seqs(await readRange(store, rangeOf(session, { afterSeq, throughSeq, descending })));
    expect(await read(0, 20)).toEqual(count(1, 20));
    expect(await read(5, 9)).toEqual([6, 7, 8, 9]);
    expect(await read(5, 9, true)).toEqual([9, 8, 7, 6]);
    expect(await read(5, 5)).toEqual([]);
    expect(await read(19, 9007199254740991)).toEqual([20]);
    expect(await read(18, 9007199254740991, true)).toEqual([20, 19]);
    expect(await read(20, 30)).toEqual([]);
    expect(await read(25, 30, true)).toEqual([]);
  },

  "a read ends at maxRows": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 200);
    const read = async (maxRows: number, descending = false) =>
      seqs(await readRange(store, rangeOf(session, { maxRows, descending })));
    expect(await read(1)).toEqual([1]);
    expect(await read(64)).toEqual(count(1, 64));
    expect(await read(65)).toEqual(count(1, 65));
    expect(await read(150)).toEqual(count(1, 150));
    expect(await read(130, true)).toEqual(count(71, 200).toReversed());
    expect(await read(200)).toHaveLength(200);
  },

  "a read ends before it would weigh more, and has at least one event": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 100, (seq) => ({
      ...eventOf({ id: `e${seq}` }),
      bytes: 10,
    }));
    const read = async (maxBytes: number, descending = false) =>
      seqs(await readRange(store, rangeOf(session, { maxBytes, descending })));
    expect(await read(1)).toEqual([1]);
    expect(await read(0, true)).toEqual([100]);
    expect(await read(19)).toEqual([1]);
    expect(await read(20)).toEqual([1, 2]);
    expect(await read(639)).toEqual(count(1, 63));
    expect(await read(640)).toEqual(count(1, 64));
    expect(await read(649)).toEqual(count(1, 64));
    expect(await read(705, true)).toEqual(count(31, 100).toReversed());
  },

  "a short read ends at maxBytes, and one of a session that weighs less does not": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 40, (seq) => ({
      ...eventOf({ id: `e${seq}` }),
      bytes: seq === 30 ? 1_000 : 10,
    }));
    const read = async (maxBytes: number, more: Partial<EventRange> = {}) =>
      seqs(await readRange(store, rangeOf(session, { maxBytes, maxRows: 20, ...more })));
    const last = { afterSeq: 20, throughSeq: 40, maxRows: 1_000 };
    for (const sessionBytes of [undefined, session.eventBytes]) {
      const newest = { ...last, sessionBytes };
      expect(await read(1e6, newest)).toEqual(count(21, 40));
      expect(await read(90, newest)).toEqual(count(21, 29));
      expect(await read(1_089, newest)).toEqual(count(21, 29));
      expect(await read(1_090, newest)).toEqual(count(21, 30));
      expect(await read(0, newest)).toEqual([21]);
      expect(await read(1_099, { ...newest, descending: true })).toEqual(count(31, 40).toReversed());
      expect(await read(1_100, { ...newest, descending: true })).toEqual(count(30, 40).toReversed());
      expect(await read(1, { ...newest, throughSeq: 30, descending: true })).toEqual([30]);
      expect(await read(45, { sessionBytes })).toEqual(count(1, 4));
      expect(await read(1e6, { sessionBytes })).toEqual(count(1, 20));
      expect(await read(1e6, { sessionBytes, descending: true })).toEqual(count(21, 40).toReversed());
    }
  },

  "a short read of the events since a time weighs those alone": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 100, (seq) => ({
      ...eventOf({ id: `e${seq}`, timestamp: seq % 2 === 0 ? 5 : 1 }),
      bytes: seq % 2 === 0 ? 10 : 1_000,
    }));
    const read = async (maxBytes: number, more: Partial<EventRange> = {}) =>
      seqs(
        await readRange(
          store,
          rangeOf(session, { afterTime: 5, maxBytes, afterSeq: 80, throughSeq: 90, ...more }),
        ),
      );
    expect(await read(1e6)).toEqual([82, 84, 86, 88, 90]);
    expect(await read(30)).toEqual([82, 84, 86]);
    expect(await read(30, { maxRows: 2 })).toEqual([82, 84]);
    expect(await read(30, { descending: true })).toEqual([90, 88, 86]);
    expect(await read(0)).toEqual([82]);
    expect(await read(0, { descending: true })).toEqual([90]);
    expect(await read(30, { afterSeq: 0, throughSeq: 100, maxRows: 4 })).toEqual([2, 4, 6]);
    expect(await read(30, { afterTime: 6 })).toEqual([]);
  },

  "a caller that goes on after the last event sees every event once": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 300);
    for (const [maxRows, maxBytes] of [
      [7, 1e9],
      [1000, 3_000],
      [64, 20_000],
    ] as const) {
      const forwards: number[] = [];
      for (let afterSeq = 0; afterSeq < session.headSeq; ) {
        const read = await readRange(store, rangeOf(session, { afterSeq, maxRows, maxBytes }));
        forwards.push(...seqs(read));
        afterSeq = read.at(-1)?.seq ?? Number.POSITIVE_INFINITY;
      }
      expect(forwards).toEqual(count(1, 300));
    }
  },

  "events by time, inclusive, in seq order": async ({ store, app }) => {
    const times = [5, 1, 5.000001, 3, -0, 7, 5];
    const session = await sessionWithEvents(store, keyOf(app), times.length, (seq) =>
      eventOf({ timestamp: times[seq - 1] ?? 0 }),
    );
    const read = async (afterTime: number, descending = false) =>
      seqs(await readRange(store, rangeOf(session, { afterTime, descending })));
    expect(await read(5)).toEqual([1, 3, 6, 7]);
    expect(await read(5.0000001)).toEqual([3, 6]);
    expect(await read(0)).toEqual(count(1, 7));
    expect(await read(8)).toEqual([]);
    expect(await read(4, true)).toEqual([7, 6, 3, 1]);
    expect(seqs(await readRange(store, rangeOf(session, { afterTime: 5, maxRows: 2 })))).toEqual([1, 3]);
  },

  "a filter that leaves almost everything out": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 1_000, (seq) =>
      eventOf({ timestamp: seq === 3 || seq === 990 ? 10 : 1 }),
    );
    expect(seqs(await readRange(store, rangeOf(session, { afterTime: 10 })))).toEqual([3, 990]);
    expect(seqs(await readRange(store, rangeOf(session, { afterTime: 10, descending: true })))).toEqual([
      990, 3,
    ]);
  },

  "where the newest n begin": async ({ store, app }) => {
    const session = await sessionWithEvents(store, keyOf(app), 10, (seq) => eventOf({ timestamp: seq % 3 }));
    const { key } = session;
    const before = (
      count: number,
      more: { afterSeq?: number; throughSeq?: number; afterTime?: number } = {},
    ) => store.seqBeforeNewest({ key, afterSeq: 0, throughSeq: 10, afterTime: -1e308, count, ...more });
    expect(await before(1)).toBe(9);
    expect(await before(4)).toBe(6);
    expect(await before(10)).toBe(0);
    expect(await before(11)).toBe(0);
    expect(await before(3, { afterSeq: 4, throughSeq: 8 })).toBe(5);
    expect(await before(9, { afterSeq: 4, throughSeq: 8 })).toBe(4);
    expect(await before(4, { afterSeq: 4, throughSeq: 8 })).toBe(4);
    // Times 1 2 0 1 2 0 1 2 0 1: of those with 2 or later, seqs 2, 5, 8.
    expect(await before(1, { afterTime: 2 })).toBe(7);
    expect(await before(2, { afterTime: 2 })).toBe(4);
    expect(await before(3, { afterTime: 2 })).toBe(0);
    expect(await before(1, { afterTime: 3 })).toBe(0);
    expect(await before(1, { afterTime: 3, afterSeq: 6 })).toBe(6);
  },

  "the events of a user and of an app, session after session": async ({ store, app }) => {
    const keys = [
      keyOf(app, "b", "u"),
      keyOf(app, "a", "u"),
      keyOf(app, "a", "t"),
      keyOf(app, "\u{10000}", "\uffff"),
    ];
    for (const key of keys) {
      await sessionWithEvents(store, key, 5, (seq) => ({ ...eventOf({ timestamp: seq }), bytes: 10 }));
    }
    await sessionWithEvents(store, keyOf(`${app}!`), 3);
    const all = { maxRows: 1_000, maxBytes: 1e9, afterTime: undefined };
    const place = (event: ScopeEvent) => `${event.key.userId}/${event.key.sessionId}/${event.seq}`;
    const expected = ["t/a", "u/a", "u/b", "\uffff/\u{10000}"].flatMap((session) =>
      count(1, 5).map((seq) => `${session}/${seq}`),
    );
    expect((await walkScope(store, { ...all, scope: { appName: app } })).map(place)).toEqual(expected);
    expect((await walkScope(store, { ...all, scope: { appName: app }, maxRows: 3 })).map(place)).toEqual(
      expected,
    );
    expect((await walkScope(store, { ...all, scope: { appName: app }, maxBytes: 45 })).map(place)).toEqual(
      expected,
    );
    expect((await walkScope(store, { ...all, scope: { appName: app }, maxBytes: 1 })).map(place)).toEqual(
      expected,
    );
    const mine = expected.filter((text) => text.startsWith("u/"));
    expect(
      (await walkScope(store, { ...all, scope: { appName: app, userId: "u" }, maxRows: 4 })).map(place),
    ).toEqual(mine);
    expect((await walkScope(store, { ...all, scope: { appName: app }, afterTime: 5 })).map(place)).toEqual(
      expected.filter((text) => text.endsWith("/5")),
    );
    const first = await store.listScopeEvents({
      ...all,
      scope: { appName: app },
      after: undefined,
      maxBytes: 45,
    });
    expect(first).toHaveLength(4);
  },

  "a read of a missing session or of a namesake is an error": async ({ store, app }) => {
    const key = keyOf(app);
    const range = { ...rangeOf(await createSession(store, createInput(key))), throughSeq: 10 };
    await failsWith(readRange(store, { ...range, key: keyOf(app, "missing") }), "SESSION_NOT_FOUND");
    await failsWith(readRange(store, { ...range, uid: "another" }), "SESSION_RECREATED");
    expect(await readRange(store, range)).toEqual([]);
  },

  "the session's own deltas without payloads": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    await append(
      store,
      appendInput(key, [
        eventOf({ set: { a: "1.0", "user:x": "1" }, remove: ["b"] }),
        eventOf(),
        eventOf({ set: { "user:x": "2", "app:y": "1" } }),
        eventOf({ remove: ["a"] }),
        eventOf({ set: { c: "null" } }),
      ]),
    );
    const session = await mustGet(store, key);
    const range = { key, uid: session.uid, afterSeq: 0, throughSeq: 5, maxRows: 100 };
    const read = async (more: Partial<typeof range> = {}) => {
      const deltas = [];
      for await (const chunk of store.readStateDeltas({ ...range, ...more })) deltas.push(...chunk);
      return deltas;
    };
    expect(await read()).toEqual([
      { seq: 1, revision: 2, delta: { set: new Map([["a", "1.0"]]), remove: ["b"] } },
      { seq: 4, revision: 5, delta: { set: new Map(), remove: ["a"] } },
      { seq: 5, revision: 6, delta: { set: new Map([["c", "null"]]), remove: [] } },
    ]);
    expect(seqs(await read({ afterSeq: 1, throughSeq: 4 }))).toEqual([4]);
    // Events without a delta do not use up the rows, or a caller would stop too early.
    expect(seqs(await read({ afterSeq: 1, maxRows: 1 }))).toEqual([4]);
    await failsWith(read({ uid: "another" }), "SESSION_RECREATED");
    await failsWith(read({ key: keyOf(app, "missing") }), "SESSION_NOT_FOUND");
  },
} satisfies Cases;
