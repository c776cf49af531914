/** Failures that RPCs, reads and front doors report; src/rpc/status.ts turns them into statuses. */
import type { Reason } from "./reasons.ts";

/** One field that is not as the contract has it. */
export interface FieldViolation {
  /** The path in the request, in the names of the proto: `event.state_delta["key"]`. */
  readonly field: string;
  /** What is wrong and what is right. */
  readonly description: string;
}

/** What an RpcError says beside its reason and message. */
export interface RpcErrorOptions {
  /** ErrorInfo metadata, such as `limit_bytes`. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly fieldViolations?: readonly FieldViolation[];
  /** When to retry, in milliseconds; without it the reason's own delay counts. */
  readonly retryDelayMs?: number;
  /** For the server's log only. */
  readonly cause?: unknown;
}

/**
 * A failure with its reason. The message goes to the caller as it is: it says what was
 * wrong and what to do, and values of the caller are written with `quote`.
 */
export class RpcError extends Error {
  readonly reason: Reason;
  readonly facts: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
  readonly retryDelayMs: number | undefined;

  constructor(reason: Reason, message: string, options: RpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RpcError";
    this.reason = reason;
    this.facts = options.facts ?? {};
    this.fieldViolations = options.fieldViolations ?? [];
    this.retryDelayMs = options.retryDelayMs;
  }
}

/** The reason to abort a call's signal with when its deadline passed. */
export function deadlineExceeded(): RpcError {
  return new RpcError(
    "DEADLINE_EXCEEDED",
    "The time for the call ran out. A write may have happened: retry it with the same ids to learn of it.",
  );
}

/** The reason to abort a call's signal with when its caller went away. */
export function cancelled(): RpcError {
  return new RpcError("CANCELLED", "The call was cancelled.");
}

/** The reason to abort a call's signal with, or to refuse it, when this server goes down. */
export function shuttingDown(): RpcError {
  return new RpcError("SHUTTING_DOWN", "This server is going down. Retry: another one will answer.");
}

/** An answer for a method or option that this server does not have. */
export function unimplemented(what: string): RpcError {
  return new RpcError("UNIMPLEMENTED", `This server does not have ${what} yet.`);
}

/** No session has the key. */
export function sessionNotFound(): RpcError {
  return new RpcError("SESSION_NOT_FOUND", "No session has this key. Ids are compared exactly.");
}

/** The session has another uid than the request, token or cursor names. */
export function sessionRecreated(): RpcError {
  return new RpcError(
    "SESSION_RECREATED",
    "The session was deleted and made again. Start over without the uid, cursor or page token.",
  );
}

/** A session whose state is larger than a message may be. */
export function stateTooLarge(bytes: number, limitBytes: number, what: string): RpcError {
  return new RpcError(
    "TOO_LARGE",
    `The state has ${bytes} bytes and an answer at most ${limitBytes}. ${what}`,
    {
      facts: { limit_bytes: String(limitBytes) },
    },
  );
}

/** A position after the session's newest event. */
export function seqBeyondHead(seq: number, headSeq: number): RpcError {
  return new RpcError(
    "SEQ_BEYOND_HEAD",
    `The session's newest event is ${headSeq}, before ${seq}. Start over.`,
  );
}

/** A position before the session's oldest event that is left. */
export function eventsTrimmed(firstSeq: number): RpcError {
  return new RpcError(
    "EVENTS_TRIMMED",
    `The session's events before ${firstSeq} were trimmed. Go on from there.`,
    {
      facts: { first_seq: String(firstSeq) },
    },
  );
}

const QUOTED_CHARACTERS = 64;

/**
 * A caller's text for a message: in quotes, at most 64 characters of it, with everything
 * escaped that could act on a terminal or a log (control and direction characters).
 */
export function quote(text: string): string {
  const shown = text.length > QUOTED_CHARACTERS ? `${text.slice(0, QUOTED_CHARACTERS)}…` : text;
  return JSON.stringify(shown).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (found) =>
    Array.from({ length: found.length }, (_, at) => hex(found.charCodeAt(at))).join(""),
  );
}

function hex(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}
