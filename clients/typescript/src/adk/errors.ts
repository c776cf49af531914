/**
 * What a failed call throws: a `SessiondError` with the server's words. Where ADK's own session services have a text
 * for the case, which programs match, the error has that text.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { retryDelay } from "../errors.ts";
import { BadRequestSchema, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";

const domain = "sessiond.dev";

/** What is known of a failure beside its text. */
export interface ErrorFacts {
  readonly code?: Code | undefined;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: Readonly<Record<string, string>>;
  readonly retryDelayMs?: number | undefined;
  readonly requestId?: string;
  readonly cause?: unknown;
}

/** A call to sessiond failed. */
export class SessiondError extends Error {
  /** The gRPC status code; undefined where the failure is not the server's. */
  readonly code: Code | undefined;
  /** The name of an `ErrorReason` without its prefix, such as `STALE_SESSION`; empty where none came. */
  readonly reason: string;
  /** Facts that belong to the reason, such as `actual_revision`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** For a bad request, from the request's field to what is wrong with it. */
  readonly violations: Readonly<Record<string, string>>;
  /** Ms to wait before another try; undefined where the server named no time. */
  readonly retryDelayMs: number | undefined;
  /** Names the call in the server's log; empty where none came. */
  readonly requestId: string;

  constructor(message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.name = new.target.name;
    this.code = facts.code;
    this.reason = facts.reason ?? "";
    this.metadata = facts.metadata ?? {};
    this.violations = facts.violations ?? {};
    this.retryDelayMs = facts.retryDelayMs;
    this.requestId = facts.requestId ?? "";
  }
}

/** No session has this key. */
export class SessionNotFoundError extends SessiondError {}

/** A session of this id is there already; the text has the id. */
export class SessionAlreadyExistsError extends SessiondError {}

/** The session changed since it was loaded; nothing was stored. `metadata` has `actual_revision` and `head_seq`. */
export class StaleSessionError extends SessiondError {}

/** The session has another event of the same id. */
export class EventIdConflictError extends SessiondError {}

/** What was sent is not as the contract has it: an id too long, a value that JSON cannot carry. */
export class InvalidRequestError extends SessiondError {}

/**
 * An event, a request or an answer is over a limit of the server's, which `metadata.limit_bytes` has, or of the channel
 * options'.
 */
export class TooLargeError extends SessiondError {}

/** The server or its database did not answer, through all the retries that the deadline left time for. */
export class UnavailableError extends SessiondError {}

/** The time was up. A write may have happened: append the same event again to learn of it. */
export class DeadlineError extends SessiondError {}

/** The credentials are missing, wrong or not enough. */
export class AccessError extends SessiondError {}

type ErrorClass = typeof SessiondError;

const byReason: ReadonlyMap<string, ErrorClass> = new Map([
  ["SESSION_NOT_FOUND", SessionNotFoundError],
  ["SESSION_ALREADY_EXISTS", SessionAlreadyExistsError],
  ["STALE_SESSION", StaleSessionError],
  ["EVENT_ID_CONFLICT", EventIdConflictError],
  ["TOO_LARGE", TooLargeError],
]);

const byCode: ReadonlyMap<Code, ErrorClass> = new Map([
  [Code.InvalidArgument, InvalidRequestError],
  [Code.OutOfRange, InvalidRequestError],
  [Code.Unavailable, UnavailableError],
  [Code.DeadlineExceeded, DeadlineError],
  [Code.Unauthenticated, AccessError],
  [Code.PermissionDenied, AccessError],
]);

/** The words for a stale session that ADK has in Python; in TypeScript it has none. */
export const staleSessionText =
  "The session has been modified in storage since it was loaded. Please reload the session before appending more " +
  "events.";

/** The texts of ADK's own services. */
const adkTexts: ReadonlyMap<ErrorClass, (sessionId: string) => string> = new Map([
  [SessionNotFoundError, (id: string) => `Session ${id} not found for appendEvent`],
  [SessionAlreadyExistsError, (id: string) => `Session with id ${id} already exists.`],
  [StaleSessionError, () => staleSessionText],
]);

/** An error of one of the kinds above for an append, under ADK's text. */
export function appendError(
  kind: typeof SessionNotFoundError | typeof StaleSessionError,
  reason: string,
  sessionId: string,
): SessiondError {
  return new kind(adkTexts.get(kind)?.(sessionId) ?? reason, { reason });
}

/** Whether the same request may be sent again: every write carries an id that makes that safe. */
export function isRetryable(failure: SessiondError): boolean {
  const { code, reason } = failure;
  return (
    code === Code.Unavailable ||
    code === Code.DeadlineExceeded ||
    reason === "CONTENTION" ||
    reason === "SERVER_BUSY" ||
    isRefusal(failure)
  );
}

/** Whether the server answered the call, be it with an error. */
export function isAnswer(failure: SessiondError): boolean {
  const unanswered =
    failure instanceof UnavailableError ||
    failure instanceof DeadlineError ||
    failure.code === Code.Canceled ||
    isRefusal(failure);
  return !unanswered;
}

/**
 * Whether something on the way had no room for the call, so that it was never begun: a connection with too many streams
 * (ENHANCE_YOUR_CALM), a proxy with a rate limit. The server itself gives a reason.
 */
function isRefusal(failure: SessiondError): boolean {
  const { code, reason } = failure;
  return code === Code.ResourceExhausted && reason === "" && !(failure instanceof TooLargeError);
}

/** Whether grpc-js found a message larger than the channel options allow; only the words tell. */
function isOverLimit({ code, rawMessage }: ConnectError): boolean {
  return code === Code.ResourceExhausted && /\bmessage\b.* larger than \b/.test(rawMessage);
}

/**
 * Reads a failed call: ErrorInfo, BadRequest and RetryInfo of google.rpc, where the server sent them.
 * @param sessionId the session that the call was about; ADK's texts have it
 */
export function fromCallError(error: unknown, sessionId = ""): SessiondError {
  if (error instanceof SessiondError) return error;
  const failure = ConnectError.from(error);
  const [info] = failure.findDetails(ErrorInfoSchema);
  // A proxy in between may send an ErrorInfo too, whose reasons mean something else.
  const reason = info?.domain === domain ? info.reason : "";
  const kind =
    byReason.get(reason) ??
    (reason === "" && isOverLimit(failure) ? TooLargeError : byCode.get(failure.code)) ??
    SessiondError;
  const violations = failure
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) => fieldViolations.map(({ field, description }) => [field, description]));
  return new kind(adkTexts.get(kind)?.(sessionId) ?? (failure.rawMessage || Code[failure.code]), {
    code: failure.code,
    reason,
    metadata: info?.metadata ?? {},
    violations: Object.fromEntries(violations),
    retryDelayMs: retryDelay(failure),
    requestId: info?.metadata["request_id"] || (failure.metadata.get("x-request-id") ?? ""),
    cause: failure,
  });
}
