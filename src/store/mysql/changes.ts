/** Reads of changes that no event made. */
import { fittingRows } from "../range.ts";
import { type ChangeRow, toChange } from "../rows.ts";
import type { ChangeRange, SessionChange, SessionKey } from "../store.ts";
import type { Pool } from "./pool.ts";
import { keyValues, OF_SESSION } from "./rows.ts";
import { allEqual, count } from "./sql.ts";
import { read } from "./transaction.ts";

const SELECT_CHANGES =
  "SELECT revision, after_seq, create_time, replaced, delta, facts FROM adk_session_changes " +
  `WHERE ${allEqual(OF_SESSION)}`;

/** Changes that follow no later seq than `throughSeq`. */
export async function listChanges(
  pool: Pool,
  key: SessionKey,
  throughSeq: number,
  signal: AbortSignal | undefined,
): Promise<SessionChange[]> {
  const rows = await read(pool, signal, (connection) =>
    connection.execute<ChangeRow>(`${SELECT_CHANGES} AND after_seq <= ? ORDER BY revision`, [
      ...keyValues(key),
      throughSeq,
    ]),
  );
  return rows.map(toChange);
}

/** The first changes of a range of revisions, as many as its bounds allow. */
export async function readChanges(
  pool: Pool,
  range: ChangeRange,
  signal: AbortSignal | undefined,
): Promise<SessionChange[]> {
  const rows = await read(pool, signal, async (connection) => {
    const key = keyValues(range.key);
    const sizes = await connection.execute<{ revision: number; bytes: number }>(
      "SELECT revision, OCTET_LENGTH(delta) + COALESCE(OCTET_LENGTH(facts), 0) AS bytes " +
        `FROM adk_session_changes WHERE ${allEqual(OF_SESSION)} AND revision > ? AND revision <= ? ` +
        `ORDER BY revision LIMIT ${count(range.maxRows)}`,
      [...key, range.afterRevision, range.throughRevision],
    );
    const last = fittingRows(sizes, range.maxBytes).at(-1);
    if (last === undefined) return [];
    return connection.execute<ChangeRow>(
      `${SELECT_CHANGES} AND revision > ? AND revision <= ? ORDER BY revision`,
      [...key, range.afterRevision, last.revision],
    );
  });
  return rows.map(toChange);
}
