import { describe, expect, test } from "vitest";
import { type EventMark, keyText, planAppends, type SessionHead } from "../../../src/store/append-plan.ts";
import type { AppendInput, NewEvent, SessionKey } from "../../../src/store/store.ts";
import { appendInput, eventOf, keyOf, NOW } from "../../store/build.ts";

const LIMITS = { maxEventBytes: 1_000_000, maxAppendBytes: 2_000_000 };

function headOf(key: SessionKey, more: Partial<SessionHead> = {}): SessionHead {
  return {
    key,
    uid: "uid",
    revision: 11,
    headSeq: 7,
    eventCount: 7,
    eventBytes: 700,
    createMicros: NOW - 100,
    updateMicros: NOW - 50,
    lastEventTime: 1,
    ...more,
  };
}

function markOf(event: NewEvent, seq: number): EventMark {
  return {
    id: event.id,
    timestamp: event.timestamp,
    seq,
    revision: seq + 1,
    createMicros: NOW - 60,
    digest: event.digest,
  };
}

function plan(
  group: readonly AppendInput[],
  heads: readonly SessionHead[] = [],
  marks: [SessionKey, EventMark[]][] = [],
) {
  return planAppends(
    group,
    new Map(heads.map((head) => [keyText(head.key), head])),
    new Map(marks.map(([key, list]) => [keyText(key), new Map(list.map((mark) => [mark.id, mark]))])),
    LIMITS,
  );
}

const reasons = (outcomes: ReturnType<typeof plan>["outcomes"]) =>
  outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.error.reason));

describe("keyText", () => {
  test("tells keys apart whose parts run into each other", () => {
    const keys = [
      keyOf("a", "c", "b"),
      keyOf("ab", "c", ""),
      keyOf("a", "", "bc"),
      keyOf('a","b', "c", ""),
      keyOf("a", 'c"', "b"),
      keyOf("a,b", "c", "b"),
    ];
    expect(new Set(keys.map(keyText)).size).toBe(keys.length);
  });
});

