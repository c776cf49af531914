import { expect } from "vitest";
import { VERSIONS_TABLE } from "../../../src/store/migrations.ts";
import { createInput, createSession, deleteInput, keyOf, mustGet, refusesStart } from "../build.ts";
import type { CaseContext, Cases, TestDatabase } from "../harness.ts";

const NEW_STEP = `INSERT INTO ${VERSIONS_TABLE} (version, name, checksum, applied_at) VALUES (9000, 'later', 'x', 0)`;

function migrate({ harness }: CaseContext, database: TestDatabase, dryRun = false) {
  return harness.engine.migrate(database.url, { ...harness.options, dryRun });
}

export const migrations = {
  "an empty database is brought to the newest version, once": async (context) => {
    const database = await context.makeDatabase();
    const { engine, options } = context.harness;
    const told: number[] = [];
    const first = await engine.migrate(database.url, {
      ...options,
      dryRun: false,
      onStep: (step) => told.push(step.version),
    });
    expect(first.fromVersion).toBe(0);
    expect(first.steps.map((step) => step.version)).toEqual(told);
    expect(told.at(-1)).toBe(first.toVersion);
    const again = await migrate(context, database);
    expect(again).toEqual({ fromVersion: first.toVersion, toVersion: first.toVersion, steps: [] });
    const rows = await database.execute(`SELECT version, checksum FROM ${VERSIONS_TABLE} ORDER BY version`);
    expect(rows.map((row) => Number(row["version"]))).toEqual(told);
    for (const row of rows) expect(String(row["checksum"])).toMatch(/^[0-9a-f]{64}$/);
  },

  "a dry run tells the steps and touches nothing": async (context) => {
    const database = await context.makeDatabase();
    const dry = await migrate(context, database, true);
    expect(dry.fromVersion).toBe(0);
    expect(dry.steps.length).toBeGreaterThan(0);
    await refusesStart(context.harness.engine.open(database.url, context.harness.options), /migrate/);
    expect(await migrate(context, database)).toEqual(dry);
  },

  "servers that start at once migrate once": async (context) => {
    const database = await context.makeDatabase();
    const reports = await Promise.all(Array.from({ length: 4 }, () => migrate(context, database)));
    expect(reports.filter((report) => report.steps.length > 0)).toHaveLength(1);
    const store = await context.harness.engine.open(database.url, context.harness.options);
    await store.ping();
    await store.close();
  },

  "a store is found again after it was closed": async (context) => {
    const { engine, options } = context.harness;
    const database = await context.makeDatabase();
    await migrate(context, database);
    const first = await engine.open(database.url, options);
    const made = await createSession(first, createInput(keyOf("app")));
    await first.close();
    await migrate(context, database);
    const second = await engine.open(database.url, options);
    expect(await mustGet(second, keyOf("app"))).toEqual(made);
    await second.close();
  },

  "a database without our tables is refused by open": async (context) => {
    const database = await context.makeDatabase();
    const { engine, options } = context.harness;
    await refusesStart(engine.open(database.url, options), /migrate/);
  },

  "a newer schema is refused, and nothing is touched": async (context) => {
    const { engine, options } = context.harness;
    const database = await context.makeDatabase();
    await migrate(context, database);
    await database.execute(NEW_STEP);
    await refusesStart(migrate(context, database), /version 9000/);
    await refusesStart(migrate(context, database, true), /version 9000/);
    await refusesStart(engine.open(database.url, options), /version 9000/);
    const rows = await database.execute(`SELECT name FROM ${VERSIONS_TABLE} WHERE version = 9000`);
    expect(rows).toEqual([{ name: "later" }]);
  },

  "a schema with another checksum is refused": async (context) => {
    const { engine, options } = context.harness;
    const database = await context.makeDatabase();
    await migrate(context, database);
    await database.execute(`UPDATE ${VERSIONS_TABLE} SET checksum = 'edited' WHERE version = 1`);
    await refusesStart(migrate(context, database), /checksum/);
    await refusesStart(engine.open(database.url, options), /checksum/);
  },

  "a schema with a table missing is refused": async (context) => {
    const { engine, options } = context.harness;
    const database = await context.makeDatabase();
    await migrate(context, database);
    await database.execute("DROP TABLE adk_requests");
    await refusesStart(migrate(context, database), /adk_requests/);
    await refusesStart(engine.open(database.url, options), /adk_requests/);
  },

  "a database of the version before is brought up, with what it has": async (context) => {
    const { engine, options } = context.harness;
    const database = await context.makeDatabase();
    await migrate(context, database);
    await database.execute("DROP TABLE adk_session_tombstones");
    await database.execute(`DELETE FROM ${VERSIONS_TABLE} WHERE version > 1`);
    await database.execute(
      "INSERT INTO adk_sessions (app_name, user_id, id, uid, revision, head_seq, first_seq, event_count, event_bytes, " +
        "owner_id, display_name, create_time, update_time, last_event_time) " +
        "VALUES ('app', 'u', 's', 'before', 1, 0, 1, 0, 0, '', '', 5, 5, 0)",
    );
    await refusesStart(engine.open(database.url, options), /schema version 1; this sessiond needs version 2/);
    const report = await migrate(context, database);
    expect(report).toMatchObject({ fromVersion: 1, toVersion: 2 });
    expect(report.steps.map(({ version }) => version)).toEqual([2]);
    const store = await engine.open(database.url, options);
    try {
      const key = keyOf("app");
      expect(await mustGet(store, key)).toMatchObject({ uid: "before" });
      await store.deleteSession(deleteInput(key));
      const after = { micros: 0, uid: "" };
      const left = await store.listTombstones({ scope: { appName: "app" }, after, limit: 10 });
      expect(left).toMatchObject([{ key, uid: "before" }]);
    } finally {
      await store.close();
    }
  },

  "tables of our names that others made are left alone": async (context) => {
    const { engine, options } = context.harness;
    const foreign = [
      "CREATE TABLE adk_sessions (id VARCHAR(128) PRIMARY KEY, app_name VARCHAR(128), user_id VARCHAR(128))",
      "CREATE TABLE adk_app_states (app_name VARCHAR(128) PRIMARY KEY)",
      `CREATE TABLE ${VERSIONS_TABLE} (id VARCHAR(128) PRIMARY KEY)`,
    ];
    for (const table of foreign) {
      const database = await context.makeDatabase();
      await database.execute(table);
      const name = /TABLE (\w+)/.exec(table)?.[1] ?? "";
      await refusesStart(migrate(context, database), new RegExp(name));
      await refusesStart(migrate(context, database, true), new RegExp(name));
      await refusesStart(engine.open(database.url, options), new RegExp(name));
      // No table of ours came beside it.
      const other = name === "adk_sessions" ? "adk_events" : "adk_sessions";
      await expect(database.execute(`SELECT 1 FROM ${other}`)).rejects.toThrow();
      await database.execute(`DROP TABLE ${name}`);
      expect((await migrate(context, database)).steps.length).toBeGreaterThan(0);
    }
  },

  "tables of other names may share the database": async (context) => {
    const database = await context.makeDatabase();
    await database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY)");
    await database.execute("INSERT INTO users (id) VALUES (7)");
    await migrate(context, database);
    expect((await database.execute("SELECT id FROM users")).map((row) => Number(row["id"]))).toEqual([7]);
  },
} satisfies Cases;
