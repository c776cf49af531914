/** Request marks: a retry of a request gets the first answer. */
import { StoreError } from "../errors.ts";
import type { RequestMark, SessionKey } from "../store.ts";
import type { KeptAnswer } from "../stored-text.ts";
import type { Result } from "./connection.ts";
import type { Pool } from "./pool.ts";
import { keyValues, OF_SESSION } from "./rows.ts";
import { allEqual, bytes, insertRows, type SqlValue, type Statement, selectAny, statement } from "./sql.ts";
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

/** Statements for the kept answers of a group of a user's requests. */
export function findAnswers(
  group: readonly { readonly key: SessionKey; readonly request: RequestMark | undefined }[],
): Statement[] {
  return selectAny(
    "SELECT app_name, user_id, request_id, digest, response, response_state FROM adk_requests FORCE INDEX (PRIMARY)",
    ["app_name", "user_id", "request_id"],
    group.flatMap(({ key, request }) =>
      request === undefined ? [] : [[key.appName, key.userId, request.id]],
    ),
  );
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
  if (marked.request === undefined) return [];
  return keepAnswers([{ ...marked, request: marked.request, answer: answer() }], Number.POSITIVE_INFINITY);
}

/** A request with its mark and the answer that it was given. */
export interface AnsweredRequest extends MarkedRequest {
  readonly request: RequestMark;
  readonly answer: KeptAnswer;
}

/** The same for a group. */
export function keepAnswers(answered: readonly AnsweredRequest[], maxStatementBytes: number): Statement[] {
  return insertRows(
    "INSERT INTO adk_requests (app_name, user_id, request_id, session_id, digest, response, response_state, create_time)",
    answered.map(({ appName, userId = "", sessionId = "", request, nowMicros, answer }): SqlValue[] => [
      appName,
      userId,
      request.id,
      sessionId,
      bytes(request.digest),
      answer.response,
      answer.response_state,
      nowMicros,
    ]),
    maxStatementBytes,
  );
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