describe("planAppends", () => {
  const key = keyOf("app");

  test("an empty group plans nothing", () => {
    expect(plan([])).toEqual({
      outcomes: [],
      created: [],
      advanced: [],
      events: [],
      sessionState: [],
      userState: [],
      appState: [],
    });
  });

  test("events go on after the head", () => {
    const events = [eventOf({ timestamp: 5 }), eventOf({ timestamp: -0 })];
    const planned = plan([appendInput(key, events)], [headOf(key)]);
    expect(planned.outcomes).toEqual([
      {
        ok: true,
        uid: "uid",
        headSeq: 9,
        events: [
          { id: events[0]?.id, timestamp: 5, seq: 8, revision: 12, createMicros: NOW },
          { id: events[1]?.id, timestamp: -0, seq: 9, revision: 13, createMicros: NOW },
        ],
        repeated: false,
      },
    ]);
    expect(planned.created).toEqual([]);
    expect(planned.advanced).toEqual([
      headOf(key, {
        revision: 13,
        headSeq: 9,
        eventCount: 9,
        eventBytes: 700 + events.reduce((sum, event) => sum + event.bytes, 0),
        updateMicros: NOW,
        lastEventTime: -0,
      }),
    ]);
    expect(planned.events.map(({ seq, revision, appendEndSeq }) => [seq, revision, appendEndSeq])).toEqual([
      [8, 12, 9],
      [9, 13, 9],
    ]);
  });

  test("the update time does not go backwards", () => {
    const planned = plan([appendInput(key, [eventOf()], { nowMicros: NOW - 1_000 })], [headOf(key)]);
    expect(planned.advanced[0]?.updateMicros).toBe(NOW - 50);
    expect(planned.events[0]?.createMicros).toBe(NOW - 50);
  });

  test("a session is made once, and advanced by what follows", () => {
    const planned = plan([
      appendInput(key, [eventOf()], { createUid: "one", createOwnerId: "first" }),
      appendInput(key, [eventOf(), eventOf()], { createUid: "two", createOwnerId: "second" }),
    ]);
    expect(planned.created).toMatchObject([
      {
        ownerId: "first",
        head: { uid: "one", revision: 4, headSeq: 3, eventCount: 3, createMicros: NOW },
      },
    ]);
    expect(planned.advanced).toEqual([]);
    expect(planned.events.map((event) => event.seq)).toEqual([1, 2, 3]);
  });

  test("a failed append does not make its session", () => {
    const expected = { uid: undefined, revision: 5 };
    const planned = plan([appendInput(key, [eventOf()], { createUid: "one", expected })]);
    expect(reasons(planned.outcomes)).toEqual(["STALE_SESSION"]);
    expect(planned.created).toEqual([]);
    expect(planned.events).toEqual([]);
  });

  test("a repeated append is answered before its revision is looked at, but after its uid", () => {
    const event = eventOf();
    const marks: [SessionKey, EventMark[]][] = [[key, [markOf(event, 3)]]];
    const again = (expected: AppendInput["expected"]) =>
      plan([appendInput(key, [event], { expected })], [headOf(key)], marks);
    const answered = again({ uid: "uid", revision: 3 });
    expect(answered.outcomes).toEqual([
      {
        ok: true,
        uid: "uid",
        headSeq: 7,
        events: [{ id: event.id, timestamp: event.timestamp, seq: 3, revision: 4, createMicros: NOW - 60 }],
        repeated: true,
      },
    ]);
    expect([...answered.advanced, ...answered.events]).toEqual([]);
    expect(reasons(again({ uid: "namesake", revision: undefined }).outcomes)).toEqual(["STALE_SESSION"]);
  });

  test("a digest that differs in one byte is a conflict", () => {
    const event = eventOf();
    const digest = Uint8Array.from(event.digest);
    digest[31] = (digest[31] ?? 0) ^ 1;
    const planned = plan(
      [appendInput(key, [event])],
      [headOf(key)],
      [[key, [{ ...markOf(event, 3), digest }]]],
    );
    expect(planned.outcomes).toMatchObject([
      { ok: false, error: { reason: "EVENT_ID_CONFLICT", facts: { event_id: event.id, seq: "3" } } },
    ]);
  });

  test("a part of a batch that is known is a conflict, a whole one is not", () => {
    const [a, b] = [eventOf(), eventOf()];
    const heads = [headOf(key)];
    const marks: [SessionKey, EventMark[]][] = [[key, [markOf(a, 2), markOf(b, 3)]]];
    expect(reasons(plan([appendInput(key, [a, b])], heads, marks).outcomes)).toEqual(["ok"]);
    expect(reasons(plan([appendInput(key, [a, b, eventOf()])], heads, marks).outcomes)).toEqual([
      "BATCH_PARTLY_STORED",
    ]);
    expect(reasons(plan([appendInput(key, [eventOf(), b])], heads, marks).outcomes)).toEqual([
      "BATCH_PARTLY_STORED",
    ]);
  });

  test("marks of one session say nothing of another", () => {
    const event = eventOf();
    const other = keyOf("app", "other");
    const planned = plan([appendInput(other, [event])], [headOf(other)], [[key, [markOf(event, 3)]]]);
    expect(planned.events).toHaveLength(1);
  });

  test("limits hold for an event and for a batch, to the byte", () => {
    const sized = (bytes: number) => ({ ...eventOf(), bytes });
    const outcome = (...sizes: number[]) =>
      reasons(plan([appendInput(key, sizes.map(sized))], [headOf(key)]).outcomes)[0];
    expect(outcome(1_000_000)).toBe("ok");
    expect(outcome(1_000_001)).toBe("TOO_LARGE");
    expect(outcome(1_000_000, 1_000_000)).toBe("ok");
    expect(outcome(1_000_000, 1_000_000, 1)).toBe("TOO_LARGE");
  });

  test("state is merged to the group's last word per scope and key", () => {
    const other = keyOf("app", "other");
    const theirs = keyOf("app", "s", "they");
    const planned = plan(
      [
        appendInput(key, [
          eventOf({ set: { a: "1", b: "1", "user:u": "1", "app:x": "1" } }),
          eventOf({ remove: ["a"] }),
        ]),
        appendInput(other, [eventOf({ set: { a: "2", "user:u": "2" }, remove: ["app:x"] })]),
        appendInput(theirs, [eventOf({ set: { "user:u": "3" } })]),
        appendInput(key, [eventOf({ set: { a: "3" }, remove: ["b", "user:u"] })]),
        appendInput(keyOf("app", "missing"), [eventOf({ set: { "app:x": "9", "user:u": "9" } })]),
      ],
      [headOf(key), headOf(other), headOf(theirs)],
    );
    expect(reasons(planned.outcomes)).toEqual(["ok", "ok", "ok", "ok", "SESSION_NOT_FOUND"]);
    expect(planned.sessionState).toEqual([
      {
        key,
        writes: new Map([
          ["a", "3"],
          ["b", undefined],
        ]),
      },
      { key: other, writes: new Map([["a", "2"]]) },
    ]);
    expect(planned.userState).toEqual([
      { appName: "app", userId: "u", writes: new Map([["u", undefined]]) },
      { appName: "app", userId: "they", writes: new Map([["u", "3"]]) },
    ]);
    expect(planned.appState).toEqual([{ appName: "app", writes: new Map([["x", undefined]]) }]);
  });

  test("events without state write none", () => {
    const planned = plan([appendInput(key, [eventOf()])], [headOf(key)]);
    expect([planned.sessionState, planned.userState, planned.appState]).toEqual([[], [], []]);
  });
});
