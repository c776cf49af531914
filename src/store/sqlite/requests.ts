/** Request marks: a retry of a request gets the first answer. */
import { StoreError } from "../errors.ts";
import type { RequestMark, SessionKey } from "../store.ts";
import type { KeptAnswer } from "../stored-text.ts";
import type { Connection } from "./connection.ts";

/** Whose request it is, and when. */
export interface MarkedRequest {
  readonly appName: string;
  /** Undefined for requests of a whole app. */
  readonly userId: string | undefined;
  /** The session whose state the answer may have. */
  readonly sessionId?: string | undefined;
  readonly request: RequestMark | undefined;
  readonly nowMicros: number;
}

/**
 * The answer of `change`, kept with the mark in one transaction; or the kept one, without
 * a change. A request without a mark is just done.
 * @throws StoreError REQUEST_ID_CONFLICT, and what `change` throws
 */
export function answerOnce(db: Connection, marked: MarkedRequest, change: () => KeptAnswer): KeptAnswer {
  return db.write(() => {
    const { request } = marked;
    if (request === undefined) return change();
    // User ids are never empty, so an app's requests have a place of their own.
    const place = [marked.appName, marked.userId ?? "", request.id] as const;
    const known = db.get<KeptAnswer & { digest: Uint8Array }>(
      "SELECT digest, response, response_state FROM adk_requests WHERE app_name = ? AND user_id = ? AND request_id = ?",
      ...place,
    );
    if (known !== undefined) {
      if (Buffer.compare(known.digest, request.digest) === 0) return known;
      throw new StoreError("REQUEST_ID_CONFLICT", "The request id was used for another request.");
    }
    const answer = change();
    db.run(
      "INSERT INTO adk_requests (app_name, user_id, request_id, session_id, digest, create_time, response, " +
        "response_state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      ...place,
      marked.sessionId ?? "",
      request.digest,
      marked.nowMicros,
      answer.response,
      answer.response_state,
    );
    return answer;
  });
}

/** Forgets the session's state in kept answers; part of its delete. */
export function forgetState(db: Connection, key: SessionKey): void {
  db.run(
    // Left alone, SQLite goes through all of the user's marks by the primary key.
    "UPDATE adk_requests INDEXED BY adk_requests_by_session SET response_state = NULL WHERE app_name = ? AND user_id = ? AND session_id = ? " +
      "AND response_state IS NOT NULL",
    key.appName,
    key.userId,
    key.sessionId,
  );
}

/** Forgets at most `limit` marks older than `beforeMicros`; gives their number. */
export function sweepRequests(db: Connection, beforeMicros: number, limit: number): number {
  return db.write(() =>
    db.run(
      "DELETE FROM adk_requests WHERE (app_name, user_id, request_id) IN " +
        "(SELECT app_name, user_id, request_id FROM adk_requests WHERE create_time < ? LIMIT ?)",
      beforeMicros,
      limit,
    ),
  );
}
