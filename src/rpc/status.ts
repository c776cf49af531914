/**
 * The one place that turns failures into statuses (I7). Whatever was thrown, the caller
 * gets a canonical code, an ErrorInfo and a text made for him; what he must not see
 * stays in `cause`, for the log.
 */
import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "../../gen/ts/google/rpc/error_details_pb.ts";
import { StoreError, type StoreErrorReason } from "../store/errors.ts";
import { type FieldViolation, RpcError, type RpcErrorOptions } from "./errors.ts";
import { type Reason, reasonRules } from "./reasons.ts";

/** The domain of every ErrorInfo. */
export const ERROR_DOMAIN = "sessiond.dev";

/** A message of google.rpc to send with a status. */
export interface StatusDetail {
  readonly desc: DescMessage;
  readonly value: MessageInitShape<DescMessage>;
}

/** How a call failed, free of transport. */
export interface Status {
  /** The canonical code; the numbers are gRPC's. */
  readonly code: Code;
  readonly reason: Reason;
  readonly message: string;
  /** At most one of each type, ErrorInfo first. */
  readonly details: readonly StatusDetail[];
  /** When to retry, jittered; undefined where a retry does not help. Also in RetryInfo. */
  readonly retryDelayMs: number | undefined;
  /** What was thrown, for the server's log. */
  readonly cause: unknown;
}

/**
 * Turns anything thrown by a handler, a decoder or an aborted signal into a status. What
 * it does not know is INTERNAL with `requestId` and nothing else.
 */
export function toStatus(error: unknown, requestId: string): Status {
  const known = toRpcError(error);
  const rule = reasonRules[known.reason];
  const retryDelayMs =
    rule.retryAfterMs === undefined ? undefined : jittered(known.retryDelayMs ?? rule.retryAfterMs);
  const internal = known.reason === "INTERNAL";
  const facts = internal ? { request_id: requestId } : known.facts;
  const details: StatusDetail[] = [
    detail(ErrorInfoSchema, { reason: known.reason, domain: ERROR_DOMAIN, metadata: { ...facts } }),
  ];
  if (known.fieldViolations.length > 0) {
    details.push(detail(BadRequestSchema, { fieldViolations: known.fieldViolations.map(copy) }));
  }
  if (retryDelayMs !== undefined) {
    details.push(detail(RetryInfoSchema, { retryDelay: toDuration(retryDelayMs) }));
  }
  if (internal) details.push(detail(RequestInfoSchema, { requestId }));
  return {
    code: rule.code,
    reason: known.reason,
    message: internal ? internalMessage(requestId) : known.message,
    details,
    retryDelayMs,
    cause: error,
  };
}

/** Whether a failure is about the server or its store rather than the request. */
export function isFault({ code }: Status): boolean {
  return [Code.Internal, Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted].includes(code);
}

function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof StoreError) return fromStore(error);
  if (error instanceof ConnectError) return fromConnect(error);
  // Signals that were aborted without one of our reasons: AbortSignal.timeout, AbortController.abort().
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return known("DEADLINE_EXCEEDED", "The time for the call ran out.", error);
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return known("CANCELLED", "The call was cancelled.", error);
  }
  return known("INTERNAL", "", error);
}

/** A closed store is a server that goes down; the other names are the contract's own. */
const storeReasons: Readonly<Record<StoreErrorReason, Reason>> = {
  SESSION_NOT_FOUND: "SESSION_NOT_FOUND",
  SESSION_ALREADY_EXISTS: "SESSION_ALREADY_EXISTS",
  STALE_SESSION: "STALE_SESSION",
  SESSION_RECREATED: "SESSION_RECREATED",
  EVENT_ID_CONFLICT: "EVENT_ID_CONFLICT",
  BATCH_PARTLY_STORED: "BATCH_PARTLY_STORED",
  REQUEST_ID_CONFLICT: "REQUEST_ID_CONFLICT",
  INVALID_OWNER: "INVALID_FIELD",
  TOO_LARGE: "TOO_LARGE",
  CONTENTION: "CONTENTION",
  STORE_UNAVAILABLE: "STORE_UNAVAILABLE",
  STORE_READ_ONLY: "STORE_READ_ONLY",
  STORE_FULL: "STORE_FULL",
  STORE_CLOSED: "SHUTTING_DOWN",
  SERVER_BUSY: "SERVER_BUSY",
  INTERNAL: "INTERNAL",
};

function fromStore(error: StoreError): RpcError {
  if (error.reason === "INVALID_OWNER") {
    const fieldViolations = [{ field: "owner_id", description: error.message }];
    return known("INVALID_FIELD", `owner_id ${error.message}.`, error, {
      facts: error.facts,
      fieldViolations,
    });
  }
  return known(storeReasons[error.reason], error.message, error, { facts: error.facts });
}

/** Failures of connect-node and of decoders: the codes that they use, each in one sense. */
function fromConnect(error: ConnectError): RpcError {
  switch (error.code) {
    case Code.InvalidArgument:
      return known("MALFORMED_MESSAGE", `The message cannot be read: ${error.rawMessage}`, error);
    case Code.ResourceExhausted:
      return known("TOO_LARGE", `The message is too large: ${error.rawMessage}`, error);
    case Code.Unimplemented:
      return known("UNIMPLEMENTED", error.rawMessage, error);
    case Code.Canceled:
      return known("CANCELLED", "The call was cancelled.", error);
    case Code.DeadlineExceeded:
      return known("DEADLINE_EXCEEDED", "The time for the call ran out.", error);
    default:
      return known("INTERNAL", "", error);
  }
}

function known(reason: Reason, message: string, cause: unknown, options: RpcErrorOptions = {}): RpcError {
  return new RpcError(reason, message, { ...options, cause });
}

function internalMessage(requestId: string): string {
  return `The server failed. Its log has the cause under request id ${requestId}.`;
}

/** Spreads retries over half to one and a half of the delay, so that they do not come back together. */
function jittered(delayMs: number): number {
  return Math.max(1, Math.round(delayMs * (0.5 + Math.random())));
}

function toDuration(ms: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(ms / 1_000)), nanos: (ms % 1_000) * 1_000_000 };
}

function copy(violation: FieldViolation): { field: string; description: string } {
  return { field: violation.field, description: violation.description };
}

function detail<D extends DescMessage>(desc: D, value: MessageInitShape<D>): StatusDetail {
  return { desc, value };
}
