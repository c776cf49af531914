/** The engine's harness on a server of the test run. */
import mysql from "mysql2/promise";
import pino from "pino";
import { engineOptions } from "../../../src/cli/migrate.ts";
import { configWith } from "../../../src/config.ts";
import type { EngineOptions } from "../../../src/store/engine.ts";
import { Connection, type ConnectionOptions } from "../../../src/store/mysql/connection.ts";
import { dialectOf } from "../../../src/store/mysql/dialect.ts";
import { mysqlEngine } from "../../../src/store/mysql/index.ts";
import { Pool } from "../../../src/store/mysql/pool.ts";
import { connectionOptions } from "../../../src/store/mysql/server.ts";
import { parseUrl } from "../../../src/store/mysql/url.ts";
import type { Store } from "../../../src/store/store.ts";
import {
  type DatabaseOptions,
  databaseServer,
  type Engine as ServerKind,
  type TestServer,
} from "../../support/databases/index.ts";
import { makeHarness, type StoreHarness, type TestDatabase } from "../harness.ts";

export const options: EngineOptions = {
  ...engineOptions(configWith(), pino({ level: "silent" })),
  writeConnections: 4,
  readConnections: 4,
  acquireTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 30_000,
};

/** The options of the store's own connections. */
export function connectionOptionsFor(kind: ServerKind, more: Partial<EngineOptions> = {}): ConnectionOptions {
  const dialect = dialectOf(kind === "mysql" ? "8.0.17" : "10.5.0-MariaDB");
  return connectionOptions(
    { dialect, settings: new Map(), maxPacketBytes: 1 << 20 },
    { ...options, ...more },
  );
}

/** A pool of one connection, which stays open. */
export function poolOfOne(url: string, opened: ConnectionOptions): Pool {
  const never = 600_000;
  return new Pool({
    name: "writes",
    connect: () => Connection.open(parseUrl(url), opened),
    min: 1,
    max: 1,
    queue: 10,
    acquireTimeoutMs: never,
    idleTimeoutMs: never,
    maxAgeMs: 0,
    checkAfterMs: never,
  });
}

/** The conformance suite over a kind of server. */
export function serverHarness(
  kind: ServerKind,
  more: Partial<EngineOptions> = {},
  name: string = kind,
  make = async () => makeDatabase(await databaseServer(kind)),
): StoreHarness {
  return makeHarness({
    name,
    engine: mysqlEngine,
    options: { ...options, ...more },
    makeDatabase: make,
    exceptions: {
      create: {},
      "create groups": {},
      get: {},
      update: {},
      delete: {},
      append: {},
      "append groups": {},
      idempotency: {},
      state: {},
      lists: {},
      events: {},
      streams: {},
      changes: {},
      requests: {},
      tombstones: {},
      ids: {},
      exactness: {},
      concurrency: {},
      migrations: {},
      errors: {},
    },
  });
}

/** An empty database on a server. */
export async function makeDatabase(server: TestServer, more: DatabaseOptions = {}): Promise<TestDatabase> {
  const { url, drop } = await server.createDatabase(undefined, more);
  return { url, execute: (sql) => query(url, sql), cleanup: drop };
}

/** Runs one statement on a connection of its own. Times and JSON come as text. */
export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const connection = await mysql.createConnection({ uri: url, dateStrings: true, jsonStrings: true });
  try {
    await connection.query("SET autocommit = 1");
    const [rows] = await connection.query(sql);
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
  } finally {
    connection.destroy();
  }
}

/** A migrated database with what a test wants of it; everything is closed by `cleanup`. */
export interface ServerStore {
  readonly url: string;
  readonly server: TestServer;
  readonly store: Store;
  /** Another store over the same database, perhaps by another URL. */
  open(url?: string, more?: Partial<EngineOptions>): Promise<Store>;
  cleanup(): Promise<void>;
}

/** A store over a new database on a server. */
export async function serverStore(server: TestServer): Promise<ServerStore> {
  const { url, drop } = await server.createDatabase();
  await mysqlEngine.migrate(url, { ...options, dryRun: false });
  const stores: Store[] = [];
  const open = async (through = url, more: Partial<EngineOptions> = {}) => {
    const store = await mysqlEngine.open(through, { ...options, ...more });
    stores.push(store);
    return store;
  };
  return {
    url,
    server,
    store: await open(),
    open,
    async cleanup() {
      await Promise.all(stores.map((store) => store.close()));
      await drop();
    },
  };
}
