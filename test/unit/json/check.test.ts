import { describe, expect, test } from "vitest";
import { checkJson, depthOf, isEngineJson } from "../../../src/json/check.ts";
import { Random } from "../../store/random.ts";

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("checkJson", () => {
  test.each([
    ["null", null],
    ["1.0", 1],
    [' {"a":[1,"b"]} ', { a: [1, "b"] }],
    ['"\\ud800"', "\ud800"],
    ['"\\u0000"', "\0"],
  ])("%j is taken", (text, value) => {
    expect(checkJson(text, 10)).toEqual({ ok: true, value });
  });

  test.each([
    "",
    " ",
    "{",
    "[1,]",
    "{'a':1}",
    "NaN",
    "Infinity",
    "undefined",
    "01",
    '"\t"',
    '{"a":1}}',
    "\ufeff1",
  ])("%j is refused", (text) => {
    expect(checkJson(text, 10)).toEqual({ ok: false, problem: "syntax" });
  });

  test("a raw lone surrogate is refused, wherever it is", () => {
    expect(checkJson('"\ud800"', 10)).toEqual({ ok: false, problem: "lone surrogate" });
    expect(checkJson('{"\udc00":1}', 10)).toEqual({ ok: false, problem: "lone surrogate" });
    expect(checkJson('"\ud83d\ude00"', 10)).toMatchObject({ ok: true });
  });

  test("the depth may reach the limit and no more", () => {
    expect(checkJson(nested(200), 200)).toMatchObject({ ok: true });
    expect(checkJson(nested(201), 200)).toEqual({ ok: false, problem: "too deep" });
    expect(checkJson("1", 0)).toMatchObject({ ok: true });
    expect(checkJson("[]", 0)).toEqual({ ok: false, problem: "too deep" });
    // Far too deep for a parser that recurses.
    expect(checkJson(nested(2_000_000), 200)).toEqual({ ok: false, problem: "too deep" });
  });
});

describe("depthOf", () => {
  test.each([
    ["1", 0],
    ["[]", 1],
    ['{"a":[{"b":1}]}', 3],
    ["[[],[[]]]", 3],
    ['"[[["', 0],
    ['["[[[", {"{{":"}}"}]', 2],
    ['"\\"[["', 0],
    ['"\\\\"', 0],
    ['["\\\\", []]', 2],
    ['["\\\\\\"[[[["]', 1],
    ['"[[', 0],
    ['["\\', 1],
    ["]]]", 0],
  ])("%s has %i levels", (text, depth) => {
    expect(depthOf(text)).toBe(depth);
  });

  test("as a parse finds it", () => {
    const depth = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
    const random = new Random(3);
    for (let round = 0; round < 1_000; round++) {
      const text = random.json(5);
      // A repeated key hides what was before it.
      const unique = JSON.stringify(JSON.parse(text));
      expect(depthOf(unique)).toBe(depth(JSON.parse(text)));
    }
  });

  test("long runs of backslashes cost no more than they are long", () => {
    const start = performance.now();
    expect(depthOf(`["${"\\".repeat(2_000_000)}"]`)).toBe(1);
    expect(depthOf(`["${'\\"'.repeat(500_000)}"]`)).toBe(1);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe("isEngineJson", () => {
  test.each([
    "1",
    "1e308",
    "-1.7e308",
    "1e-999",
    "0e-999",
    '{"a":"0e999","b":1e200}',
    '"\\ud83d\\ude00"',
    '{"a":"\\u0000"}',
    `"${"1".repeat(400)}"`,
  ])("%j is shown", (text) => {
    expect(isEngineJson(text, 100)).toBe(true);
  });

  test.each([
    "1e309",
    "-1E+400",
    "0e309",
    '{"a":[-0.0E+99999999999]}',
    '{"a":[1e999]}',
    `1${"0".repeat(400)}`,
    '"\\ud800"',
    '"\\uDC00 x"',
    '["a", {"b":"\\ud83d"}]',
    '{"\\ud800":1}',
    nested(101),
  ])("%j is not", (text) => {
    expect(isEngineJson(text, 100)).toBe(false);
  });
});
