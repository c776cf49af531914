/** Lists of sessions, apps and users, each by an index in its order, or by that of a rare value of state. */

import { SESSION_FACTS, SESSION_KEY } from "../rows.ts";
import { MOST_CANDIDATES, type StateIndex } from "../state-index.ts";
import type { ListSessionsInput, SessionRecord } from "../store.ts";
import type { Connection } from "./connection.ts";
import type { KnownStateIndexes } from "./known-state-indexes.ts";
import type { Pool } from "./pool.ts";
import { compareText } from "./rows.ts";
import { pageSnapshot, type SessionQuery, sessionsOf } from "./snapshot.ts";
import { bytes, count, type SqlValue } from "./sql.ts";
import { read } from "./transaction.ts";

/** A page of sessions with labels, in one snapshot. */
export async function listSessions(
  pool: Pool,
  indexes: KnownStateIndexes,
  input: ListSessionsInput,
  signal: AbortSignal | undefined,
): Promise<SessionRecord[]> {
  const known = input.stateEquals.size === 0 ? undefined : await indexes.current();
  const rows = await read(pool, signal, async (connection) => {
    const ask = (page: SessionQuery) => {
      const { sql, values } = pageSnapshot(input.scope.appName, page, input.includeState);
      return connection.execute<Record<string, unknown>>(sql, values);
    };
    try {
      const rare = known === undefined ? undefined : await rareValue(connection, known, input);
      if (rare !== undefined) return await ask(sessionPage(input, rare));
    } catch (error) {
      if (!isIndexGone(error)) throw error;
      indexes.forget();
    }
    return ask(sessionPage(input));
  });
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

/** The first of the filters' keys of whose value its index has few enough entries to read them all. */
async function rareValue(
  connection: Connection,
  known: ReadonlyMap<string, StateIndex>,
  { scope, stateEquals }: ListSessionsInput,
): Promise<StateIndex | undefined> {
  const ofUser = scope.userId === undefined ? "" : " AND user_id = ?";
  for (const [stateKey, hash] of stateEquals) {
    const index = known.get(stateKey);
    if (index === undefined) continue;
    const column = `\`${index.hashColumn}\``;
    const [found] = await connection.execute<{ entries: number }>(
      `SELECT COUNT(*) AS entries FROM (SELECT 1 FROM adk_session_states FORCE INDEX (${column}) ` +
        `WHERE ${column} = ? AND app_name = ?${ofUser} LIMIT ${count(MOST_CANDIDATES + 1)}) some`,
      [bytes(hash), scope.appName, ...(scope.userId === undefined ? [] : [scope.userId])],
    );
    if (Number(found?.entries) <= MOST_CANDIDATES) return index;
  }
  return undefined;
}

/** An unknown column or index: it was dropped after it was found. */
function isIndexGone(error: unknown): boolean {
  return [1054, 1176].includes((error as { errno?: number }).errno ?? 0);
}

const COLUMNS = [...SESSION_KEY, ...SESSION_FACTS].map((column) => `s.${column}`).join(", ");

/**
 * The query of one page, from the place after which it goes on: by the order's own index, or
 * with `by` through that index over a state key, whose entries are then read and sorted.
 */
export function sessionPage(input: ListSessionsInput, by?: StateIndex): SessionQuery {
  const { scope, after, descending } = input;
  const time = input.orderBy === "updateMicros" ? "update_time" : "create_time";
  const ofUser = scope.userId !== undefined;
  const index = `adk_sessions_by_${ofUser ? "user_" : ""}${time === "update_time" ? "update" : "create"}`;
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const where = (condition: string, ...more: readonly SqlValue[]) => {
    conditions.push(condition);
    values.push(...more);
  };
  where("s.app_name = ?", scope.appName);
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
    if (stateKey === by?.stateKey) {
      // What the entry says and the row itself, whatever was done to the column by hand.
      where(`i.\`${by.hashColumn}\` = ? AND i.app_name = ?`, bytes(hash), scope.appName);
      if (scope.userId !== undefined) where("i.user_id = ?", scope.userId);
      where("i.state_key = ? AND i.value_hash = ?", stateKey, bytes(hash));
      continue;
    }
    const found = `SELECT t.value_hash FROM adk_session_states t WHERE ${beside} AND t.state_key = ?`;
    where(`(${found}) = ?`, stateKey, bytes(hash));
  }
  const order = ofUser ? [time, "id"] : [time, "user_id", "id"];
  const direction = descending ? "DESC" : "ASC";
  const from =
    by === undefined
      ? `FROM adk_sessions s FORCE INDEX (${index})`
      : `FROM adk_session_states i FORCE INDEX (\`${by.hashColumn}\`) STRAIGHT_JOIN adk_sessions s FORCE INDEX (PRIMARY) ` +
        "ON s.app_name = i.app_name AND s.user_id = i.user_id AND s.id = i.session_id";
  return {
    sql:
      `SELECT ${COLUMNS} ${from} WHERE ${conditions.join(" AND ")} ` +
      `ORDER BY ${order.map((column) => `s.${column} ${direction}`).join(", ")} LIMIT ${count(input.limit)}`,
    values,
  };
}
