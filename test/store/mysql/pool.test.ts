/** The bounds of the pool, over real connections. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { PoolStats } from "../../../src/store/connections.ts";
import type { StoreError } from "../../../src/store/errors.ts";
import { Connection } from "../../../src/store/mysql/connection.ts";
import { Pool } from "../../../src/store/mysql/pool.ts";
import { parseUrl } from "../../../src/store/mysql/url.ts";
import type { Store } from "../../../src/store/store.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import { processes } from "../../support/databases/processes.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  eventOf,
  failsWith,
  keyOf,
  mustGet,
  refusesStart,
} from "../build.ts";
import { connectionOptionsFor, query, type ServerStore, serverStore } from "./harness.ts";
import { startProxy } from "./proxy.ts";

const writes = (store: Store) => store.poolStats?.()[0] as PoolStats;

describe.each(serverEngines())("%s: pool", (kind) => {
  let made: ServerStore;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
  }, serverTimeout);

  afterAll(async () => {
    await made?.cleanup();
  });

  /** Holds a session's row, so that appends to it wait. */
  async function holdRow(sessionId: string): Promise<mysql.Connection> {
    const holder = await mysql.createConnection(made.url);
    await holder.beginTransaction();
    await holder.query("SELECT 1 FROM adk_sessions WHERE id = ? FOR UPDATE", [sessionId]);
    return holder;
  }

  /** Ends every connection of the store's account on the server. */
  async function killAll(): Promise<void> {
    const user = new URL(made.url).username;
    const listed = await processes((sql) => query(made.server.adminUrl, sql));
    for (const { id } of listed.filter((each) => each.user === user)) {
      // One that ended by itself meanwhile is unknown to the server.
      await query(made.server.adminUrl, `KILL ${id}`).catch(() => {});
    }
  }

  /** What the store's account runs on the server. */
  async function running(): Promise<unknown[]> {
    const user = new URL(made.url).username;
    const listed = await processes((sql) => query(made.server.adminUrl, sql));
    return listed.filter((each) => each.user === user && each.command !== "Sleep");
  }

  test("calls that find no connection in time are SERVER_BUSY, an abort leaves the queue, the rest goes on", async () => {
    const key = keyOf("busy", "held");
    const store = await made.open(undefined, { writeConnections: 1, acquireTimeoutMs: 300 });
    await createSession(store, createInput(key));
    const holder = await holdRow("held");
    const first = append(store, appendInput(key, [eventOf()]));
    const controller = new AbortController();
    const reason = new Error("gone");
    const left = store.append([appendInput(keyOf("busy", "other"), [eventOf()])], controller.signal);
    controller.abort(reason);
    await expect(left).rejects.toBe(reason);
    await failsWith(store.append([appendInput(keyOf("busy", "other"), [eventOf()])]), "SERVER_BUSY");
    // Reads have connections of their own.
    expect((await mustGet(store, key)).headSeq).toBe(0);
    await holder.rollback();
    await holder.end();
    expect((await first).headSeq).toBe(1);
  });

  test("calls beyond the queue are SERVER_BUSY at once, those in it are served", async () => {
    const key = keyOf("queue", "queued");
    const store = await made.open(undefined, { writeConnections: 1, poolQueue: 2, acquireTimeoutMs: 60_000 });
    await createSession(store, createInput(key));
    const holder = await holdRow("queued");
    const served = Array.from({ length: 3 }, () => append(store, appendInput(key, [eventOf()])));
    await failsWith(append(store, appendInput(key, [eventOf()])), "SERVER_BUSY");
    expect(writes(store)).toMatchObject({ max: 1, inUse: 1, idle: 0, waiting: 2, refused: 1 });
    await holder.rollback();
    await holder.end();
    await Promise.all(served);
    expect((await mustGet(store, key)).headSeq).toBe(3);
    const { acquire, waiting } = writes(store);
    expect(waiting).toBe(0);
    expect(acquire.buckets.reduce((sum, calls) => sum + calls)).toBe(acquire.count);
    expect(acquire.sumSeconds).toBeGreaterThan(0);
  });

  test("reads that have all their connections leave appends theirs", async () => {
    const proxy = await startProxy(made.url);
    const limits = { readConnections: 1, poolMin: 0, acquireTimeoutMs: 300, connectTimeoutMs: 10_000 };
    const store = await made.open(proxy.url, limits);
    const [stuck, key] = [keyOf("starve", "stuck"), keyOf("starve", "free")];
    for (const each of [stuck, key]) await createSession(store, createInput(each));
    let asked = false;
    proxy.rules = {
      dropRequest(piece) {
        if (!piece.includes("stuck")) return false;
        asked = true;
        return true;
      },
    };
    const reading = store.getSession(stuck).catch((error: StoreError) => error.reason);
    await expect.poll(() => asked).toBe(true);
    await failsWith(store.getSession(key), "SERVER_BUSY");
    expect((await append(store, appendInput(key, [eventOf()]))).headSeq).toBe(1);
    await proxy.close();
    expect(await reading).toBe("STORE_UNAVAILABLE");
    await store.close();
  });

  test("connections are opened ahead to the minimum, and idle ones are closed down to it", async () => {
    const limits = { writeConnections: 6, poolMin: 2, poolIdleTimeoutMs: 300 };
    const store = await made.open(undefined, limits);
    await expect.poll(() => writes(store).idle).toBe(2);
    expect(writes(store).acquire.count).toBe(0);
    const keys = Array.from({ length: 30 }, (_, at) => keyOf("idle", `s${at}`));
    await Promise.all(keys.map((key) => createSession(store, createInput(key))));
    // The last to open may find nobody who waits any more.
    await expect.poll(() => writes(store).opened).toBe(6);
    await expect.poll(() => writes(store).idle).toBe(2);
    expect(writes(store).closed.idle).toBe(4);
  });

  test("connections are replaced by age while calls go on, and none of them fails", async () => {
    const limits = { writeConnections: 3, readConnections: 3, poolMaxAgeMs: 100, poolIdleTimeoutMs: 100 };
    const store = await made.open(undefined, { ...limits, poolMin: 0, poolCheckAfterMs: 0 });
    const enough = () => writes(store).closed.age > 5;
    const callers = Array.from({ length: 6 }, async (_, at) => {
      const key = keyOf("age", `s${at}`);
      await createSession(store, createInput(key));
      let calls = 0;
      for (; !enough(); calls++) {
        await append(store, appendInput(key, [eventOf()]));
        await mustGet(store, key);
      }
      expect((await mustGet(store, key)).headSeq).toBe(calls);
    });
    await Promise.all(callers);
    const { opened, closed, openFailures } = writes(store);
    expect({ openFailures, lost: closed.lost, moved: closed.moved }).toEqual({
      openFailures: 0,
      lost: 0,
      moved: 0,
    });
    expect(opened).toBeGreaterThanOrEqual(closed.age);
    // Nothing is left over, here and on the server.
    await expect.poll(() => writes(store).idle).toBe(0);
  });

  test("ages differ, so that connections opened together are not replaced together", async () => {
    const now = performance.now.bind(performance);
    let later = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now() + later);
    const random = vi.spyOn(Math, "random");
    try {
      const hour = 3_600_000;
      // The youngest and the oldest that a connection may get.
      random.mockReturnValueOnce(0).mockReturnValueOnce(0.999);
      const pool = new Pool({
        name: "writes",
        connect: () => Connection.open(parseUrl(made.url), connectionOptionsFor(kind)),
        ...{
          min: 0,
          max: 2,
          queue: 2,
          acquireTimeoutMs: hour,
          idleTimeoutMs: 2 * hour,
          checkAfterMs: 2 * hour,
        },
        maxAgeMs: hour,
      });
      const bothOpened = Promise.withResolvers<void>();
      let opened = 0;
      const use = () =>
        pool.use(undefined, async () => {
          if (++opened === 2) bothOpened.resolve();
          await bothOpened.promise;
        });
      await Promise.all([use(), use()]);
      const closedBy = async (age: number) => {
        later = age;
        await Promise.all([pool.use(undefined, async () => {}), pool.use(undefined, async () => {})]);
        return pool.stats().closed.age;
      };
      expect(await closedBy(0.75 * hour)).toBe(0);
      expect(await closedBy(0.9 * hour)).toBe(1);
      await pool.close();
    } finally {
      vi.restoreAllMocks();
    }
  });

  test("a connection that the server closed while idle is found out before it is used", async () => {
    const store = await made.open(undefined, { writeConnections: 1, poolMin: 0, poolCheckAfterMs: 0 });
    const key = keyOf("stale");
    await createSession(store, createInput(key));
    await killAll();
    await append(store, appendInput(key, [eventOf()]));
    expect(writes(store).closed.lost).toBe(1);
  });

  test("a server that does not answer a check costs the connect timeout, not the call", async () => {
    const proxy = await startProxy(made.url);
    const store = await made.open(proxy.url, {
      writeConnections: 1,
      poolMin: 0,
      poolCheckAfterMs: 0,
      connectTimeoutMs: 2_000,
    });
    const key = keyOf("mute");
    await createSession(store, createInput(key));
    let mute = true;
    proxy.rules = { dropRequest: () => mute };
    const appended = append(store, appendInput(key, [eventOf()]));
    await expect.poll(() => writes(store).closed.lost).toBe(1);
    mute = false;
    proxy.rules = {};
    expect((await appended).headSeq).toBe(1);
    await store.close();
    await proxy.close();
  });

  test("a statement that takes too long is ended on the server, and the store goes on", async () => {
    const key = keyOf("late", "late");
    await createSession(made.store, createInput(key));
    const store = await made.open(undefined, { statementTimeoutMs: 1_000, writeConnections: 1 });
    const holder = await holdRow("late");
    await failsWith(append(store, appendInput(key, [eventOf()])), "STORE_UNAVAILABLE");
    expect(await running()).toEqual([]);
    await holder.rollback();
    await holder.end();
    expect((await append(store, appendInput(key, [eventOf()]))).headSeq).toBe(1);
  });

  test("so is a write, by another connection where the server has no limit for it", async () => {
    await createSession(made.store, createInput(keyOf("late", "written")));
    const holder = await holdRow("written");
    const connection = await Connection.open(
      parseUrl(made.url),
      connectionOptionsFor(kind, { statementTimeoutMs: 300 }),
    );
    const sql = "UPDATE adk_sessions SET display_name = 'x' WHERE id = 'written'";
    await expect(connection.run([{ sql, values: [] }])).rejects.toThrow(/interrupted/);
    expect(await running()).toEqual([]);
    // What was killed from outside may be hit once more: such a connection is not used again.
    expect(connection.usable).toBe(kind === "mariadb");
    await connection.end();
    await holder.rollback();
    await holder.end();
  });

  test("a read that takes too long is ended on the server, on a connection that stays", async () => {
    const connection = await Connection.open(
      parseUrl(made.url),
      connectionOptionsFor(kind, { statementTimeoutMs: 200 }),
    );
    const many = "information_schema.collations";
    await expect(
      connection.execute(`SELECT COUNT(*) FROM ${many} a, ${many} b, ${many} c, ${many} d`, []),
    ).rejects.toThrow(/max(imum|_).*(execution|statement).*time/i);
    expect(connection.usable).toBe(true);
    await connection.end();
  });

  test("the init statement comes first, and does not undo what the store relies on", async () => {
    const connection = await Connection.open(
      parseUrl(made.url),
      connectionOptionsFor(kind, { initSql: "SET SESSION sort_buffer_size = 100000, time_zone = '+05:00'" }),
    );
    const found = await connection.execute("SELECT @@sort_buffer_size AS size, @@time_zone AS zone", []);
    expect(found).toEqual([{ size: 100_000, zone: "+00:00" }]);
    await connection.end();
    await refusesStart(
      made.open(undefined, { initSql: "SET SESSION no_such_variable = 1" }),
      /no_such_variable/,
    );
  });

  test("user and password come from files, and are read again when the password changed", async () => {
    const { username, password, host, pathname } = new URL(made.url);
    const folder = mkdtempSync(join(tmpdir(), "sessiond-account-"));
    const [userFile, passwordFile] = [join(folder, "user"), join(folder, "password")];
    try {
      writeFileSync(userFile, `${username}\n`);
      writeFileSync(passwordFile, password);
      const credentials = { user: "", password: "", userFile, passwordFile };
      const store = await made.open(`mysql://${host}${pathname}`, { credentials, poolMin: 0 });
      const key = keyOf("account");
      await createSession(store, createInput(key));
      await query(made.server.adminUrl, `ALTER USER '${username}'@'%' IDENTIFIED BY 'another'`);
      // Connections that are open stay so.
      await append(store, appendInput(key, [eventOf()]));
      await killAll();
      await failsWith(append(store, appendInput(key, [eventOf()])), "STORE_UNAVAILABLE");
      writeFileSync(passwordFile, "another\n");
      expect((await append(store, appendInput(key, [eventOf()]))).headSeq).toBe(2);
      rmSync(passwordFile);
      await killAll();
      await failsWith(append(store, appendInput(key, [eventOf()])), "STORE_UNAVAILABLE");
      await refusesStart(made.open(`mysql://${host}${pathname}`, { credentials }), /password.*ENOENT/);
      await store.close();
    } finally {
      await query(made.server.adminUrl, `ALTER USER '${username}'@'%' IDENTIFIED BY '${password}'`);
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test.each(kind === "mysql" ? ["caching_sha2_password"] : ["mysql_native_password"])(
    "an account of %s logs in",
    async (authPlugin) => {
      const database = await made.server.createDatabase(undefined, { authPlugin });
      const connection = await Connection.open(parseUrl(database.url), connectionOptionsFor(kind));
      await connection.ping();
      await connection.end();
      await database.drop();
    },
  );

  test("a lock that is held too long is waited for again, unseen by the caller", async () => {
    const key = keyOf("patient", "patient");
    await createSession(made.store, createInput(key));
    const holder = await holdRow("patient");
    const appended = append(made.store, appendInput(key, [eventOf()]));
    // Longer than a statement waits for a lock: the transaction is run a second time.
    await holder.query("DO SLEEP(5.5)");
    await holder.rollback();
    await holder.end();
    expect((await appended).headSeq).toBe(1);
  });

  test("close waits for what runs, and nothing starts after it", async () => {
    const key = keyOf("close", "closing");
    const store = await made.open(undefined, { writeConnections: 1 });
    await createSession(store, createInput(key));
    const holder = await holdRow("closing");
    const running = append(store, appendInput(key, [eventOf()]));
    const waiting = append(store, appendInput(key, [eventOf()]));
    const order: string[] = [];
    const closed = store.close().then(() => order.push("closed"));
    await failsWith(append(store, appendInput(key, [eventOf()])), "STORE_CLOSED");
    await failsWith(store.ping(), "STORE_CLOSED");
    await holder.rollback();
    await holder.end();
    await Promise.all([running, waiting]).then(() => order.push("done"));
    await closed;
    expect(order).toEqual(["done", "closed"]);
  });

  test("a connection answers a ping, and says so when it is lost", async () => {
    const connection = await Connection.open(parseUrl(made.url), connectionOptionsFor(kind));
    await connection.ping();
    const admin = await mysql.createConnection(made.server.adminUrl);
    await admin.query(`KILL ${connection.threadId}`);
    await admin.end();
    await expect.poll(() => connection.usable).toBe(false);
    await expect(connection.ping()).rejects.toThrow(/lost/);
    await connection.end();
  });
});
