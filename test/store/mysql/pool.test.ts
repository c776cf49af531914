/** The bounds of the pool, over real connections. */
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Connection } from "../../../src/store/mysql/connection.ts";
import { dialectOf } from "../../../src/store/mysql/dialect.ts";
import { connectionOptions } from "../../../src/store/mysql/server.ts";
import { parseUrl } from "../../../src/store/mysql/url.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import { append, appendInput, createInput, eventOf, failsWith, keyOf, mustGet } from "../build.ts";
import { options, type ServerStore, serverStore } from "./harness.ts";

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

  test("calls that find no connection in time are SERVER_BUSY, an abort leaves the queue, the rest goes on", async () => {
    const key = keyOf("busy", "held");
    const store = await made.open(undefined, { writeConnections: 1, acquireTimeoutMs: 300 });
    await store.createSession(createInput(key));
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

  test("a lock that is held too long is waited for again, unseen by the caller", async () => {
    const key = keyOf("patient", "patient");
    await made.store.createSession(createInput(key));
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
    await store.createSession(createInput(key));
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
    const version = kind === "mysql" ? "8.0.17" : "10.5.0-MariaDB";
    const server = { dialect: dialectOf(version), settings: new Map(), maxPacketBytes: 1 << 20 };
    const connection = await Connection.open(parseUrl(made.url), connectionOptions(server, options));
    await connection.ping();
    const admin = await mysql.createConnection(made.server.adminUrl);
    await admin.query(`KILL ${connection.threadId}`);
    await admin.end();
    await expect.poll(() => connection.usable).toBe(false);
    await expect(connection.ping()).rejects.toThrow(/lost/);
    await connection.end();
  });
});
