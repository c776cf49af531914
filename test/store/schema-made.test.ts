/** How tables are made: foreign keys, table options, by hand from a dry run, and by which users. */
import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { mysqlEngine } from "../../src/store/mysql/index.ts";
import { parseOwnerColumn } from "../../src/store/owner-column.ts";
import { DEFAULT_SCHEMA, type SchemaOptions } from "../../src/store/schema.ts";
import { parseTableOptions } from "../../src/store/table-options.ts";
import { databaseServer, serverEngines } from "../support/databases/index.ts";
import {
  appendInput,
  createInput,
  createSession,
  deleteInput,
  eventOf,
  keyOf,
  mustGet,
  refusesStart,
} from "./build.ts";
import type { StoreHarness, TestDatabase } from "./harness.ts";
import { options, query, serverHarness } from "./mysql/harness.ts";
import { sqliteHarness } from "./sqlite-harness.ts";

const harnesses: readonly StoreHarness[] = [
  sqliteHarness,
  ...serverEngines().map((kind) => serverHarness(kind)),
];
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function makeDatabase(harness: StoreHarness): Promise<TestDatabase> {
  const database = await harness.makeDatabase();
  cleanups.push(() => database.cleanup());
  return database;
}

async function openStore(harness: StoreHarness, { url }: TestDatabase, schema: SchemaOptions) {
  const store = await harness.engine.open(url, { ...harness.options, schema });
  cleanups.push(() => store.close());
  return store;
}

describe.each(harnesses)("$name: tables", (harness) => {
  const migrate = ({ url }: TestDatabase, schema: SchemaOptions, dryRun = false) =>
    harness.engine.migrate(url, { ...harness.options, schema, dryRun });

  test("without foreign keys a delete leaves nothing either", async () => {
    const database = await makeDatabase(harness);
    const schema = { ...DEFAULT_SCHEMA, foreignKeys: false };
    const report = await migrate(database, schema);
    expect(report.steps.flatMap((step) => step.sql).join("\n")).not.toContain("FOREIGN KEY");
    const store = await openStore(harness, database, schema);
    await createSession(store, createInput(keyOf("app")));
    await store.append([appendInput(keyOf("app"), [eventOf({ set: { a: "1" } })])]);
    expect(await store.deleteSession(deleteInput(keyOf("app")))).toBe(true);
    for (const table of ["adk_events", "adk_session_states", "adk_session_changes"]) {
      expect(await database.execute(`SELECT 1 FROM ${table}`), table).toEqual([]);
    }
  });

  test("what a dry run prints makes, by hand, what migrate makes", async () => {
    const database = await makeDatabase(harness);
    await database.execute("CREATE TABLE tenants (id INTEGER NOT NULL PRIMARY KEY)");
    await database.execute("INSERT INTO tenants (id) VALUES (42)");
    const schema: SchemaOptions = {
      ...DEFAULT_SCHEMA,
      tablePrefix: "hand_",
      ownerColumn: parseOwnerColumn("tenant_id INTEGER NOT NULL REFERENCES tenants(id) ON DELETE CASCADE"),
    };
    const { steps } = await migrate(database, schema, true);
    for (const sql of steps.flatMap((step) => step.sql)) await database.execute(sql);
    expect((await migrate(database, schema)).steps).toEqual([]);
    const store = await openStore(harness, database, schema);
    await createSession(store, createInput(keyOf("app"), { ownerId: "42" }));
    expect(await mustGet(store, keyOf("app"))).toMatchObject({ ownerId: "42" });
  });

  test("options of tables are the engine's own, or refused", async () => {
    const database = await makeDatabase(harness);
    const tableOptions = { events: parseTableOptions("row_format=COMPRESSED STATS_PERSISTENT=1") };
    const schema = { ...DEFAULT_SCHEMA, tableOptions };
    if (harness === sqliteHarness)
      return void (await refusesStart(migrate(database, schema), /--table-options/));
    await migrate(database, schema);
    const rows = await database.execute(
      "SELECT table_name AS name, LOWER(row_format) AS format, LOWER(create_options) AS options " +
        "FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
    );
    const formats = new Map(rows.map((row) => [row["name"], row]));
    expect(formats.get("adk_events")).toMatchObject({ format: "compressed" });
    expect(String(formats.get("adk_events")?.["options"])).toContain("stats_persistent=1");
    expect(formats.get("adk_sessions")).toMatchObject({ format: "dynamic" });
  });
});

