/** What the front doors tell of calls, for metrics and traces. */
import type { DescMethod } from "@bufbuild/protobuf";
import type { Caller } from "../rpc/context.ts";

/** What a front door knows of a call before it begins. */
export interface CallInfo {
  readonly method: DescMethod;
  readonly caller: Caller;
  /** The caller's `x-request-id`. */
  readonly requestId: string | undefined;
  /** How long the caller waits, in milliseconds from now; undefined if it does not say, NaN if it is malformed. */
  readonly timeoutMs: number | undefined;
  /** The caller's trace, as W3C Trace Context has it; undefined if it has none. */
  readonly traceParent: string | undefined;
  readonly traceState: string | undefined;
}

/** How a call ended. */
export interface CallEnd {
  /** The canonical code in lower case: `ok`, `deadline_exceeded`. */
  readonly code: string;
  /** Its number. */
  readonly status: number;
  /** The reason of the contract; undefined if it went well. */
  readonly reason: string | undefined;
  /** Whether the server or its store was at fault rather than the request. */
  readonly fault: boolean;
  readonly seconds: number;
  readonly streaming: boolean;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** Told of every call. Nothing here may throw. */
export interface CallObserver {
  began(info: CallInfo): ObservedCall;
}

/** One call that is followed. */
export interface ObservedCall {
  /** The trace that the call belongs to, for the log; undefined if there is none. */
  readonly traceId: string | undefined;
  /** Does work of the call: what the store does meanwhile counts as the call's. */
  run<T>(work: () => T): T;
  /** Called once. */
  ended(end: CallEnd): void;
}

/** Follows nothing. */
export const unobserved: CallObserver = {
  began: () => ({ traceId: undefined, run: (work) => work(), ended: () => {} }),
};
