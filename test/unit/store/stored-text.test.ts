import { expect, test } from "vitest";
import type { SessionRecord } from "../../../src/store/store.ts";
import {
  deltaFromJson,
  deltaToJson,
  eventDeltaFromColumns,
  eventDeltaToColumns,
  sessionFromAnswer,
  sessionToAnswer,
  textMapFromJson,
  textMapToJson,
} from "../../../src/store/stored-text.ts";
import { deltaOf, keyOf } from "../../store/build.ts";
import { Random } from "../../store/random.ts";

const ODD = new Map([
  ["__proto__", "1.0"],
  ["constructor", '"\\ud800"'],
  ["\ud800", "null"],
  ["", "-0.0"],
  ["a\0b", '"\\u0000"'],
  ["10", "9223372036854775808"],
]);

function session(more: Partial<SessionRecord>): SessionRecord {
  return {
    key: keyOf("app"),
    uid: "uid",
    revision: 2 ** 53 - 1,
    headSeq: 0,
    firstSeq: 1,
    eventCount: 0,
    eventBytes: 0,
    ownerId: "",
    displayName: "",
    labels: new Map(),
    createMicros: 1,
    updateMicros: 2,
    lastEventTime: 0,
    state: new Map(),
    ...more,
  };
}

test("maps of odd keys and texts come back", () => {
  expect(textMapFromJson(textMapToJson(ODD))).toEqual(ODD);
  expect(textMapFromJson(textMapToJson(new Map()))).toEqual(new Map());
});

test("deltas come back", () => {
  const scope = { set: ODD, remove: ["__proto__", "\0"] };
  const delta = { session: scope, user: { set: new Map(), remove: ["x"] }, app: deltaOf().app };
  expect(deltaFromJson(deltaToJson(delta))).toEqual(delta);
  expect(deltaFromJson(deltaToJson(deltaOf()))).toEqual(deltaOf());
});

test("an event's delta is NULL where there is none", () => {
  expect(eventDeltaToColumns(new Map(), [])).toEqual([null, null]);
  expect(eventDeltaFromColumns(null, null)).toEqual([new Map(), []]);
  expect(eventDeltaFromColumns(...eventDeltaToColumns(ODD, ["", "a\0"]))).toEqual([ODD, ["", "a\0"]]);
});

test("sessions come back, with exact times", () => {
  const random = new Random(11);
  const times = [
    0,
    -0,
    5e-324,
    1e300,
    -62_135_596_800,
    0.1,
    ...Array.from({ length: 200 }, () => random.double()),
  ];
  for (const lastEventTime of times) {
    const record = session({ lastEventTime });
    expect(sessionFromAnswer(sessionToAnswer(record, 1_000), undefined)).toEqual(record);
  }
  const full = session({ labels: ODD, state: ODD });
  expect(sessionFromAnswer(sessionToAnswer(full, 1_000), undefined)).toEqual(full);
});

test("a state that was not kept is that of now, or empty once its session is gone", () => {
  const state = new Map([["a", "1"]]);
  const kept = sessionToAnswer(session({ state }), 5);
  expect(kept.response_state).toBeNull();
  const now = session({ state: new Map([["a", "2"]]) });
  expect(sessionFromAnswer(kept, now).state).toEqual(now.state);
  expect(sessionFromAnswer(kept, { ...now, uid: "another" }).state).toEqual(new Map());
  expect(sessionFromAnswer(kept, undefined).state).toEqual(new Map());
});
