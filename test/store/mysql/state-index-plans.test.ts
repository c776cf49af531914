/** How the servers use indexes over state keys, at 25,000 sessions, and how a running store comes to know them. */
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { canonicalHash } from "../../../src/json/canonical.ts";
import type { EngineOptions } from "../../../src/store/engine.ts";
import { mysqlEngine } from "../../../src/store/mysql/index.ts";
import { MOST_CANDIDATES, type StateIndexes } from "../../../src/store/state-index.ts";
import type { ListSessionsInput, Store } from "../../../src/store/store.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import { keyOf, listInput, mustGet } from "../build.ts";
import { fillSessions } from "./fill.ts";
import { options, query, type ServerStore, serverStore } from "./harness.ts";
import { type Sent, sentBy } from "./statements.ts";

const SESSIONS = 25_000;
/** Of each app; more than are read through an index. */
const OF_APP = SESSIONS / 10;

const indexes = mysqlEngine.stateIndexes as StateIndexes<EngineOptions>;

interface Step {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly rows: number | string;
}

const byTicket = (ticket: string, more: Partial<ListSessionsInput> = {}) =>
  listInput("app0", { stateEquals: new Map([["ticket", canonicalHash(JSON.stringify(ticket))]]), ...more });
const byStatus = listInput("app0", {
  stateEquals: new Map([["status", canonicalHash('"open"')]]),
  limit: 50,
  descending: true,
});

describe.each(serverEngines())("%s: plans with indexes over state keys", (kind) => {
  let made: ServerStore;
  let connection: mysql.Connection;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
    await fillSessions(made.url, SESSIONS);
    const values = {
      ticket: ["CONCAT('\"t', event_bytes % 500, '\"')", ""],
      status: ["'\"open\"'", " WHERE app_name = 'app0'"],
      priority: ["event_bytes", " WHERE app_name = 'app0'"],
    };
    for (const [key, [value, where]] of Object.entries(values)) {
      await query(
        made.url,
        "INSERT INTO adk_session_states (app_name, user_id, session_id, state_key, value, value_hash, is_json) " +
          `SELECT app_name, user_id, id, '${key}', ${value}, UNHEX(LEFT(SHA2(${value}, 256), 32)), 1 FROM adk_sessions${where}`,
      );
    }
    connection = await mysql.createConnection(made.url);
    await connection.query("SET explain_format = 'TRADITIONAL'").catch(() => {
      // Servers before MySQL 8.3, and MariaDB, have this format and no setting for it.
    });
  }, serverTimeout);

  afterAll(async () => {
    await connection?.end();
    await made?.cleanup();
  });

  async function stepsOf({ query: sql, values }: Sent): Promise<Step[]> {
    const [rows] = await connection.execute(`EXPLAIN ${sql}`, [...values]);
    return (rows as Step[]).filter(({ table }) => table !== null && !table.startsWith("<"));
  }

  const listing = async (store: Store, input: ListSessionsInput) =>
    (await sentBy(() => store.listSessions(input))).filter(({ query: sql }) => sql.startsWith("WITH page"));
  const add = (stateKey: string, type: "text" | "integer") =>
    indexes.add(made.url, { ...options, stateKey, type, dryRun: false });

  test("SQL, ListSessions, a server that runs", async () => {
    const { store } = made;
    const wanted = [
      byTicket("t0"),
      byTicket("t499", { scope: { appName: "app9", userId: "u29" } }),
      byTicket("no"),
    ];
    const without = [];
    for (const input of [...wanted, byStatus]) without.push(await store.listSessions(input));
    expect(without[0]?.length).toBeGreaterThan(10);
    expect(without[0]?.length).toBeLessThan(100);
    expect(without[1]).not.toEqual([]);
    expect((await listing(store, byTicket("t0")))[0]?.query).not.toContain("hash_ticket");

    await add("ticket", "text");
    await add("status", "text");
    await add("priority", "integer");

    const asked = [
      "SELECT user_id, session_id FROM adk_session_states WHERE app_name = 'app0' AND state_ticket = 't10'",
      "SELECT user_id, session_id FROM adk_session_states WHERE app_name = 'app0' AND state_priority > 1170",
    ];
    for (const [at, sql] of asked.entries()) {
      const [step] = await stepsOf({ query: sql, values: [] });
      expect(step, sql).toMatchObject({
        key: at === 0 ? "state_ticket" : "state_priority",
        type: at === 0 ? "ref" : "range",
      });
      expect(Number(step?.rows), sql).toBeLessThan(200);
      expect((await query(made.url, sql)).length, sql).toBeGreaterThan(5);
    }

    // It had asked before there was an index.
    await vi.waitFor(
      async () => expect((await listing(store, byTicket("t0")))[0]?.query).toContain("hash_ticket"),
      { timeout: 20_000, interval: 200 },
    );
    for (const [at, input] of wanted.entries()) {
      const [sent] = await listing(store, input);
      expect(sent?.query).toContain("FORCE INDEX (`hash_ticket`)");
      // What a value of nobody's has may be no step at all.
      const steps = await stepsOf(sent as Sent);
      if (at < 2) {
        expect(steps[0]).toMatchObject({ table: "i", key: "hash_ticket", type: "ref" });
        expect(Number(steps[0]?.rows)).toBeLessThan(200);
        expect(steps[1]).toMatchObject({ table: "s", key: "PRIMARY", type: "eq_ref" });
      }
      expect(await store.listSessions(input)).toEqual(without[at]);
    }
    // So many have it that the list's own order is the shorter way.
    expect(OF_APP).toBeGreaterThan(MOST_CANDIDATES);
    const [common] = await listing(store, byStatus);
    expect(common?.query).not.toContain("hash_status");
    expect(await store.listSessions(byStatus)).toEqual(without[3]);
    // Of both filters the rarer one is the way, whichever comes first.
    const both = listInput("app0", {
      stateEquals: new Map([...byStatus.stateEquals, ...byTicket("t0").stateEquals]),
    });
    expect((await listing(store, both))[0]?.query).toContain("hash_ticket");
    expect(await store.listSessions(both)).toEqual(without[0]);

    for (const stateKey of ["ticket", "status", "priority"])
      await indexes.drop(made.url, { ...options, stateKey, dryRun: false });
    // It does not know yet, and asks by an index that is gone.
    expect(await store.listSessions(byTicket("t0"))).toEqual(without[0]);
    expect(await mustGet(store, keyOf("app0", "s0", "u0"))).toBeDefined();
  }, 120_000);
});

