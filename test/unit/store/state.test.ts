import { expect, test } from "vitest";
import { EMPTY_DELTA, isEmptyDelta, mergeState, splitDelta } from "../../../src/store/state.ts";

test("a delta is split by prefix, and temp: keys are dropped", () => {
  const set = new Map([
    ["own", "1"],
    ["user:a", "2"],
    ["app:b", "3"],
    ["temp:c", "4"],
    ["User:d", "5"],
    ["user:", "6"],
    ["app:user:e", "7"],
    ["temp", "8"],
  ]);
  expect(splitDelta(set, ["x", "user:x", "app:x", "temp:x", "x"])).toEqual({
    session: {
      set: new Map([
        ["own", "1"],
        ["User:d", "5"],
        ["temp", "8"],
      ]),
      remove: ["x"],
    },
    user: {
      set: new Map([
        ["a", "2"],
        ["", "6"],
      ]),
      remove: ["x"],
    },
    app: {
      set: new Map([
        ["b", "3"],
        ["user:e", "7"],
      ]),
      remove: ["x"],
    },
  });
  expect(splitDelta([["temp:x", "1"]], ["temp:y"])).toEqual(EMPTY_DELTA);
});

test("merged state puts prefixes back", () => {
  const merged = mergeState(new Map([["a", "1"]]), new Map([["a", "2"]]), new Map([["a", "3"]]));
  expect(merged).toEqual(
    new Map([
      ["a", "1"],
      ["user:a", "2"],
      ["app:a", "3"],
    ]),
  );
});

test("a delta that only removes is not empty", () => {
  expect(isEmptyDelta({ set: new Map(), remove: [] })).toBe(true);
  expect(isEmptyDelta({ set: new Map(), remove: [""] })).toBe(false);
  expect(isEmptyDelta({ set: new Map([["", "null"]]), remove: [] })).toBe(false);
});
