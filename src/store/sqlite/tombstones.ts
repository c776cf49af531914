/** Tombstones: what deleted sessions leave for those who watch the list. */
import type { ListTombstonesInput, Tombstone } from "../store.ts";
import type { Connection, SqlValue } from "./connection.ts";

/** Leaves one; part of the delete. */
export function insertTombstone(db: Connection, { key, uid, deleteMicros }: Tombstone): void {
  db.run(
    "INSERT INTO adk_session_tombstones (app_name, user_id, session_id, uid, delete_time) VALUES (?, ?, ?, ?, ?)",
    key.appName,
    key.userId,
    key.sessionId,
    uid,
    deleteMicros,
  );
}

/** Tombstones after a place, by time and uid. */
export function listTombstones(db: Connection, { scope, after, limit }: ListTombstonesInput): Tombstone[] {
  const conditions = ["app_name = ?"];
  const values: SqlValue[] = [scope.appName];
  if (scope.userId !== undefined) {
    conditions.push("user_id = ?");
    values.push(scope.userId);
  }
  conditions.push("(delete_time, uid) > (?, ?)");
  values.push(after.micros, after.uid);
  const rows = db.all<TombstoneRow>(
    `SELECT app_name, user_id, session_id, uid, delete_time FROM adk_session_tombstones
     WHERE ${conditions.join(" AND ")} ORDER BY delete_time, uid LIMIT ?`,
    ...values,
    limit,
  );
  return rows.map((row) => ({
    key: { appName: row.app_name, userId: row.user_id, sessionId: row.session_id },
    uid: row.uid,
    deleteMicros: row.delete_time,
  }));
}

/** Forgets at most `limit` tombstones older than `beforeMicros`; gives their number. */
export function sweepTombstones(db: Connection, beforeMicros: number, limit: number): number {
  return db.write(() =>
    db.run(
      "DELETE FROM adk_session_tombstones WHERE (app_name, delete_time, uid) IN " +
        "(SELECT app_name, delete_time, uid FROM adk_session_tombstones WHERE delete_time < ? LIMIT ?)",
      beforeMicros,
      limit,
    ),
  );
}

interface TombstoneRow {
  readonly app_name: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly uid: string;
  readonly delete_time: number;
}