describe.each(serverEngines())("%s: an index over a state key in hands of others", (kind) => {
  let made: ServerStore;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
  }, serverTimeout);
  afterAll(() => made?.cleanup());

  const add = (stateKey: string) =>
    indexes.add(made.url, { ...options, stateKey, type: "text", dryRun: false });

  test("a part that was dropped by hand is a finding of the doctor's, and drop removes the rest", async () => {
    await add("part");
    await query(made.url, "ALTER TABLE adk_session_states DROP KEY hash_part");
    const found = [];
    for await (const finding of mysqlEngine.doctor(made.url, options)) found.push(finding);
    expect(found.find(({ check }) => check === "state_indexes")).toMatchObject({
      level: "warn",
      found: '"part" lacks KEY `hash_part`',
    });
    const stateEquals = new Map([["part", canonicalHash("1")]]);
    expect(await (await made.open()).listSessions(listInput("app", { stateEquals }))).toEqual([]);
    await expect(add("part")).rejects.toThrow(/already/);
    await indexes.drop(made.url, { ...options, stateKey: "part", dryRun: false });
    await add("part");
    await indexes.drop(made.url, { ...options, stateKey: "part", dryRun: false });
  });

  test("a transaction that holds the table makes add say so, and nothing is left", async () => {
    const holder = await mysql.createConnection(made.url);
    try {
      await holder.query("START TRANSACTION");
      await holder.query("SELECT * FROM adk_session_states");
      await expect(add("held")).rejects.toThrow(/The table is in use .*Nothing was changed/);
    } finally {
      holder.destroy();
    }
    expect(await indexes.list(made.url, options)).toEqual([]);
    await vi.waitFor(() => add("held"), { timeout: 20_000 });
  }, 60_000);
});
