import { describe, expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { schemaOptionsOf } from "../../../src/config/schema.ts";
import { configWith } from "../../../src/config.ts";
import { DEFAULT_SCHEMA, MAX_PREFIX, MAX_TABLE_NAME, Schema, TABLE_KEYS } from "../../../src/store/schema.ts";

const settings = (...args: string[]) => schemaOptionsOf(loadConfig(args, {}));

describe("Schema", () => {
  test("text stays as written where nothing is configured", () => {
    const sql = "SELECT adk_sessions.id FROM adk_sessions";
    expect(new Schema().sql(sql)).toBe(sql);
    expect(schemaOptionsOf(configWith())).toEqual(DEFAULT_SCHEMA);
  });

  test("names of tables, views, indexes and constraints follow", () => {
    const schema = new Schema(settings("--table-prefix", "x_", "--table-names", "sessions=mine"));
    expect(
      schema.sql("SELECT * FROM adk_sessions FORCE INDEX (adk_sessions_by_update), adk_session_states"),
    ).toBe("SELECT * FROM `mine` FORCE INDEX (`mine_by_update`), `x_session_states`");
    expect(schema.nameOf("adk_sessions_view")).toBe("mine_view");
    expect(schema.nameOf("adk_session_changes_session")).toBe("x_session_changes_session");
    expect(schema.templateOf("mine_view")).toBe("adk_sessions_view");
    expect(schema.templateOf("adk_sessions")).toBeUndefined();
    // A column that looks alike is none.
    expect(schema.sql("SELECT writer_adk_version FROM adk_events")).toBe(
      "SELECT writer_adk_version FROM `x_events`",
    );
  });

  test("the longest names leave room for their indexes", () => {
    const prefix = "p".repeat(MAX_PREFIX);
    const names = TABLE_KEYS.map((key) =>
      new Schema({ ...DEFAULT_SCHEMA, tablePrefix: prefix }).nameOf(`adk_${key}`),
    );
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(MAX_TABLE_NAME);
    expect(MAX_TABLE_NAME + "_by_user_create".length).toBeLessThanOrEqual(64);
  });
});

test.each([
  [["--table-prefix", "Big_"], /--table-prefix is made of lower-case/],
  [["--table-prefix", "a`b"], /lower-case/],
  [["--table-prefix", "1a"], /begins with no digit/],
  [["--table-prefix", "a".repeat(MAX_PREFIX + 1)], /at most/],
  [["--table-names", "things=a"], /TABLE is one of sessions, events/],
  [["--table-names", "sessions"], /TABLE=NAME where NAME/],
  [["--table-names", "sessions=a;b"], /lower-case/],
  [["--table-names", `sessions=${"a".repeat(MAX_TABLE_NAME + 1)}`], /at most/],
  [["--table-names", "sessions=a,sessions=b"], /sessions twice/],
  [["--table-names", "sessions=a,events=a"], /both be called a/],
  [["--table-names", "sessions=adk_events"], /both be called adk_events/],
  [["--table-names", "sessions=a,events=a_view"], /both be called a_view/],
  [["--table-names", "sessions=a,events=a_by_update"], /could be an index of a/],
])("%j is refused", (args, text) => {
  expect(() => settings(...args)).toThrow(text);
});
