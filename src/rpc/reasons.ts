/** Every reason of the contract with its canonical code and whether the same call may be retried. */
import { Code } from "@connectrpc/connect";
import type { ErrorReason } from "../../gen/ts/sessiond/v1/error_pb.ts";

/** The name of a reason as it stands in ErrorInfo: `STALE_SESSION`. */
export type Reason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED">;

/** What a reason means on the wire. */
export interface ReasonRule {
  /** The canonical code; its number is the same in gRPC and Connect. */
  readonly code: Code;
  /** Milliseconds after which the same call may be sent again; undefined where a retry does not help. */
  readonly retryAfterMs: number | undefined;
}

/** The one table from reason to code, as error.proto documents it. A reason without a row does not compile. */
export const reasonRules: Readonly<Record<Reason, ReasonRule>> = {
  INVALID_FIELD: final(Code.InvalidArgument),
  MALFORMED_MESSAGE: final(Code.InvalidArgument),
  TOO_LARGE: final(Code.ResourceExhausted),
  SESSION_NOT_FOUND: final(Code.NotFound),
  SESSION_ALREADY_EXISTS: final(Code.AlreadyExists),
  STALE_SESSION: final(Code.Aborted),
  SESSION_RECREATED: final(Code.Aborted),
  EVENT_ID_CONFLICT: final(Code.AlreadyExists),
  BATCH_PARTLY_STORED: final(Code.AlreadyExists),
  REQUEST_ID_CONFLICT: final(Code.InvalidArgument),
  INVALID_PAGE_TOKEN: final(Code.InvalidArgument),
  INVALID_CURSOR: final(Code.InvalidArgument),
  SEQ_BEYOND_HEAD: final(Code.OutOfRange),
  EVENTS_TRIMMED: final(Code.OutOfRange),
  STORE_UNAVAILABLE: retryable(Code.Unavailable, 1_000),
  STORE_READ_ONLY: retryable(Code.Unavailable, 2_000),
  STORE_FULL: final(Code.ResourceExhausted),
  SERVER_BUSY: retryable(Code.ResourceExhausted, 500),
  SHUTTING_DOWN: retryable(Code.Unavailable, 500),
  CONTENTION: retryable(Code.Aborted, 100),
  DEADLINE_EXCEEDED: final(Code.DeadlineExceeded),
  CANCELLED: final(Code.Canceled),
  UNIMPLEMENTED: final(Code.Unimplemented),
  INTERNAL: final(Code.Internal),
  SLOW_READER: retryable(Code.ResourceExhausted, 100),
};

function final(code: Code): ReasonRule {
  return { code, retryAfterMs: undefined };
}

function retryable(code: Code, retryAfterMs: number): ReasonRule {
  return { code, retryAfterMs };
}
