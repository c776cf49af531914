import { describe, expect, test } from "vitest";
import { StartError } from "../../../src/store/errors.ts";
import { commentOf, parseComment, STATE_INDEX_TYPES, stateIndexOf } from "../../../src/store/state-index.ts";

const KEYS = [
  "topic",
  "key",
  "Topic",
  "a b",
  "it's",
  "a/b */ c",
  'q"\\',
  "\u{1f600}",
  "\n",
  "k".repeat(128),
  "adk_sessions",
];

describe("names of an index over a state key", () => {
  test("are the key's where that is a word", () => {
    expect(stateIndexOf("order_id2", "text")).toMatchObject({
      column: "state_order_id2",
      hashColumn: "hash_order_id2",
    });
  });

  test("differ for keys that differ, are names to every server, and no column of the table", () => {
    const columns = KEYS.flatMap((key) => {
      const { column, hashColumn } = stateIndexOf(key, "text");
      return [column, hashColumn];
    });
    expect(new Set(columns).size).toBe(columns.length);
    for (const column of columns) {
      expect(column).toMatch(/^(state|hash)_[a-z0-9_]{1,50}$/);
      expect(["state_key", "value_hash"]).not.toContain(column);
    }
  });

  test.each(["user:a", "app:a", "temp:a", "", "\0", "\udc00", "é".repeat(65)])("%j has none", (key) => {
    expect(() => stateIndexOf(key, "text")).toThrow(StartError);
  });
});

describe("the comment of an index", () => {
  test.each(KEYS)("tells the key %j and the type", (key) => {
    for (const type of STATE_INDEX_TYPES) {
      const index = stateIndexOf(key, type);
      const comment = commentOf(index);
      // MySQL takes 1,024 characters, its information schema no emoji, and SQLite's comment no end of one.
      expect(comment).toMatch(/^[ -~]{1,1024}$/);
      expect(comment).not.toContain("*/");
      expect(parseComment(`CREATE INDEX a /* ${comment} */ ON b (c)`)).toEqual(index);
    }
  });

  test.each([
    "",
    "microseconds since 1970, UTC",
    'sessiond index as date of "a"',
    'sessiond index as text of "',
  ])("%j is another's", (text) => expect(parseComment(text)).toBeUndefined());
});
