/** Tombstones: what deleted sessions leave for those who watch the list. */
import type { ListTombstonesInput, SessionKey, Tombstone } from "../store.ts";
import type { Pool } from "./pool.ts";
import { keyValues, OF_SESSION } from "./rows.ts";
import { count, type SqlValue, type Statement, statement } from "./sql.ts";
import { sweep } from "./sweep.ts";
import { read } from "./transaction.ts";

/** The statement that leaves one; part of the delete. */
export function insertTombstone({ key, uid, deleteMicros }: Tombstone): Statement {
  return statement(
    `INSERT INTO adk_session_tombstones (${OF_SESSION.join(", ")}, uid, delete_time) VALUES (?, ?, ?, ?, ?)`,
    ...keyValues(key),
    uid,
    deleteMicros,
  );
}

/** Tombstones after a place, by time and uid. */
export async function listTombstones(
  pool: Pool,
  { scope, after, limit }: ListTombstonesInput,
  signal: AbortSignal | undefined,
): Promise<Tombstone[]> {
  const { appName, userId } = scope;
  const index = userId === undefined ? "PRIMARY" : "adk_session_tombstones_by_user";
  const conditions = ["app_name = ?"];
  const values: SqlValue[] = [appName];
  if (userId !== undefined) {
    conditions.push("user_id = ?");
    values.push(userId);
  }
  // The first is the range to read, the second leaves out what shares its edge.
  conditions.push("delete_time >= ?", "(delete_time > ? OR uid > ?)");
  values.push(after.micros, after.micros, after.uid);
  const rows = await read(pool, signal, (connection) =>
    connection.execute<TombstoneRow>(
      `SELECT ${OF_SESSION.join(", ")}, uid, delete_time FROM adk_session_tombstones FORCE INDEX (${index}) ` +
        `WHERE ${conditions.join(" AND ")} ORDER BY delete_time, uid LIMIT ${count(limit)}`,
      values,
    ),
  );
  return rows.map((row) => ({ key: keyOf(row), uid: row.uid, deleteMicros: row.delete_time }));
}

/** Forgets tombstones older than `beforeMicros`; gives their number. */
export function sweepTombstones(
  pool: Pool,
  beforeMicros: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  return sweep(
    pool,
    "DELETE FROM adk_session_tombstones WHERE delete_time < ? ORDER BY delete_time",
    beforeMicros,
    signal,
  );
}

interface TombstoneRow {
  readonly app_name: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly uid: string;
  readonly delete_time: number;
}

function keyOf(row: TombstoneRow): SessionKey {
  return { appName: row.app_name, userId: row.user_id, sessionId: row.session_id };
}
