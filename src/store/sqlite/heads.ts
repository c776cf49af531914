/** Where sessions are, read for many at a time. */

import type { SessionRow } from "../rows.ts";
import type { HeadRecord, SessionKey } from "../store.ts";
import type { Connection } from "./connection.ts";

type HeadRow = Pick<SessionRow, "uid" | "revision" | "head_seq" | "first_seq">;

/** The sessions of these keys that there are. */
export function sessionHeads(db: Connection, keys: readonly SessionKey[]): HeadRecord[] {
  return keys.flatMap((key) => {
    const row = db.get<HeadRow>(
      `SELECT uid, revision, head_seq, first_seq FROM adk_sessions
       WHERE app_name = ? AND user_id = ? AND id = ?`,
      key.appName,
      key.userId,
      key.sessionId,
    );
    if (row === undefined) return [];
    return [{ key, uid: row.uid, revision: row.revision, headSeq: row.head_seq, firstSeq: row.first_seq }];
  });
}
