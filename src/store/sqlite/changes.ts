/** Reads of changes that no event made. */
import { fittingRows } from "../range.ts";
import { type ChangeRow, toChange } from "../rows.ts";
import type { ChangeRange, SessionChange, SessionKey } from "../store.ts";
import type { Connection } from "./connection.ts";

const SELECT_CHANGES =
  "SELECT revision, after_seq, create_time, replaced, delta, facts FROM adk_session_changes " +
  "WHERE app_name = ? AND user_id = ? AND session_id = ?";

/** Changes that follow no later seq than `throughSeq`. */
export function listChanges(db: Connection, key: SessionKey, throughSeq: number): SessionChange[] {
  const rows = db.all<ChangeRow>(
    `${SELECT_CHANGES} AND after_seq <= ? ORDER BY revision`,
    ...values(key),
    throughSeq,
  );
  return rows.map(toChange);
}

/** The first changes of a range of revisions, as many as its bounds allow. */
export function readChanges(db: Connection, range: ChangeRange): SessionChange[] {
  const sizes = db.all<{ revision: number; bytes: number }>(
    `SELECT revision, octet_length(delta) + coalesce(octet_length(facts), 0) AS bytes FROM adk_session_changes
     WHERE app_name = ? AND user_id = ? AND session_id = ? AND revision > ? AND revision <= ?
     ORDER BY revision LIMIT ?`,
    ...values(range.key),
    range.afterRevision,
    range.throughRevision,
    range.maxRows,
  );
  const last = fittingRows(sizes, range.maxBytes).at(-1);
  if (last === undefined) return [];
  const rows = db.all<ChangeRow>(
    `${SELECT_CHANGES} AND revision > ? AND revision <= ? ORDER BY revision`,
    ...values(range.key),
    range.afterRevision,
    last.revision,
  );
  return rows.map(toChange);
}

function values(key: SessionKey): [string, string, string] {
  return [key.appName, key.userId, key.sessionId];
}
