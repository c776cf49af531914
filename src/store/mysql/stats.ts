/** `sessiond stats`: what stands in the session rows, or what the server's statistics say. */
import type { EngineOptions } from "../engine.ts";
import { StartError } from "../errors.ts";
import { requireCurrent, SCHEMA_NAMES } from "../migrations.ts";
import type { AppStats, SessionSize, StatsOptions, StorageSize, StoreStats } from "../stats.ts";
import type { Connection } from "./connection.ts";
import { Hosts } from "./hosts.ts";
import { findSchema } from "./migrate.ts";
import { STEPS } from "./schema.ts";
import { connectionOptions, findServer } from "./server.ts";
import { count, type SqlValue, statement } from "./sql.ts";
import type { DatabaseAddress } from "./url.ts";

/** See `Engine.stats`. @throws StartError, the driver's error */
export async function stats(
  address: DatabaseAddress,
  options: EngineOptions & StatsOptions,
): Promise<StoreStats> {
  const hosts = new Hosts(address);
  const connection = await hosts.connect(connectionOptions(await findServer(hosts, options), options));
  const nameOf = (name: string) => connection.schema.nameOf(name);
  try {
    requireCurrent(STEPS, await findSchema(connection), nameOf);
    return {
      apps: await (options.estimate ? appAges : appCounts)(connection, options.appName),
      largest: options.estimate ? [] : await largestSessions(connection, options.appName, options.largest),
      storage: await storageSizes(connection, SCHEMA_NAMES.map(nameOf)),
    };
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new StartError(
      `Counting took longer than --statement-timeout (${options.statementTimeoutMs} ms). ` +
        "Give it more, ask for one app with --app, or use --estimate.",
      { cause: error },
    );
  } finally {
    await connection.end();
  }
}

function isTimeout(error: unknown): boolean {
  return [1969, 3024].includes((error as { errno?: number }).errno ?? 0);
}

/** One walk along the primary key, whose order is that of the groups. */
async function appCounts(connection: Connection, appName: string | undefined): Promise<AppStats[]> {
  const { where, values } = ofApp(appName);
  const rows = await connection.execute<Record<string, string | number>>(
    "SELECT app_name, COUNT(*) AS sessions, SUM(event_count) AS events, SUM(event_bytes) AS event_bytes, " +
      `MIN(create_time) AS oldest, MAX(update_time) AS newest FROM adk_sessions FORCE INDEX (PRIMARY) ${where} ` +
      "GROUP BY app_name ORDER BY app_name",
    values,
  );
  return rows.map((row) => ({
    appName: String(row["app_name"]),
    counts: {
      sessions: Number(row["sessions"]),
      events: Number(row["events"]),
      eventBytes: Number(row["event_bytes"]),
    },
    oldestCreateMicros: Number(row["oldest"]),
    newestUpdateMicros: Number(row["newest"]),
  }));
}

/** Steps from app to app at both ends of the time indexes, whatever lies between. */
async function appAges(connection: Connection, appName: string | undefined): Promise<AppStats[]> {
  const { where, values } = ofApp(appName);
  const oldest = await connection.execute<Record<string, string | number>>(
    `SELECT app_name, MIN(create_time) AS at FROM adk_sessions FORCE INDEX (adk_sessions_by_create) ${where} ` +
      "GROUP BY app_name ORDER BY app_name",
    values,
  );
  const newest = await connection.execute<Record<string, string | number>>(
    `SELECT app_name, MAX(update_time) AS at FROM adk_sessions FORCE INDEX (adk_sessions_by_update) ${where} ` +
      "GROUP BY app_name ORDER BY app_name",
    values,
  );
  const newestOf = new Map(newest.map((row) => [row["app_name"], Number(row["at"])]));
  return oldest.map((row) => ({
    appName: String(row["app_name"]),
    counts: undefined,
    oldestCreateMicros: Number(row["at"]),
    newestUpdateMicros: newestOf.get(row["app_name"] as string) ?? Number(row["at"]),
  }));
}

async function largestSessions(
  connection: Connection,
  appName: string | undefined,
  largest: number,
): Promise<SessionSize[]> {
  const { where, values } = ofApp(appName);
  const rows = await connection.execute<Record<string, string | number>>(
    "SELECT app_name, user_id, id, event_count, event_bytes, create_time, update_time FROM adk_sessions " +
      `${where} ORDER BY event_bytes DESC, app_name, user_id, id LIMIT ${count(largest)}`,
    values,
  );
  return rows.map((row) => ({
    appName: String(row["app_name"]),
    userId: String(row["user_id"]),
    sessionId: String(row["id"]),
    events: Number(row["event_count"]),
    eventBytes: Number(row["event_bytes"]),
    createMicros: Number(row["create_time"]),
    updateMicros: Number(row["update_time"]),
  }));
}

async function storageSizes(connection: Connection, names: readonly string[]): Promise<StorageSize[]> {
  try {
    // Statistics of a day ago would do for a plan, not for a person.
    await connection.run([statement("SET SESSION information_schema_stats_expiry = 0")]);
  } catch (error) {
    if ((error as { errno?: number }).errno !== UNKNOWN_VARIABLE) throw error;
  }
  const [result] = await connection.run([
    statement(
      "SELECT table_name AS name, table_rows AS row_count, data_length + index_length AS bytes " +
        `FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ` +
        `AND table_name IN (${names.map(() => "?").join(", ")}) ORDER BY bytes DESC, name`,
      ...names,
    ),
  ]);
  return (result?.rows ?? []).map((row) => ({
    name: String(row["name"]),
    rows: row["row_count"] === null ? undefined : Number(row["row_count"]),
    bytes: Number(row["bytes"] ?? 0),
    estimated: true,
  }));
}

const UNKNOWN_VARIABLE = 1193;

function ofApp(appName: string | undefined): { where: string; values: SqlValue[] } {
  return appName === undefined
    ? { where: "", values: [] }
    : { where: "WHERE app_name = ?", values: [appName] };
}
