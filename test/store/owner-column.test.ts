/** The owner of a session in a column of the operator's own, with a reference to his table. */
import { afterEach, describe, expect, test } from "vitest";
import type { Finding } from "../../src/store/finding.ts";
import { parseOwnerColumn } from "../../src/store/owner-column.ts";
import { DEFAULT_SCHEMA, type SchemaOptions } from "../../src/store/schema.ts";
import type { Store } from "../../src/store/store.ts";
import { serverEngines } from "../support/databases/index.ts";
import {
  appendInput,
  createInput,
  createSession,
  eventOf,
  failsWith,
  keyOf,
  listInput,
  mark,
  mustGet,
  newId,
  refusesStart,
  sessionWithEvents,
  updateInput,
} from "./build.ts";
import type { StoreHarness, TestDatabase } from "./harness.ts";
import { serverHarness } from "./mysql/harness.ts";
import { sqliteHarness } from "./sqlite-harness.ts";

/** As the seeds' page of asyncpg has it. */
const SEED = "tenant_id INTEGER NOT NULL REFERENCES tenants(id) ON DELETE CASCADE";

const withOwner = (ddl: string, more: Partial<SchemaOptions> = {}): SchemaOptions => ({
  ...DEFAULT_SCHEMA,
  ...more,
  ownerColumn: parseOwnerColumn(ddl),
});

const harnesses: readonly StoreHarness[] = [
  sqliteHarness,
  ...serverEngines().map((kind) => serverHarness(kind)),
];

