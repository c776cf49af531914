/** `sessiond stats` for a SQLite file. */
import { existsSync, statSync } from "node:fs";
import { requireCurrent } from "../migrations.ts";
import type { AppStats, SessionSize, StatsOptions, StorageSize, StoreStats } from "../stats.ts";
import { Connection, type ConnectionOptions, type SqlValue } from "./connection.ts";
import { toStartError } from "./errors.ts";
import { findSchema } from "./open.ts";
import { STEPS } from "./schema.ts";

/** See `Engine.stats`. @throws StartError */
export function stats(options: ConnectionOptions & StatsOptions): StoreStats {
  const { path, appName, largest, estimate } = options;
  try {
    const db = Connection.open(options);
    try {
      requireCurrent(STEPS, findSchema(db), (name) => db.schema.nameOf(name));
      return db.read(() => ({
        apps: estimate ? appAges(db, appName) : appCounts(db, appName),
        largest: estimate ? [] : largestSessions(db, appName, largest),
        storage: fileSizes(path),
      }));
    } finally {
      db.close();
    }
  } catch (error) {
    throw toStartError(error, path);
  }
}

interface AppRow {
  readonly app_name: string;
  readonly sessions: number;
  readonly events: number;
  readonly event_bytes: number;
  readonly oldest: number;
  readonly newest: number;
}

function appCounts(db: Connection, appName: string | undefined): AppStats[] {
  const { where, values } = ofApp(appName);
  const rows = db.all<AppRow>(
    `SELECT app_name, COUNT(*) AS sessions, SUM(event_count) AS events, SUM(event_bytes) AS event_bytes,
     MIN(create_time) AS oldest, MAX(update_time) AS newest
     FROM adk_sessions ${where} GROUP BY app_name ORDER BY app_name`,
    ...values,
  );
  return rows.map((row) => ({
    appName: row.app_name,
    counts: { sessions: row.sessions, events: row.events, eventBytes: row.event_bytes },
    oldestCreateMicros: row.oldest,
    newestUpdateMicros: row.newest,
  }));
}

/** Steps from app to app at both ends of the time indexes, whatever lies between. */
function appAges(db: Connection, appName: string | undefined): AppStats[] {
  const apps: AppStats[] = [];
  const next = "SELECT MIN(app_name) AS app_name FROM adk_sessions WHERE app_name > ?";
  const name = (sql: string, value: string) =>
    db.get<{ app_name: string | null }>(sql, value)?.app_name ?? undefined;
  let app = appName ?? name(next, "");
  while (app !== undefined) {
    const ages = db.get<{ oldest: number | null; newest: number | null }>(
      `SELECT (SELECT MIN(create_time) FROM adk_sessions WHERE app_name = ?) AS oldest,
       (SELECT MAX(update_time) FROM adk_sessions WHERE app_name = ?) AS newest`,
      app,
      app,
    );
    if (ages !== undefined && ages.oldest !== null && ages.newest !== null) {
      apps.push({
        appName: app,
        counts: undefined,
        oldestCreateMicros: ages.oldest,
        newestUpdateMicros: ages.newest,
      });
    }
    app = appName === undefined ? name(next, app) : undefined;
  }
  return apps;
}

interface SessionSizeRow {
  readonly app_name: string;
  readonly user_id: string;
  readonly id: string;
  readonly event_count: number;
  readonly event_bytes: number;
  readonly create_time: number;
  readonly update_time: number;
}

function largestSessions(db: Connection, appName: string | undefined, largest: number): SessionSize[] {
  const { where, values } = ofApp(appName);
  const rows = db.all<SessionSizeRow>(
    `SELECT app_name, user_id, id, event_count, event_bytes, create_time, update_time FROM adk_sessions
     ${where} ORDER BY event_bytes DESC, app_name, user_id, id LIMIT ?`,
    ...values,
    largest,
  );
  return rows.map((row) => ({
    appName: row.app_name,
    userId: row.user_id,
    sessionId: row.id,
    events: row.event_count,
    eventBytes: row.event_bytes,
    createMicros: row.create_time,
    updateMicros: row.update_time,
  }));
}

function fileSizes(path: string): StorageSize[] {
  return [path, `${path}-wal`]
    .filter((name) => existsSync(name))
    .map((name) => ({ name, rows: undefined, bytes: statSync(name).size, estimated: false }));
}

function ofApp(appName: string | undefined): { where: string; values: SqlValue[] } {
  return appName === undefined
    ? { where: "", values: [] }
    : { where: "WHERE app_name = ?", values: [appName] };
}
