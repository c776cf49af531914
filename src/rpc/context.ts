/** What an RPC knows of its call, whichever front door it came through. */
import type { Logger } from "pino";

/** Who calls. `peer` is an address; nobody is authenticated yet. */
export interface Caller {
  readonly protocol: "grpc" | "grpc-web" | "connect";
  readonly peer: string;
  readonly userAgent: string;
}

/** One call. Front doors make it; RPCs only read it. */
export interface RequestContext {
  /** Names the call in logs and in INTERNAL errors; the caller's `x-request-id` if it is sane. */
  readonly requestId: string;
  /** The method's short name, `AppendEvent`. */
  readonly method: string;
  /** Aborts when the deadline passes, the caller goes, or the server must end the call. */
  readonly signal: AbortSignal;
  /**
   * For a stream that ends in words of its own: aborts when the server goes down. `signal`
   * then aborts only if the stream is not over a little later; for a stream that never asks
   * for this it aborts at once.
   */
  stopSignal(): AbortSignal;
  /** When the call must be answered, in milliseconds since 1970; undefined for never. */
  readonly deadlineMs: number | undefined;
  readonly caller: Caller;
  readonly log: Logger;
  /** Sets a response header, before the first response message. Names in lower case. */
  setHeader(name: string, value: string): void;
  /** Adds facts to the call's one log line: counts and sizes, never content or state. */
  annotate(facts: Readonly<Record<string, string | number | boolean>>): void;
}
