/** Request marks: a retry of a request gets the first answer. */
import { StoreError } from "../errors.ts";
import type { RequestMark, SessionKey } from "../store.ts";
import type { KeptAnswer } from "../stored-text.ts";
import type { Result } from "./connection.ts";
import type { Pool } from "./pool.ts";
import { keyValues, OF_SESSION } from "./rows.ts";
import { allEqual, bytes, type Statement, statement } from "./sql.ts";
import { sweep } from "./sweep.ts";

/** Whose request it is, and when. */
export interface MarkedRequest {
  readonly appName: string;
  /** Undefined for requests of a whole app: user ids are never empty, so '' is free for it. */
  readonly userId: string | undefined;
  /** The session whose state the answer may have. */
  readonly sessionId?: string | undefined;
  readonly request: RequestMark | undefined;
  readonly nowMicros: number;
}

/** Statements that look for a kept answer, for `keptAnswer`; none for a request without a mark. */
export function findAnswer({ appName, userId = "", request }: MarkedRequest): Statement[] {
  if (request === undefined) return [];
  return [
    statement(
      "SELECT digest, response, response_state FROM adk_requests WHERE app_name = ? AND user_id = ? AND request_id = ?",
      appName,
      userId,
      request.id,
    ),
  ];
}

/**
 * The answer that an earlier try was given, or undefined.
 * @throws StoreError REQUEST_ID_CONFLICT
 */
export function keptAnswer({ request }: MarkedRequest, found: Result | undefined): KeptAnswer | undefined {
  const row = found?.rows[0] as (KeptAnswer & { readonly digest: Buffer }) | undefined;
  if (request === undefined || row === undefined) return undefined;
  if (row.digest.equals(request.digest)) return row;
  throw new StoreError("REQUEST_ID_CONFLICT", "The request id was used for another request.");
}

/** Statements that keep an answer; none for a request without a mark. */
export function keepAnswer(marked: MarkedRequest, answer: () => KeptAnswer): Statement[] {
  const { appName, userId = "", sessionId = "", request, nowMicros } = marked;
  if (request === undefined) return [];
  const { response, response_state } = answer();
  return [
    statement(
      "INSERT INTO adk_requests (app_name, user_id, request_id, session_id, digest, response, response_state, create_time) " +
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      appName,
      userId,
      request.id,
      sessionId,
      bytes(request.digest),
      response,
      response_state,
      nowMicros,
    ),
  ];
}

/** The statement after which no kept answer has the session's state. */
export function forgetState(key: SessionKey): Statement {
  return statement(
    `UPDATE adk_requests SET response_state = NULL WHERE ${allEqual(OF_SESSION)} AND response_state IS NOT NULL`,
    ...keyValues(key),
  );
}

/** Forgets marks older than `beforeMicros`; gives their number. */
export function sweepRequests(
  pool: Pool,
  beforeMicros: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  return sweep(
    pool,
    "DELETE FROM adk_requests WHERE create_time < ? ORDER BY create_time",
    beforeMicros,
    signal,
  );
}
