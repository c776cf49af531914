/** Indexes over state keys: no value stops a write, lists answer as without, and SQL sees values by type. */
import { afterEach, describe, expect, test } from "vitest";
import { canonicalHash } from "../../src/json/canonical.ts";
import type { EngineOptions } from "../../src/store/engine.ts";
import type { Finding } from "../../src/store/finding.ts";
import { DEFAULT_SCHEMA, type SchemaOptions } from "../../src/store/schema.ts";
import { STATE_INDEX_TYPES, type StateIndexes, type StateIndexType } from "../../src/store/state-index.ts";
import type { Store } from "../../src/store/store.ts";
import { serverEngines } from "../support/databases/index.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deleteInput,
  deltaOf,
  eventOf,
  keyOf,
  listInput,
  mustGet,
  refusesStart,
  updateInput,
} from "./build.ts";
import type { StoreHarness, TestDatabase } from "./harness.ts";
import { serverHarness } from "./mysql/harness.ts";
import { sqliteHarness } from "./sqlite-harness.ts";

const APP = "app";
/** Types as columns' values, in the order of STATE_INDEX_TYPES; undefined where engines differ. */
type Typed = readonly [
  text: string | null,
  integer: string | null,
  number: number | null,
  boolean: 0 | 1 | null,
];
const NONE: Typed = [null, null, null, null];
const integer = (value: number | string): Typed => [null, String(value), Number(value), null];
const number = (value: number): Typed => [null, null, value, null];
const text = (value: string): Typed => [value, null, null, null];
const bool = (value: 0 | 1): Typed => [null, null, null, value];

/** Odd values, and what an index has of them. */
const VALUES: readonly (readonly [json: string, typed: Typed | "differs"])[] = [
  ["1", integer(1)],
  ["1.0", integer(1)],
  ["1e0", integer(1)],
  ["1E+3", integer(1000)],
  ["100e-2", integer(1)],
  [" 7\n", integer(7)],
  ["-0", integer(0)],
  ["-0.0", integer(0)],
  ["1.5", number(1.5)],
  ["0.1", number(0.1)],
  ["9007199254740993", [null, "9007199254740993", 9007199254740992, null]],
  ["9223372036854775807", [null, "9223372036854775807", 2 ** 63, null]],
  ["9223372036854775808", number(2 ** 63)],
  ["123456789012345678901234567890", number(Number("123456789012345678901234567890"))],
  ["1e22", number(1e22)],
  ["1e308", "differs"],
  ["1e400", NONE],
  ["-1e99999999999999999999", NONE],
  ["1e-400", "differs"],
  ["4.9e-324", "differs"],
  ["0e99999999999", "differs"],
  ["1".repeat(70), NONE],
  [`0.${"1".repeat(100_000)}`, NONE],
  ["true", bool(1)],
  ["false", bool(0)],
  ["null", NONE],
  ["[1]", NONE],
  ['{"a":1}', NONE],
  [`${"[".repeat(120)}${"]".repeat(120)}`, NONE],
  ['"a"', text("a")],
  ['"A"', text("A")],
  ['"a "', text("a ")],
  ['""', text("")],
  ['"1"', text("1")],
  ['"true"', text("true")],
  [' "q" ', text("q")],
  ['"\\u00e9"', text("\u00e9")],
  ['"\u00e9"', text("\u00e9")],
  ['"\\ud83d\\ude00"', text("\u{1f600}")],
  ['"\u{1f600}"', text("\u{1f600}")],
  ['"\\ud800"', NONE],
  ['"\\udc00\\ud800"', NONE],
  ['"a\\u0000b"', text("a\0b")],
  ['"\\/\\"\\\\\\n\\t\\b\\f\\r\'"', text("/\"\\\n\t\b\f\r'")],
  [`"${"x".repeat(191)}"`, text("x".repeat(191))],
  [`"${"\\ud83d\\ude00".repeat(191)}"`, text("\u{1f600}".repeat(191))],
  [`"${"x".repeat(192)}"`, NONE],
  [`"${"x".repeat(1 << 20)}"`, NONE],
  [`"${"\\u00e9".repeat(3_000)}"`, NONE],
];

const harnesses: readonly StoreHarness[] = [
  sqliteHarness,
  ...serverEngines().map((kind) => serverHarness(kind)),
];

