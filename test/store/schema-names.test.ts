/** Configured names: every table, view, index and constraint follows, and installations share a database. */
import { afterEach, describe, expect, test } from "vitest";
import { SCHEMA_NAMES } from "../../src/store/migrations.ts";
import { DEFAULT_SCHEMA, Schema, type SchemaOptions } from "../../src/store/schema.ts";
import type { Store } from "../../src/store/store.ts";
import { serverEngines } from "../support/databases/index.ts";
import {
  appendInput,
  createInput,
  createSession,
  deltaOf,
  eventOf,
  keyOf,
  listInput,
  mustGet,
  refusesStart,
} from "./build.ts";
import { decoded } from "./event-record.ts";
import type { StoreHarness, TestDatabase } from "./harness.ts";
import { serverHarness } from "./mysql/harness.ts";
import { sqliteHarness } from "./sqlite-harness.ts";

const named = (tablePrefix: string, tableNames: Record<string, string> = {}): SchemaOptions => ({
  ...DEFAULT_SCHEMA,
  tablePrefix,
  tableNames,
});

/** A reserved word among them: names are quoted. */
const OWN_NAMES = named("agents_", {
  sessions: "my_sessions",
  events: "select",
  schema_versions: "my_versions",
});

const harnesses: readonly StoreHarness[] = [
  sqliteHarness,
  ...serverEngines().map((kind) => serverHarness(kind)),
];

describe.each(harnesses)("$name: names", (harness) => {
  const open: { close(): Promise<void> }[] = [];
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

  const migrate = (database: TestDatabase, schema: SchemaOptions, dryRun = false) =>
    harness.engine.migrate(database.url, { ...harness.options, schema, dryRun });

  async function openStore(database: TestDatabase, schema: SchemaOptions): Promise<Store> {
    await migrate(database, schema);
    const store = await harness.engine.open(database.url, { ...harness.options, schema });
    open.push(store);
    return store;
  }

  /** Everything that the store does, once; what it leaves is the session `kept`. */
  async function workWith(store: Store, owner: string): Promise<void> {
    const kept = keyOf("app", "kept");
    const gone = keyOf("app", "gone");
    await store.ping();
    for (const key of [kept, gone]) {
      const set = { a: "1", "user:b": "2", "app:c": "3" };
      await createSession(store, {
        ...createInput(key),
        ownerId: owner,
        labels: new Map([["l", "v"]]),
        delta: deltaOf(set),
      });
    }
    const events = [eventOf({ set: { adk_sessions: '"adk_sessions"' } }), eventOf()];
    const [outcome] = await store.append([appendInput(kept, events)]);
    expect(outcome).toMatchObject({ ok: true });
    await store.updateSession({
      key: kept,
      expected: { uid: undefined, revision: undefined },
      nowMicros: Date.now() * 1000,
      ownerId: undefined,
      displayName: "adk_events",
      labels: undefined,
      state: undefined,
      request: undefined,
    });
    const session = await mustGet(store, kept);
    expect(session).toMatchObject({ ownerId: owner, displayName: "adk_events", eventCount: 2 });
    // Values are not names, whatever they say.
    expect(session.state?.get("adk_sessions")).toBe('"adk_sessions"');
    expect(await store.listSessions(listInput("app"))).toHaveLength(2);
    const range = {
      key: kept,
      uid: session.uid,
      afterSeq: 0,
      throughSeq: 2,
      descending: false,
      afterTime: undefined,
    };
    const read: string[] = [];
    for await (const chunk of store.readEvents({ ...range, maxRows: 10, maxBytes: 1e6 })) {
      read.push(...chunk.map((event) => decoded(event).id));
    }
    expect(read).toEqual(events.map((event) => event.id));
    const expected = { uid: undefined, revision: undefined };
    expect(await store.deleteSession({ key: gone, expected, nowMicros: 0, request: undefined })).toBe(true);
    expect(await store.listApps(undefined, 10)).toEqual(["app"]);
    expect(await store.listUsers("app", undefined, 10)).toEqual([kept.userId]);
    expect(await store.listChanges(kept, 2)).toHaveLength(2);
  }

  test("everything has the configured names and works", async () => {
    const database = await makeDatabase();
    const store = await openStore(database, OWN_NAMES);
    await workWith(store, "owner");
    const schema = new Schema(OWN_NAMES);
    for (const template of SCHEMA_NAMES) {
      await database.execute(`SELECT 1 FROM \`${schema.nameOf(template)}\``);
      await expect(database.execute(`SELECT 1 FROM ${template}`), template).rejects.toThrow();
    }
    const [row] = await database.execute("SELECT display_name, state FROM my_sessions_view");
    expect(row).toMatchObject({ display_name: "adk_events" });
    expect(JSON.parse(String(row?.["state"]))).toEqual({ a: 1, adk_sessions: "adk_sessions" });
    expect(await database.execute("SELECT seq FROM select_view")).toHaveLength(2);
  });

  test("no name of the template is left in what migrate runs", async () => {
    const report = await migrate(await makeDatabase(), OWN_NAMES, true);
    const sql = report.steps.flatMap((step) => step.sql).join("\n");
    expect(sql).not.toMatch(/\badk_/);
    expect(sql).toContain("`my_sessions_by_update`");
    const [, constraint] = /CONSTRAINT (`\w+`) FOREIGN KEY/.exec(sql) ?? [];
    if (constraint !== undefined) expect(constraint).toBe("`select_session`");
  });

  test("installations with names of their own share a database", async () => {
    const database = await makeDatabase();
    const schemas = [DEFAULT_SCHEMA, named("blue_"), named("green_", { sessions: "greens" })];
    for (const [at, schema] of schemas.entries())
      await workWith(await openStore(database, schema), `owner ${at}`);
    for (const [at, store] of (open as Store[]).entries()) {
      expect(await mustGet(store, keyOf("app", "kept"))).toMatchObject({ ownerId: `owner ${at}` });
    }
    // Each is at the newest version for itself.
    for (const schema of schemas) expect((await migrate(database, schema)).steps).toEqual([]);
  });

  test("tables of those names that others made are left alone", async () => {
    const database = await makeDatabase();
    await database.execute("CREATE TABLE my_sessions (id VARCHAR(128) PRIMARY KEY)");
    await database.execute("CREATE TABLE adk_sessions (id VARCHAR(128) PRIMARY KEY)");
    await refusesStart(migrate(database, OWN_NAMES), /has my_sessions, which sessiond did not make/);
    await refusesStart(
      harness.engine.open(database.url, { ...harness.options, schema: OWN_NAMES }),
      /my_sessions/,
    );
    await database.execute("DROP TABLE my_sessions");
    // That of the template's name is nobody's business here.
    expect((await migrate(database, OWN_NAMES)).steps.length).toBeGreaterThan(0);
    await database.execute(
      harness === sqliteHarness ? "DROP TABLE agents_requests" : "DROP TABLE `agents_requests`",
    );
    await refusesStart(migrate(database, OWN_NAMES), /agents_requests is missing/);
  });
});
