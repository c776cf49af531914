/** Where sessions are, read for many at a time. */

import { SESSION_KEY, type SessionRow } from "../rows.ts";
import type { HeadRecord, SessionKey } from "../store.ts";
import type { Pool } from "./pool.ts";
import { keyValues } from "./rows.ts";
import { selectEither } from "./sql.ts";
import { read } from "./transaction.ts";

const HEAD_COLUMNS = [...SESSION_KEY, "uid", "revision", "head_seq", "first_seq"] as const;

type HeadRow = Pick<SessionRow, (typeof HEAD_COLUMNS)[number]>;

/** The sessions of these keys that there are, in no order. */
export async function sessionHeads(
  pool: Pool,
  keys: readonly SessionKey[],
  signal: AbortSignal | undefined,
): Promise<HeadRecord[]> {
  if (keys.length === 0) return [];
  const head = `SELECT ${HEAD_COLUMNS.join(", ")} FROM adk_sessions FORCE INDEX (PRIMARY)`;
  const results = await read(pool, signal, (connection) =>
    connection.run(selectEither(head, SESSION_KEY, keys.map(keyValues), connection.tupleRanges)),
  );
  return results.flatMap(({ rows }) => (rows as unknown as HeadRow[]).map(toHead));
}

function toHead(row: HeadRow): HeadRecord {
  return {
    key: { appName: row.app_name, userId: row.user_id, sessionId: row.id },
    uid: row.uid,
    revision: row.revision,
    headSeq: row.head_seq,
    firstSeq: row.first_seq,
  };
}
