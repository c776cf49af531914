/** The database server of a run, with a database for every service on it. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import mysql from "mysql2/promise";
import { root } from "../../scripts/lib.ts";
import { databaseServer, startPrivateServer } from "../../test/support/databases/index.ts";
import { addressVariable } from "../../test/support/databases/settings.ts";

/** The engines that a run can be on. */
export const engines = ["mysql", "mariadb", "sqlite"] as const;
export type EngineName = (typeof engines)[number];

/** What the server's own statistics say of a round, in seconds of statements. */
export interface StatementTimes {
  readonly commit: number;
  readonly other: number;
}

/** A server and what services reach it by. */
export interface Database {
  readonly engine: EngineName;
  readonly version: string;
  /** Settings that decide what an acknowledgement is worth, and sizes. */
  readonly settings: Readonly<Record<string, string>>;
  /** The server's process; none where it runs elsewhere or in the services themselves. */
  readonly pid: number | undefined;
  /** The host, port and account of the raw load; none for SQLite. */
  readonly raw: URL | undefined;
  /** The URL of a service's own database, made at the first call. */
  urlFor(service: string): Promise<string>;
  /** Begins to count statement times of a service's database; gives what ends it. None where the server counts none. */
  countStatements(service: string): Promise<(() => Promise<StatementTimes>) | undefined>;
  stop(): Promise<void>;
}

/** Every commit is flushed; the rest is what the server has by default, but for memory as a small server has it. */
const serverOptions = [
  "--innodb-flush-log-at-trx-commit=1",
  "--sync-binlog=1",
  "--innodb-buffer-pool-size=1G",
  "--max-connections=300",
];

const shownVariables = [
  "innodb_flush_log_at_trx_commit",
  "sync_binlog",
  "log_bin",
  "innodb_flush_method",
  "innodb_buffer_pool_size",
  "innodb_redo_log_capacity",
  "innodb_log_file_size",
  "performance_schema",
];

/** Starts the engine's server, or uses the one that the environment names. */
export async function openDatabase(engine: EngineName): Promise<Database> {
  return engine === "sqlite" ? sqlite() : server(engine);
}

async function server(engine: "mysql" | "mariadb"): Promise<Database> {
  const given = process.env[addressVariable[engine]];
  const found = given
    ? await databaseServer(engine)
    : await startPrivateServer(engine, { args: serverOptions });
  const admin = await mysql.createConnection({ uri: found.adminUrl });
  const names = shownVariables.map((name) => `'${name}'`).join(", ");
  const [rows] = await admin.query<mysql.RowDataPacket[]>(`SHOW VARIABLES WHERE Variable_name IN (${names})`);
  const settings = Object.fromEntries(
    rows.map((row) => [String(row["Variable_name"]), String(row["Value"])]),
  );
  const databases = new Map<string, ReturnType<typeof found.createDatabase>>();
  const databaseOf = (service: string) => {
    const database = databases.get(service) ?? found.createDatabase();
    databases.set(service, database);
    return database;
  };
  return {
    engine,
    version: found.version,
    settings,
    pid: "pid" in found ? (found.pid as number | undefined) : undefined,
    raw: new URL(found.adminUrl),
    urlFor: async (service) => (await databaseOf(service)).url,
    async countStatements(service) {
      if (settings["performance_schema"] !== "ON") return undefined;
      const { name } = await databaseOf(service);
      await admin.query("TRUNCATE performance_schema.events_statements_summary_by_digest");
      return async () => {
        const [digests] = await admin.query<mysql.RowDataPacket[]>(
          `SELECT DIGEST_TEXT = 'COMMIT' AS is_commit, SUM(SUM_TIMER_WAIT) / 1e12 AS seconds
           FROM performance_schema.events_statements_summary_by_digest WHERE SCHEMA_NAME = ? GROUP BY is_commit`,
          [name],
        );
        const of = (commit: number) =>
          Number(digests.find((row) => Number(row["is_commit"]) === commit)?.["seconds"] ?? 0);
        return { commit: of(1), other: of(0) };
      };
    },
    async stop() {
      admin.destroy();
      for (const database of databases.values()) await (await database).drop();
      await found.stop();
    },
  };
}

async function sqlite(): Promise<Database> {
  const folder = join(root, ".cache/bench/sqlite");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { default: Sqlite } = await import("better-sqlite3");
  const memory = new Sqlite(":memory:");
  const version = memory.prepare("SELECT sqlite_version()").pluck().get() as string;
  memory.close();
  return {
    engine: "sqlite",
    version,
    settings: { note: "each service opens its own file with its own settings" },
    pid: undefined,
    raw: undefined,
    urlFor: async (service) => `sqlite:${join(folder, `${service}.db`)}`,
    countStatements: async () => undefined,
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
