/** What passes between the store and its workers, and how errors cross. */
import { inspect } from "node:util";
import { StoreError, type StoreErrorReason } from "../errors.ts";
import type { SchemaOptions } from "../schema.ts";
import type { OperationName } from "./operations.ts";

/** What a worker is started with. */
export interface WorkerOptions {
  readonly path: string;
  readonly busyTimeoutMs: number;
  readonly role: "writer" | "reader";
  readonly schema?: SchemaOptions | undefined;
}

/** What is known of the database once it is open. */
export interface OpenedInfo {
  /** SQLite's version. */
  readonly version: string;
  /** Pragmas that decide what a commit is worth. */
  readonly settings: ReadonlyMap<string, string>;
}

/** To a worker. One call at a time; `close` is the last message. */
export type ToWorker =
  | { readonly kind: "call"; readonly name: OperationName; readonly input: readonly unknown[] }
  | { readonly kind: "close" };

/** From a worker: first `opened` or `refused`, then one `done` or `failed` for each call. */
export type FromWorker =
  | { readonly kind: "opened"; readonly info: OpenedInfo }
  | { readonly kind: "refused"; readonly message: string; readonly cause: string }
  | { readonly kind: "done"; readonly output: unknown }
  | { readonly kind: "failed"; readonly error: ErrorData };

/** An operation's output of which these buffers are moved to the caller's thread instead of copied. */
export class Moved<T> {
  readonly value: T;
  readonly buffers: readonly ArrayBuffer[];

  constructor(value: T, buffers: readonly ArrayBuffer[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

/** A StoreError as plain data. */
export interface ErrorData {
  readonly reason: StoreErrorReason;
  readonly message: string;
  readonly facts: Readonly<Record<string, string>>;
  /** The cause's text, for the log. */
  readonly cause: string | undefined;
}

export function toErrorData(error: StoreError): ErrorData {
  return {
    reason: error.reason,
    message: error.message,
    facts: error.facts,
    cause: error.cause === undefined ? undefined : inspect(error.cause),
  };
}

export function fromErrorData(data: ErrorData): StoreError {
  return new StoreError(data.reason, data.message, { facts: data.facts, cause: data.cause });
}

/** An outcome whose error crosses threads. */
export type Plain<Out extends { readonly ok: boolean }> =
  | Extract<Out, { ok: true }>
  | { readonly ok: false; readonly error: ErrorData };

/** What a group of writes came to. */
type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: StoreError };

export function toPlain<Out extends Outcome>(outcomes: readonly Out[]): Plain<Out>[] {
  return outcomes.map((outcome) =>
    outcome.ok ? (outcome as Extract<Out, { ok: true }>) : { ok: false, error: toErrorData(outcome.error) },
  );
}

export function fromPlain<Done extends { readonly ok: true }>(
  outcomes: readonly (Done | { readonly ok: false; readonly error: ErrorData })[],
): (Done | { ok: false; error: StoreError })[] {
  return outcomes.map((outcome) =>
    outcome.ok ? outcome : { ok: false, error: fromErrorData(outcome.error) },
  );
}
