/** A history by calls: every call with all of its attempts. */
import {
  type Answers,
  type Attempt,
  type Call,
  type CallKind,
  type History,
  isUnknown,
  requestIdOf,
} from "../calls.ts";

/** A call, sent once or several times. */
export interface Issued<K extends CallKind = CallKind> {
  readonly call: Extract<Call, { kind: K }>;
  readonly attempts: readonly Attempt[];
  /** Attempts that were answered, in the order of their ends. */
  readonly answered: readonly Answered<K>[];
  /** When it was first sent. */
  readonly start: number;
  /** Whether something may have happened that no answer told. */
  readonly open: boolean;
}

/** An attempt that was answered. */
export interface Answered<K extends CallKind = CallKind> {
  readonly start: number;
  readonly end: number;
  readonly answer: Answers[K];
}

/** The calls of a history in the order of their first attempts. */
export function issuedCalls({ attempts, faults }: History): Issued[] {
  const byCall = new Map<Call, Attempt[]>();
  for (const attempt of attempts) {
    const same = byCall.get(attempt.call) ?? [];
    byCall.set(attempt.call, same);
    same.push(attempt);
  }
  return [...byCall].map(([call, same]) => toIssued(call, same, faults)).sort((a, b) => a.start - b.start);
}

/** Those of one kind. */
export function ofKind<K extends CallKind>(issued: readonly Issued[], kind: K): Issued<K>[] {
  return issued.filter(({ call }) => call.kind === kind) as unknown as Issued<K>[];
}

function toIssued(call: Call, attempts: readonly Attempt[], faults: boolean): Issued {
  const answered = attempts.flatMap(({ start, end, outcome }) =>
    outcome.ok ? [{ start, end, answer: outcome.answer as never }] : [],
  );
  const unknown = attempts.some(({ outcome }) => isUnknown(outcome));
  // A request id gets the first answer whatever came between. A refusal settles nothing: the attempt that was given up
  // may still be on its way, and take effect after it.
  const settled = requestIdOf(call) !== "" && answered.length > 0;
  // A server whose commit's answer was lost sends the append again as a client would: it is refused where the session
  // that took it was deleted in between.
  const repeated = faults && call.kind === "append" && answered.length === 0;
  return {
    call,
    attempts,
    answered,
    start: Math.min(...attempts.map(({ start }) => start)),
    open: (unknown && !settled) || repeated,
  };
}
