/** Lists of sessions, apps and users, each by an index in its order. */
import type { ListSessionsInput, SessionRecord } from "../store.ts";
import type { Pool } from "./pool.ts";
import { compareText, SESSION_COLUMNS } from "./rows.ts";
import { type SessionQuery, sessionsOf, snapshot } from "./snapshot.ts";
import { bytes, count, type SqlValue } from "./sql.ts";
import { read } from "./transaction.ts";

/** A page of sessions with labels, in one snapshot. */
export async function listSessions(
  pool: Pool,
  input: ListSessionsInput,
  signal: AbortSignal | undefined,
): Promise<SessionRecord[]> {
  const { sql, values } = snapshot(input.scope.appName, sessionPage(input), input.includeState);
  const rows = await read(pool, signal, (connection) =>
    connection.execute<Record<string, unknown>>(sql, values),
  );
  const order = (a: SessionRecord, b: SessionRecord) =>
    a[input.orderBy] - b[input.orderBy] ||
    compareText(a.key.userId, b.key.userId) ||
    compareText(a.key.sessionId, b.key.sessionId);
  return sessionsOf(rows, input.includeState).sort(input.descending ? (a, b) => order(b, a) : order);
}

/** Names of apps after `after`. */
export async function listApps(
  pool: Pool,
  after: string | undefined,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const rows = await read(pool, signal, (connection) =>
    connection.execute<{ name: string }>(
      "SELECT app_name AS name FROM adk_sessions FORCE INDEX (PRIMARY) WHERE app_name > ? " +
        `GROUP BY app_name ORDER BY app_name LIMIT ${count(limit)}`,
      [after ?? ""],
    ),
  );
  return rows.map((row) => row.name);
}

/** Users of an app after `after`. */
export async function listUsers(
  pool: Pool,
  appName: string,
  after: string | undefined,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const rows = await read(pool, signal, (connection) =>
    connection.execute<{ name: string }>(
      "SELECT user_id AS name FROM adk_sessions FORCE INDEX (PRIMARY) WHERE app_name = ? AND user_id > ? " +
        `GROUP BY app_name, user_id ORDER BY app_name, user_id LIMIT ${count(limit)}`,
      [appName, after ?? ""],
    ),
  );
  return rows.map((row) => row.name);
}

/** The query of one page: by the order's own index, from the place after which it goes on. */
export function sessionPage(input: ListSessionsInput): SessionQuery {
  const { scope, after, descending } = input;
  const time = input.orderBy === "updateMicros" ? "update_time" : "create_time";
  const ofUser = scope.userId !== undefined;
  const index = `adk_sessions_by_${ofUser ? "user_" : ""}${time === "update_time" ? "update" : "create"}`;
  const conditions = ["s.app_name = ?"];
  const values: SqlValue[] = [scope.appName];
  const where = (condition: string, ...more: readonly SqlValue[]) => {
    conditions.push(condition);
    values.push(...more);
  };
  if (scope.userId !== undefined) where("s.user_id = ?", scope.userId);
  if (after !== undefined) {
    // The first condition is the range to read, the second leaves out what shares its edge.
    const than = descending ? "<" : ">";
    where(`s.${time} ${than}= ?`, after.micros);
    where(
      `(s.${time} ${than} ? OR s.user_id ${than} ? OR (s.user_id = ? AND s.id ${than} ?))`,
      after.micros,
      after.userId,
      after.userId,
      after.sessionId,
    );
  }
  if (input.ownerId !== undefined) where("s.owner_id = ?", input.ownerId);
  // As a value of one row of a key, not EXISTS, which servers turn into a join that loses the order.
  const beside = "t.app_name = s.app_name AND t.user_id = s.user_id AND t.session_id = s.id";
  for (const [label, value] of input.labels) {
    const found = `SELECT t.label_value FROM adk_session_labels t WHERE ${beside} AND t.label_key = ?`;
    where(`(${found}) = ?`, label, value);
  }
  for (const [stateKey, hash] of input.stateEquals) {
    const found = `SELECT t.value_hash FROM adk_session_states t WHERE ${beside} AND t.state_key = ?`;
    where(`(${found}) = ?`, stateKey, bytes(hash));
  }
  const order = ofUser ? [time, "id"] : [time, "user_id", "id"];
  const direction = descending ? "DESC" : "ASC";
  return {
    sql:
      `SELECT ${SESSION_COLUMNS} FROM adk_sessions s FORCE INDEX (${index}) WHERE ${conditions.join(" AND ")} ` +
      `ORDER BY ${order.map((column) => `s.${column} ${direction}`).join(", ")} LIMIT ${count(input.limit)}`,
    values,
  };
}