describe.each(serverEngines())("%s: users", (kind) => {
  /** What docs/mysql-schema.md says that each user needs. */
  const SERVING = "SELECT, INSERT, UPDATE, DELETE";
  const MIGRATING = `${SERVING}, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW`;

  /** A database with a user of each kind. */
  async function makeUsers() {
    const server = await databaseServer(kind);
    const { url, name, drop } = await server.createDatabase();
    cleanups.push(drop);
    const made = async (rights: string) => {
      const user = `u${randomBytes(6).toString("hex")}`;
      const password = randomBytes(12).toString("hex");
      await query(server.adminUrl, `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`);
      cleanups.push(() => query(server.adminUrl, `DROP USER '${user}'@'%'`));
      await query(server.adminUrl, `GRANT ${rights} ON \`${name}\`.* TO '${user}'@'%'`);
      const account = new URL(url);
      account.username = user;
      account.password = password;
      return account.href;
    };
    return { url, serving: await made(SERVING), migrating: await made(MIGRATING) };
  }

  test("one migrates, another one serves with no right to change tables", async () => {
    const { url, serving, migrating } = await makeUsers();
    await query(url, "CREATE TABLE tenants (id INTEGER NOT NULL PRIMARY KEY)");
    await query(url, "INSERT INTO tenants (id) VALUES (42)");
    const schema: SchemaOptions = {
      ...DEFAULT_SCHEMA,
      ownerColumn: parseOwnerColumn("tenant_id INTEGER NOT NULL REFERENCES tenants(id) ON DELETE CASCADE"),
    };
    const through = { ...options, schema };
    await refusesStart(
      mysqlEngine.migrate(serving, { ...through, dryRun: false }),
      /may not do what sessiond needs/,
    );
    await mysqlEngine.migrate(migrating, { ...through, dryRun: false });
    // A start that finds nothing to do needs no more rights than serving.
    expect((await mysqlEngine.migrate(serving, { ...through, dryRun: false })).steps).toEqual([]);
    const store = await mysqlEngine.open(serving, through);
    cleanups.push(() => store.close());
    const key = keyOf("app");
    await createSession(store, createInput(key, { ownerId: "42", labels: new Map([["a", "b"]]) }));
    const [outcome] = await store.append([
      appendInput(key, [eventOf({ set: { a: "1", "user:b": "2", "app:c": "3" } })]),
    ]);
    expect(outcome?.ok).toBe(true);
    expect(await mustGet(store, key)).toMatchObject({ ownerId: "42", headSeq: 1 });
    expect(await query(serving, "SELECT state FROM adk_sessions_view")).toHaveLength(1);
    expect(await store.deleteSession(deleteInput(key))).toBe(true);
    await expect(query(serving, "ALTER TABLE adk_events ADD COLUMN x INT")).rejects.toThrow(/denied/);
  });

  test("a serving user that lacks a right is told so at start", async () => {
    const { migrating, url } = await makeUsers();
    await mysqlEngine.migrate(migrating, { ...options, dryRun: false });
    const server = await databaseServer(kind);
    const user = decodeURIComponent(new URL(migrating).username);
    const database = new URL(url).pathname.slice(1);
    await query(server.adminUrl, `REVOKE DELETE ON \`${database}\`.* FROM '${user}'@'%'`);
    await refusesStart(mysqlEngine.open(migrating, options), /may not do what sessiond needs/);
  });
});
