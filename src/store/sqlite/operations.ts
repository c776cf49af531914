/** Everything that a worker does for the store, by name: the types of all messages follow from this. */
import { statSync } from "node:fs";
import { StoreError } from "../errors.ts";
import type { AppendInput, AppendOutcome, CreateOutcome, CreateSessionInput } from "../store.ts";
import { APPEND_LIMITS, append } from "./append.ts";
import { listChanges, readChanges } from "./changes.ts";
import type { Connection } from "./connection.ts";
import {
  listScopeEvents,
  openHistory,
  readEventsChunk,
  readStateDeltasChunk,
  seqBeforeNewest,
} from "./events.ts";
import { sessionHeads } from "./heads.ts";
import { sweepRequests } from "./requests.ts";
import {
  createSessions,
  deleteSession,
  getSession,
  getSessionRow,
  listApps,
  listSessions,
  listUsers,
  updateSession,
} from "./sessions.ts";
import { getSharedState, updateSharedState } from "./state.ts";
import { listTombstones, sweepTombstones } from "./tombstones.ts";
import { type Moved, type Plain, toPlain } from "./wire.ts";

/** The operations. Each takes a connection and plain data, and gives plain data or throws. */
export const OPERATIONS = {
  ping,
  createSessions: createPlain,
  getSession,
  openHistory,
  getSessionRow,
  updateSession,
  deleteSession,
  sessionHeads,
  listSessions,
  listTombstones,
  listApps,
  listUsers,
  append: appendPlain,
  readEventsChunk,
  seqBeforeNewest,
  listScopeEvents,
  listChanges,
  readChanges,
  readStateDeltasChunk,
  getSharedState,
  updateSharedState,
  sweepRequests,
  sweepTombstones,
};

export type OperationName = keyof typeof OPERATIONS;

type WithoutConnection<A> = A extends [Connection, ...infer Rest] ? Rest : never;

/** What an operation takes beside its connection. */
export type OperationInput<K extends OperationName> = WithoutConnection<Parameters<(typeof OPERATIONS)[K]>>;

/** What an operation gives. */
export type OperationOutput<K extends OperationName> =
  ReturnType<(typeof OPERATIONS)[K]> extends Moved<infer T> ? T : ReturnType<(typeof OPERATIONS)[K]>;

function appendPlain(db: Connection, group: readonly AppendInput[]): Plain<AppendOutcome>[] {
  return toPlain(append(db, group, APPEND_LIMITS));
}

function createPlain(db: Connection, group: readonly CreateSessionInput[]): Plain<CreateOutcome>[] {
  return toPlain(createSessions(db, group));
}

function ping(db: Connection): void {
  db.get("SELECT 1 FROM adk_sessions LIMIT 1");
  // A file that was removed or replaced still answers, and what is written to it is lost.
  const now = statSync(db.path, { throwIfNoEntry: false });
  if (now === undefined || now.ino !== db.file.ino || now.dev !== db.file.dev) {
    throw new StoreError(
      "STORE_UNAVAILABLE",
      "The database file was removed or replaced. Start the server again.",
    );
  }
}
