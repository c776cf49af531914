/** A row of the table of bad input: what test/api/bad-input.test.ts tries and docs/bad-input.md tells. */
import type { Api } from "../harness/clients.ts";
import type { RawGrpc, RawHttp } from "../harness/raw.ts";
import type { Key } from "../harness/samples.ts";

/** What the server says. */
export type Answer =
  | {
      readonly code: string;
      readonly reason: string;
      /** Of BadRequest; KEY stands for a key's text. */
      readonly field?: string;
      /** Names of ErrorInfo's metadata. */
      readonly metadata?: readonly string[];
    }
  /** An answer of the HTTP server itself, before any RPC. */
  | { readonly http: number };

/** Where a row is tried: a session with three events `e1`, `e2`, `e3` at revision 4, in an app of its own. */
export interface Target {
  readonly key: Key;
  readonly uid: string;
  /** A client of the door that is being tried. */
  readonly api: Api;
  readonly grpc: RawGrpc;
  readonly http: RawHttp;
}

/** Sends the bad input. Raw attempts resolve to what came back, calls reject. */
export type Attempt = (target: Target) => Promise<unknown> | AsyncIterable<unknown>;

/** One row. */
export interface BadInput {
  readonly what: string;
  readonly answer: Answer;
  /** What its sender should do. */
  readonly action: string;
  readonly attempts: { readonly grpc?: Attempt; readonly http?: Attempt };
}

/** Rows under one heading. */
export interface Group {
  readonly title: string;
  readonly rows: readonly BadInput[];
}

/** A call that both doors answer alike. */
export function both(what: string, answer: Answer, action: string, attempt: Attempt): BadInput {
  return { what, answer, action, attempts: { grpc: attempt, http: attempt } };
}

/** INVALID_ARGUMENT with the field that is wrong. */
export function invalid(field: string): Answer {
  return { code: "INVALID_ARGUMENT", reason: "INVALID_FIELD", field };
}

/** RESOURCE_EXHAUSTED because of a size. */
export const tooLarge: Answer = {
  code: "RESOURCE_EXHAUSTED",
  reason: "TOO_LARGE",
  metadata: ["limit_bytes"],
};

/** INVALID_ARGUMENT because the message cannot be read. */
export const malformed: Answer = { code: "INVALID_ARGUMENT", reason: "MALFORMED_MESSAGE" };
