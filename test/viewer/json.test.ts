import { describe, expect, test } from "vitest";
import { JsonNumber, numberField, parseJson, prettyJson } from "../../viewer/src/model/json.ts";
import { writeJson } from "../../viewer/src/model/json-writer.ts";

describe("JSON for showing", () => {
  test.each(["9007199254740993", "1.0", "-0.0", "1e400", "123456789012345678901234567890"])(
    "keeps the number %s as it was written",
    (source) => {
      const value = parseJson(`{"n":${source}}`);
      expect(value).toEqual({ n: new JsonNumber(source) });
      expect(writeJson(value ?? null)).toBe(`{"n":${source}}`);
      expect(prettyJson(`{"n":${source}}`)).toBe(`{\n  "n": ${source}\n}`);
    },
  );

  test("reads what is no JSON as nothing", () => {
    expect(parseJson("")).toBeUndefined();
    expect(parseJson("{")).toBeUndefined();
  });

  test("reads a number only where there is one", () => {
    const value = parseJson('{"a":"1","b":2.5}');
    expect([numberField(value, "a"), numberField(value, "b"), numberField(value, "c")]).toEqual([
      undefined,
      2.5,
      undefined,
    ]);
  });

  test("indents every token unchanged", () => {
    const text = '{"a":[1,{"b":"x,{}:\\" y"}],"e":[],"o":{},"u":"\\ud800"}';
    const pretty = prettyJson(text);
    expect(
      pretty
        .split("\n")
        .map((line) => line.trim())
        .join("")
        .replaceAll('": ', '":'),
    ).toBe(text);
    expect(pretty).toContain('\n    {\n      "b": "x,{}:\\" y"\n    }\n');
    expect(pretty).toContain('"e": []');
  });

  test("gives other text as it is, and stops where nobody reads on", () => {
    expect(prettyJson('not "json')).toBe('not "json');
    expect(prettyJson(`[${"1,".repeat(10_000)}1]`, 500).length).toBeLessThan(700);
  });

  test("takes a megabyte of text in its stride", () => {
    const text = JSON.stringify({ text: "x".repeat(1_000_000) });
    expect(prettyJson(text)).toHaveLength(text.length + 5);
  });
});