describe.each(harnesses)("$name: indexes over state keys", (harness) => {
  const open: Store[] = [];
  const databases: TestDatabase[] = [];
  const { options } = harness;
  const indexes = harness.engine.stateIndexes as StateIndexes<EngineOptions>;

  afterEach(async () => {
    await Promise.all(open.splice(0).map((store) => store.close()));
    await Promise.all(databases.splice(0).map((database) => database.cleanup()));
  });

  async function migrated(schema: SchemaOptions = DEFAULT_SCHEMA): Promise<TestDatabase> {
    const database = await harness.makeDatabase();
    databases.push(database);
    await harness.engine.migrate(database.url, { ...options, schema, dryRun: false });
    return database;
  }

  async function opened({ url }: TestDatabase, schema: SchemaOptions = DEFAULT_SCHEMA): Promise<Store> {
    const store = await harness.engine.open(url, { ...options, schema });
    open.push(store);
    return store;
  }

  const add = ({ url }: TestDatabase, stateKey: string, type: StateIndexType, dryRun = false) =>
    indexes.add(url, { ...options, stateKey, type, dryRun });
  const drop = ({ url }: TestDatabase, stateKey: string, dryRun = false) =>
    indexes.drop(url, { ...options, stateKey, dryRun });

  /** A key for each type, all with the same value. */
  const keyFor = (type: StateIndexType) => `as ${type}`;
  const stateOf = (json: string) =>
    deltaOf(Object.fromEntries([...STATE_INDEX_TYPES.map(keyFor), "other"].map((key) => [key, json])));
  const sessionOf = (at: number) => keyOf(APP, `s${String(at).padStart(3, "0")}`, `u${at % 3}`);
  const addAll = async (database: TestDatabase) => {
    const added = [];
    for (const type of STATE_INDEX_TYPES) added.push(await add(database, keyFor(type), type));
    return added;
  };

  async function fill(store: Store): Promise<void> {
    for (const [at, [json]] of VALUES.entries()) {
      await createSession(store, createInput(sessionOf(at), { delta: stateOf(json) }));
    }
  }

  /** Who has which value, by every filter that the values make. */
  async function answers(store: Store): Promise<string[]> {
    const lines: string[] = [];
    for (const [json] of VALUES) {
      for (const type of STATE_INDEX_TYPES) {
        const stateEquals = new Map([[keyFor(type), canonicalHash(json)]]);
        const found = await store.listSessions(listInput(APP, { stateEquals, descending: true }));
        lines.push(`${json.slice(0, 40)} ${type} ${found.map(({ key }) => key.sessionId).join(" ")}`);
      }
    }
    return lines;
  }

  async function expectTyped(database: TestDatabase, columns: readonly string[]): Promise<void> {
    const [asText, asInteger, asNumber, asBoolean] = columns;
    const rows = await database.execute(
      `SELECT session_id, MAX(${asText}) AS a, CAST(MAX(${asInteger}) AS CHAR) AS b, MAX(${asNumber}) AS c, ` +
        `MAX(${asBoolean}) AS d FROM adk_session_states WHERE app_name = '${APP}' GROUP BY session_id ORDER BY session_id`,
    );
    expect(rows).toHaveLength(VALUES.length);
    for (const [at, [json, typed]] of VALUES.entries()) {
      if (typed === "differs") continue;
      const { a, b, c, d } = rows[at] ?? {};
      expect([a, b, c === null ? null : Number(c) + 0, d], json.slice(0, 60)).toEqual(typed);
    }
  }

  test("every value is written and read, over rows that are there and by every way to write", async () => {
    const database = await migrated();
    const store = await opened(database);
    await fill(store);
    const without = await answers(store);
    const columns = (await addAll(database)).map(({ column }) => column);
    await expectTyped(database, columns);
    const after = await opened(database);
    expect(await answers(after)).toEqual(without);
    // The other way round: each session gets another value by an append, is made anew, is replaced.
    for (const [at, [json]] of VALUES.entries()) {
      const key = sessionOf(at);
      const next = VALUES[(at + 1) % VALUES.length]?.[0] ?? "";
      const set = Object.fromEntries([...STATE_INDEX_TYPES.map(keyFor), "other"].map((name) => [name, next]));
      await append(after, appendInput(key, [eventOf({ set })]));
      expect((await mustGet(after, key)).state?.get(keyFor("text"))).toBe(next);
      if (at % 2 === 0) {
        await after.deleteSession(deleteInput(key));
        await createSession(after, createInput(key, { delta: stateOf(json) }));
      } else {
        const state = new Map(STATE_INDEX_TYPES.map((type) => [keyFor(type), json]));
        await after.updateSession(updateInput(key, { state: { kind: "replace", state } }));
      }
      expect((await mustGet(after, key)).state?.get(keyFor("number"))).toBe(json);
    }
    await expectTyped(database, columns);
    expect(await answers(after)).toEqual(without);
  }, 60_000);

  test("rows that go with their session do not disturb later writes", async () => {
    const database = await migrated();
    const store = await opened(database);
    await addAll(database);
    await fill(store);
    // As an owner's cascade or retention by SQL does it.
    await database.execute("DELETE FROM adk_sessions WHERE user_id = 'u0'");
    const left = VALUES.map((_, at) => sessionOf(at)).filter(({ userId }) => userId !== "u0");
    const events = left.map((key) =>
      appendInput(key, [
        eventOf({ set: Object.fromEntries(STATE_INDEX_TYPES.map((type) => [keyFor(type), '"now"'])) }),
      ]),
    );
    for (const outcome of await store.append(events)) expect(outcome).toMatchObject({ ok: true });
    const stateEquals = new Map([[keyFor("text"), canonicalHash('"now"')]]);
    const another = await opened(database);
    expect(await another.listSessions(listInput(APP, { stateEquals }))).toHaveLength(left.length);
    for (const type of STATE_INDEX_TYPES) await drop(database, keyFor(type));
    expect(await another.listSessions(listInput(APP, { stateEquals }))).toHaveLength(left.length);
  });

  test("pages, orders and further filters through an index are those without it", async () => {
    const database = await migrated();
    const store = await opened(database);
    const made = [];
    for (let at = 0; at < 40; at++) {
      const input = createInput(keyOf(APP, `s${at}`, `u${at % 4}`), {
        nowMicros: 1_000_000 + (at % 7),
        ownerId: at % 2 === 0 ? "even" : "odd",
        labels: new Map([["l", String(at % 3)]]),
        delta: deltaOf({ topic: at % 5 === 0 ? '"b"' : '"a"', step: String(at % 2), "user:x": "1" }),
      });
      made.push(await createSession(store, input));
    }
    const topic = canonicalHash('"a"');
    const variants = (["updateMicros", "createMicros"] as const).flatMap((orderBy) =>
      [true, false].flatMap((descending) =>
        [
          {},
          { scope: { appName: APP, userId: "u1" } },
          { ownerId: "odd", labels: new Map([["l", "1"]]) },
          {
            includeState: true,
            stateEquals: new Map([
              ["topic", topic],
              ["step", canonicalHash("1.0")],
            ]),
          },
          { after: { micros: 1_000_003, userId: "u2", sessionId: "s2" }, limit: 7 },
        ].map((more) =>
          listInput(APP, { orderBy, descending, stateEquals: new Map([["topic", topic]]), ...more }),
        ),
      ),
    );
    const ask = async (from: Store) => {
      const all = [];
      for (const input of variants) all.push(await from.listSessions(input));
      return all;
    };
    const without = await ask(store);
    expect(without.flat().length).toBeGreaterThan(100);
    await add(database, "topic", "text");
    await add(database, "step", "integer");
    expect(await ask(await opened(database))).toEqual(without);
  });

  test("lists go on when an index comes and goes", async () => {
    const database = await migrated();
    const store = await opened(database);
    await createSession(store, createInput(keyOf(APP), { delta: deltaOf({ k: "1" }) }));
    const stateEquals = new Map([["k", canonicalHash("1")]]);
    const found = async () => (await store.listSessions(listInput(APP, { stateEquals }))).length;
    expect(await found()).toBe(1);
    await add(database, "k", "integer");
    expect(await found()).toBe(1);
    const another = await opened(database);
    expect(await another.listSessions(listInput(APP, { stateEquals }))).toHaveLength(1);
    await drop(database, "k");
    expect(await found()).toBe(1);
    expect(await another.listSessions(listInput(APP, { stateEquals }))).toHaveLength(1);
    await add(database, "k", "text");
    expect(await another.listSessions(listInput(APP, { stateEquals }))).toHaveLength(1);
  });

  test("list tells of rows and types; the doctor knows them; drop leaves nothing", async () => {
    const database = await migrated();
    const store = await opened(database);
    const columns = async () =>
      (await database.execute("SELECT * FROM adk_session_states LIMIT 1")).map((row) => Object.keys(row));
    expect(await indexes.list(database.url, options)).toEqual([]);
    const values = ["1", "2", '"x"', "null"];
    for (const [at, json] of values.entries()) {
      await createSession(
        store,
        createInput(keyOf(APP, `s${at}`), { delta: deltaOf({ n: json, "It's/*": json }) }),
      );
    }
    const before = await columns();
    const { sql, table } = await add(database, "n", "integer");
    expect(table).toBe("adk_session_states");
    expect(sql.join("\n")).toContain("hash_n");
    const odd = await add(database, "It's/*", "text");
    expect(odd.column).toMatch(/^state_it_s_[0-9a-f]{8}$/);
    expect(await indexes.list(database.url, options)).toEqual([
      { stateKey: "It's/*", type: "text", column: odd.column, hashColumn: odd.hashColumn, rows: 4, typed: 1 },
      { stateKey: "n", type: "integer", column: "state_n", hashColumn: "hash_n", rows: 4, typed: 2 },
    ]);
    const findings: Finding[] = [];
    for await (const finding of harness.engine.doctor(database.url, options)) findings.push(finding);
    expect(findings.filter(({ level }) => level === "fail")).toEqual([]);
    expect(findings.find(({ check }) => check === "state_indexes")).toMatchObject({
      level: "ok",
      found: `"It's/*" as text, "n" as integer`,
    });
    // Migrations and a start bear them.
    expect((await harness.engine.migrate(database.url, { ...options, dryRun: false })).steps).toEqual([]);
    await opened(database);
    await drop(database, "n");
    await drop(database, "It's/*");
    expect(await indexes.list(database.url, options)).toEqual([]);
    expect(await columns()).toEqual(before);
  });

  test("what cannot be is refused, and nothing is changed", async () => {
    const database = await migrated();
    await add(database, "n", "integer");
    await refusesStart(add(database, "n", "integer"), /"n" has an index as integer already\.$/);
    await refusesStart(add(database, "n", "text"), /already\. Drop it first: sessiond index drop --state n/);
    await refusesStart(drop(database, "m"), /"m" has no index\. Those that have one: "n"\./);
    for (const [key, why] of [
      ["user:n", /share/],
      ["app:n", /share/],
      ["temp:n", /never stored/],
      ["", /no key/],
      ["a\0b", /no key/],
      ["\ud800", /no key/],
      ["k".repeat(129), /129 bytes/],
    ] as const) {
      await refusesStart(add(database, key, "text"), why);
    }
    await database.execute("ALTER TABLE adk_session_states ADD COLUMN state_mine INTEGER");
    await refusesStart(add(database, "mine", "integer"), /such a column or index/);
    expect((await indexes.list(database.url, options)).map(({ stateKey }) => stateKey)).toEqual(["n"]);
    const empty = await harness.makeDatabase();
    databases.push(empty);
    await refusesStart(add(empty, "n", "integer"), /sessiond migrate/);
  });

  test("a dry run tells the SQL, which a person may run", async () => {
    const database = await migrated();
    const key = "d'ry \\ \u{1f600} adk_sessions /* ? */";
    const { sql } = await add(database, key, "text", true);
    expect(await indexes.list(database.url, options)).toEqual([]);
    for (const statement of sql) await database.execute(statement);
    expect(await indexes.list(database.url, options)).toMatchObject([{ stateKey: key, type: "text" }]);
    const store = await opened(database);
    await createSession(store, createInput(keyOf(APP), { delta: deltaOf({ [key]: '"v"' }) }));
    expect(await indexes.list(database.url, options)).toMatchObject([{ rows: 1, typed: 1 }]);
    const gone = await drop(database, key, true);
    expect(await indexes.list(database.url, options)).toHaveLength(1);
    for (const statement of gone.sql) await database.execute(statement);
    expect(await indexes.list(database.url, options)).toEqual([]);
  });

  test("tables of other names have them, each installation its own", async () => {
    const schema = { ...DEFAULT_SCHEMA, tablePrefix: "blue_", tableNames: { session_states: "my_states" } };
    const database = await migrated(schema);
    await harness.engine.migrate(database.url, { ...options, dryRun: false });
    const store = await opened(database, schema);
    await createSession(store, createInput(keyOf(APP), { delta: deltaOf({ adk_sessions: '"v"' }) }));
    const made = await indexes.add(database.url, {
      ...options,
      schema,
      stateKey: "adk_sessions",
      type: "text",
      dryRun: false,
    });
    expect(made.table).toBe("my_states");
    expect(made.sql.join("\n")).not.toContain("adk_session_states");
    expect(await database.execute("SELECT state_adk_sessions FROM my_states")).toEqual([
      { state_adk_sessions: "v" },
    ]);
    const stateEquals = new Map([["adk_sessions", canonicalHash('"v"')]]);
    expect(await (await opened(database, schema)).listSessions(listInput(APP, { stateEquals }))).toHaveLength(
      1,
    );
    expect(await indexes.list(database.url, { ...options, schema })).toHaveLength(1);
    expect(await indexes.list(database.url, options)).toEqual([]);
  });
});
