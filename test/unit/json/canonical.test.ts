import { describe, expect, test } from "vitest";
import { CANONICAL_HASH_BYTES, canonicalHash, canonicalJson } from "../../../src/json/canonical.ts";
import { Random } from "../../store/random.ts";

/** Texts of one value each. */
const VALUES: readonly (readonly string[])[] = [
  ["0", "-0", "0.0", "-0.0", "0e0", "0e999999999", "0E-5", "0.000"],
  ["1", "1.0", "1e0", "1E+0", "10e-1", "0.1e1", "1.000000000000000000000000"],
  ["-1", "-1.0", "-10e-1"],
  ["100", "1e2", "1E+2", "1.00e2", "1000e-1"],
  ["0.1", "1e-1", "0.10", "100e-3"],
  ["9007199254740993", "9007199254740993.0", "9.007199254740993e15"],
  ["9007199254740992", "9007199254740992.0"],
  ["9223372036854775807"],
  ["9223372036854775808", "9223372036854775808.000", "922337203685477580800e-2"],
  ["0.1000000000000000055511151231257827"],
  ["0.1000000000000000055511151231257828"],
  ["1e400", "10e399", "1E+400", "0.1e401"],
  ["1e401"],
  ["-1e400"],
  ["1e-400", "10e-401"],
  ["null", " null ", "\n\tnull"],
  ["true"],
  ["false"],
  ['"1"', '"\\u0031"'],
  ['""'],
  ['"\\u00e9"', '"\u00e9"', '"\\u00E9"'],
  ['"e\u0301"'],
  ['"\\ud83d\\ude00"', '"\u{1f600}"'],
  ['"\\ud83d"'],
  ['"\\ude00"'],
  ['"/"', '"\\/"'],
  ['"\\u0000"'],
  ['"1e5 9007199254740993"'],
  ["[]", "[ ]"],
  ["{}", "{ }"],
  ["[1,2]", "[1.0, 20e-1]"],
  ["[2,1]"],
  ["[[1],2]"],
  [
    '{"a":1,"b":2}',
    '{"b":2,"a":1}',
    ' { "b" : 2.0 , "a" : 1 } ',
    '{"a":5,"b":2,"a":1}',
    '{"\\u0061":1,"b":2}',
  ],
  ['{"a":2,"b":1}'],
  ['{"a":1}'],
  ['{"a":"1"}'],
  ['{"a":null}'],
  ['{"10":1,"9":1,"":1}', '{"":1,"9":1,"10":1}'],
  ['{"__proto__":1}'],
  ['{"__proto__":{"a":1}}'],
  ['{"a":{"b":[{"c":1.50}]}}', '{"a":{"b":[{"c":15e-1}]}}'],
];

describe("canonicalHash", () => {
  test.each(VALUES.map((texts) => [texts]))("%j are one value", (texts) => {
    expect(new Set(texts.map(canonicalJson)).size).toBe(1);
    expect(new Set(texts.map((text) => Buffer.from(canonicalHash(text)).toString("hex"))).size).toBe(1);
  });

  test("other values have other hashes", () => {
    const forms = VALUES.map(([text = ""]) => Buffer.from(canonicalHash(text)).toString("hex"));
    expect(new Set(forms).size).toBe(VALUES.length);
    expect(forms[0]).toHaveLength(CANONICAL_HASH_BYTES * 2);
  });

  test.each(["", "nul", "01", "1.", ".5", "+1", "[1,]", "{a:1}", '"', "1 2", "NaN", '"\n"'])(
    "%j is no JSON",
    (text) => {
      expect(() => canonicalHash(text)).toThrow(SyntaxError);
    },
  );

  test("long numbers cost no more than they are long", () => {
    const start = performance.now();
    const zeros = "0".repeat(1_000_000);
    expect(canonicalJson(`1${zeros}1`)).not.toBe(canonicalJson(`1${zeros}2`));
    expect(canonicalJson(`1${zeros}`)).toBe("1e1000000");
    expect(canonicalJson(`0.${zeros}1`)).toBe("1e-1000001");
    expect(canonicalJson(`1e${"9".repeat(1_000_000)}`)).not.toBe(canonicalJson(`2e${"9".repeat(1_000_000)}`));
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test("spelling a value anew does not change it", () => {
    const random = new Random(7);
    for (let round = 0; round < 2_000; round++) {
      const text = random.json();
      expect(canonicalJson(` ${text}\n`)).toBe(canonicalJson(text));
      // A parse and print keeps everything but numbers that no double holds.
      if (!/\d{16}|[eE]/.test(text))
        expect(canonicalJson(JSON.stringify(JSON.parse(text)))).toBe(canonicalJson(text));
    }
  });
});