describe.each(harnesses)("$name: owner column", (harness) => {
  const open: Store[] = [];
  const databases: TestDatabase[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((store) => store.close()));
    await Promise.all(databases.splice(0).map((database) => database.cleanup()));
  });

  async function makeDatabase(): Promise<TestDatabase> {
    const database = await harness.makeDatabase();
    databases.push(database);
    return database;
  }

  async function makeTenants(...ids: number[]): Promise<TestDatabase> {
    const database = await makeDatabase();
    await database.execute("CREATE TABLE tenants (id INTEGER NOT NULL PRIMARY KEY)");
    for (const id of ids) await database.execute(`INSERT INTO tenants (id) VALUES (${id})`);
    return database;
  }

  async function openStore(database: TestDatabase, schema: SchemaOptions): Promise<Store> {
    const options = { ...harness.options, schema };
    await harness.engine.migrate(database.url, { ...options, dryRun: false });
    const store = await harness.engine.open(database.url, options);
    open.push(store);
    return store;
  }

  const create = (store: Store, id: string, ownerId: string, app = "app") =>
    createSession(store, createInput(keyOf(app, id), { ownerId }));

  test("is given at create, changed by updates, read back as text and filtered by", async () => {
    const database = await makeTenants(7, 42);
    const store = await openStore(database, withOwner(SEED));
    expect((await create(store, "a", "42")).ownerId).toBe("42");
    await create(store, "b", "7");
    expect((await mustGet(store, keyOf("app", "a"))).ownerId).toBe("42");
    const ids = async (ownerId: string) =>
      (await store.listSessions(listInput("app", { ownerId }))).map(({ key }) => key.sessionId);
    expect(await ids("42")).toEqual(["a"]);
    expect(await ids("7")).toEqual(["b"]);
    // By text: what is no owner of ours finds nothing.
    for (const other of ["042", "42.0", "x", ""]) expect(await ids(other)).toEqual([]);
    const changed = await store.updateSession(updateInput(keyOf("app", "a"), { ownerId: "7" }));
    expect(changed.ownerId).toBe("7");
    await store.updateSession(updateInput(keyOf("app", "a"), { displayName: "title" }));
    expect(await mustGet(store, keyOf("app", "a"))).toMatchObject({ ownerId: "7", displayName: "title" });
    const rows = await database.execute("SELECT tenant_id FROM adk_sessions ORDER BY id");
    expect(rows.map((row) => Number(row["tenant_id"]))).toEqual([7, 7]);
    expect(await database.execute("SELECT owner_id FROM adk_sessions_view WHERE id = 'b'")).toEqual([
      { owner_id: "7" },
    ]);
  });

  test("refuses what the column would not give back, is missing, or is not known", async () => {
    const store = await openStore(await makeTenants(1, 42), withOwner(SEED));
    for (const bad of ["042", "+42", "42.0", " 42", "4e1", "x", "2147483648", "99999999999999999999"]) {
      expect((await failsWith(create(store, "s", bad), "INVALID_OWNER")).message).toMatch(/whole number/);
    }
    expect((await failsWith(create(store, "s", ""), "INVALID_OWNER")).message).toMatch(/must be given/);
    expect((await failsWith(create(store, "s", "41"), "INVALID_OWNER")).message).toMatch(/must be known/);
    expect(await store.getSession(keyOf("app"))).toBeUndefined();
    await create(store, "s", "42");
    for (const bad of ["x", "", "41"]) {
      await failsWith(store.updateSession(updateInput(keyOf("app"), { ownerId: bad })), "INVALID_OWNER");
    }
    expect(await mustGet(store, keyOf("app"))).toMatchObject({ ownerId: "42", revision: 1 });
  });

  test("of a group that makes sessions only those with a bad owner fail", async () => {
    const store = await openStore(await makeTenants(42), withOwner(SEED));
    await create(store, "old", "42");
    const make = (id: string, createOwnerId: string) =>
      appendInput(keyOf("app", id), [eventOf()], { createUid: newId("uid"), createOwnerId });
    const outcomes = await store.append([
      make("a", "42"),
      make("b", "41"),
      make("c", ""),
      make("d", "x"),
      // It exists, so its owner is nobody's question.
      make("old", ""),
      appendInput(keyOf("app", "a"), [eventOf()]),
    ]);
    expect(outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.error.reason))).toEqual([
      "ok",
      "INVALID_OWNER",
      "INVALID_OWNER",
      "INVALID_OWNER",
      "ok",
      "ok",
    ]);
    expect(await mustGet(store, keyOf("app", "a"))).toMatchObject({ ownerId: "42", headSeq: 2 });
    expect(await mustGet(store, keyOf("app", "old"))).toMatchObject({ ownerId: "42", headSeq: 1 });
  });

  test("a retry gets its first answer though the owner has gone since", async () => {
    const database = await makeTenants(42);
    const store = await openStore(database, withOwner(SEED));
    const input = createInput(keyOf("app"), { ownerId: "42", request: mark("once") });
    const first = await createSession(store, input);
    await database.execute("UPDATE adk_sessions SET display_name = 'x'");
    expect(await createSession(store, input)).toEqual(first);
  });

  test("deleting the owner deletes its sessions and all that they have", async () => {
    const database = await makeTenants(1, 2);
    const store = await openStore(database, withOwner(SEED));
    for (const [id, owner] of [
      ["a", "1"],
      ["b", "2"],
    ] as const) {
      await create(store, id, owner);
      await store.append([appendInput(keyOf("app", id), [eventOf({ set: { k: "1" } })])]);
    }
    // SQLite heeds foreign keys only where a connection says so.
    const remove = harness === sqliteHarness ? removeInSqlite : (sql: string) => database.execute(sql);
    await remove("DELETE FROM tenants WHERE id = 1", database);
    expect(await store.getSession(keyOf("app", "a"))).toBeUndefined();
    for (const table of ["adk_events", "adk_session_states", "adk_session_changes"]) {
      const rows = await database.execute(`SELECT DISTINCT session_id FROM ${table}`);
      expect(rows, table).toEqual([{ session_id: "b" }]);
    }
  });

  test("texts that may be missing, under names of their own", async () => {
    const database = await makeDatabase();
    const schema = withOwner("`account` VARCHAR(8) COLLATE utf8mb4_unicode_ci", { tablePrefix: "own_" });
    const store = await openStore(database, schema);
    expect((await create(store, "none", "")).ownerId).toBe("");
    for (const owner of ["é😀 ", "a\u{1F600}b", "x'y\\z"]) {
      expect((await create(store, owner, owner)).ownerId).toBe(owner);
      expect(await store.listSessions(listInput("app", { ownerId: owner }))).toHaveLength(1);
    }
    // Exact, although the column is not.
    expect(await store.listSessions(listInput("app", { ownerId: "É😀 " }))).toHaveLength(0);
    await failsWith(create(store, "long", "123456789"), "INVALID_OWNER");
    await sessionWithEvents(store, keyOf("other"), 2);
    const cleared = await store.updateSession(updateInput(keyOf("app", "x'y\\z"), { ownerId: "" }));
    expect(cleared.ownerId).toBe("");
  });

  test("the doctor finds the tables as they should be", async () => {
    const database = await makeTenants(42);
    const schema = withOwner("tenant BIGINT UNSIGNED NOT NULL", { tablePrefix: "own_" });
    const store = await openStore(database, schema);
    await create(store, "s", "9223372036854775807");
    expect((await mustGet(store, keyOf("app"))).ownerId).toBe("9223372036854775807");
    const found = new Map<string, Finding>();
    for await (const finding of harness.engine.doctor(database.url, { ...harness.options, schema })) {
      found.set(finding.check, finding);
    }
    expect(found.get("schema")).toMatchObject({ level: "ok" });
  });

  test("start says what is wrong with the tables that are there", async () => {
    const options = harness.options;
    const { engine } = harness;
    const seed = withOwner(SEED);
    const empty = await makeDatabase();
    await refusesStart(
      engine.migrate(empty.url, { ...options, schema: seed, dryRun: false }),
      /refers to tenants\(id\)/,
    );
    await expect(empty.execute("SELECT 1 FROM adk_events")).rejects.toThrow();
    const database = await makeTenants();
    await openStore(database, seed);
    await refusesStart(engine.open(database.url, options), /give the same --owner-column/);
    const other = withOwner("account_id INTEGER");
    await refusesStart(engine.open(database.url, { ...options, schema: other }), /account_id/);
    const plain = await makeDatabase();
    await openStore(plain, DEFAULT_SCHEMA);
    await refusesStart(engine.open(plain.url, { ...options, schema: other }), /without an owner column/);
  });
});

async function removeInSqlite(sql: string, { url }: TestDatabase): Promise<void> {
  const { default: Database } = await import("better-sqlite3");
  const db = new Database(url.slice("sqlite:".length));
  db.pragma("foreign_keys = ON");
  db.exec(sql);
  db.close();
}
