/** Pages of sessions, bounded in number and bytes. */
import type { Limits } from "../config/limits.ts";
import { sessionBytes } from "../rpc/convert/session-bytes.ts";
import { stateTooLarge } from "../rpc/errors.ts";
import type { ListSessionsInput, SessionPosition, SessionRecord, Store } from "../store/store.ts";

/** A page of sessions. */
export interface SessionsPage {
  readonly sessions: readonly SessionRecord[];
  /** Where the next page begins; undefined on the last. */
  readonly next: SessionPosition | undefined;
}

const TOO_LARGE = "List without include_state, and read that session with StreamEvents.";

/** Rows with state may be large: so many are in memory at a time beside the page. */
const ROWS_WITH_STATE = 50;

/**
 * At most `query.limit` sessions, fewer where they would weigh more than a page; at least one.
 * @throws RpcError TOO_LARGE if one alone does not fit a message
 */
export async function listSessions(
  store: Pick<Store, "listSessions">,
  query: ListSessionsInput,
  limits: Limits,
  signal: AbortSignal,
): Promise<SessionsPage> {
  const sessions: SessionRecord[] = [];
  let bytes = 0;
  let after = query.after;
  for (;;) {
    const left = query.limit - sessions.length;
    const wanted = query.includeState ? Math.min(left, ROWS_WITH_STATE) : left;
    // One more than wanted tells that there is more.
    const rows = await store.listSessions({ ...query, after, limit: wanted + 1 }, signal);
    for (const row of rows.slice(0, wanted)) {
      const weight = sessionBytes(row);
      bytes += weight;
      if (sessions.length > 0 && bytes > limits.pageBytes) return { sessions, next: after };
      if (weight > limits.maxMessageBytes) throw stateTooLarge(weight, limits.maxMessageBytes, TOO_LARGE);
      sessions.push(row);
      after = positionOf(row, query);
    }
    if (rows.length <= wanted) return { sessions, next: undefined };
    if (sessions.length >= query.limit) return { sessions, next: after };
  }
}

function positionOf(row: SessionRecord, query: ListSessionsInput): SessionPosition {
  return { micros: row[query.orderBy], userId: row.key.userId, sessionId: row.key.sessionId };
}
