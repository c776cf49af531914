/** Session rows: create, read, change, delete. */
import { type SessionHead, staleSession } from "../append-plan.ts";
import { StoreError } from "../errors.ts";
import { ownerValue } from "../owner-column.ts";
import { SESSION_COLUMNS, SESSION_KEY, type SessionRow, toHead } from "../rows.ts";
import { EMPTY_DELTA, EMPTY_SCOPE_DELTA } from "../state.ts";
import type {
  DeleteSessionInput,
  Expectation,
  HistoryOpening,
  OpenedHistory,
  SessionChange,
  SessionKey,
  SessionRecord,
  StateDelta,
  UpdateSessionInput,
  UpdateSharedStateInput,
} from "../store.ts";
import {
  answeredKey,
  deltaToJson,
  factsToColumn,
  type KeptAnswer,
  plainAnswer,
  sessionFromAnswer,
  sessionToAnswer,
} from "../stored-text.ts";
import { requireOwner } from "./owner.ts";
import type { Pool } from "./pool.ts";
import { findAnswer, forgetState, keepAnswer, keptAnswer, type MarkedRequest } from "./requests.ts";
import { keyValues, OF_SESSION } from "./rows.ts";
import { firstEventsOf, historySnapshot, keySnapshot, sessionsOf } from "./snapshot.ts";
import { allEqual, count, insertRows, type SqlValue, type Statement, statement } from "./sql.ts";
import { appPlace, clearSessionState, deltaPlaces, toWrites, userPlace, writeState } from "./state.ts";
import { insertTombstone } from "./tombstones.ts";
import { read, type Transaction, transact } from "./transaction.ts";

/** Events that one statement deletes, so that none runs for long. */
const DELETE_EVENTS = 5_000;

/** The statement that locks a session's row and reads it. */
function lockSession(key: SessionKey): Statement {
  return statement(
    `SELECT ${SESSION_COLUMNS} FROM adk_sessions WHERE ${allEqual(SESSION_KEY)} FOR UPDATE`,
    ...keyValues(key),
  );
}

/** The session, with merged state or as a light row, or undefined. */
export async function getSession(
  pool: Pool,
  key: SessionKey,
  withState: boolean,
  signal: AbortSignal | undefined,
): Promise<SessionRecord | undefined> {
  const { sql, values } = keySnapshot(key, withState);
  const rows = await read(pool, signal, (connection) =>
    connection.execute<Record<string, unknown>>(sql, values),
  );
  return sessionsOf(rows, withState)[0];
}

/** The session with merged state and the first events of its history, or undefined. */
export async function openHistory(
  pool: Pool,
  opening: HistoryOpening,
  signal: AbortSignal | undefined,
): Promise<OpenedHistory | undefined> {
  const { sql, values } = historySnapshot(opening);
  const rows = await read(pool, signal, (connection) =>
    connection.execute<Record<string, unknown>>(sql, values),
  );
  const [session] = sessionsOf(rows, true);
  return session && { session, events: firstEventsOf(rows, session, opening) };
}

export async function updateSession(
  pool: Pool,
  input: UpdateSessionInput,
  maxJsonDepth: number,
  signal: AbortSignal | undefined,
): Promise<SessionRecord> {
  const { key } = input;
  const marked: MarkedRequest = { ...key, request: input.request, nowMicros: input.nowMicros };
  const repeatable = input.request !== undefined;
  return transact(pool, { signal, repeatable }, async (transaction) => {
    const found = await transaction.run([lockSession(key), ...findAnswer(marked)]);
    const kept = keptAnswer(marked, found[1]);
    if (kept !== undefined) return repeatAnswer(transaction, kept);
    const row = found[0]?.rows[0] as SessionRow | undefined;
    if (row === undefined) throw new StoreError("SESSION_NOT_FOUND", "The session does not exist.");
    requireExpected(toHead(row), input.expected);
    if (input.ownerId !== undefined) await requireOwner(transaction, input.ownerId);
    const revision = row.revision + 1;
    // Clocks of several servers may differ; a session's update time never goes backwards.
    const createMicros = Math.max(input.nowMicros, row.update_time);
    const delta = deltaOf(input.state);
    const replaced = input.state?.kind === "replace";
    const { ownerId, displayName, labels } = input;
    const change = {
      revision,
      afterSeq: row.head_seq,
      createMicros,
      replaced,
      delta,
      ownerId,
      displayName,
      labels,
    };
    const { maxStatementBytes } = transaction;
    await transaction.run([
      statement(
        `UPDATE adk_sessions SET revision = ?, update_time = ?, owner_id = ?, display_name = ? WHERE ${allEqual(SESSION_KEY)}`,
        revision,
        createMicros,
        ownerValue(transaction.connection.schema.owner, ownerId ?? row.owner_id),
        displayName ?? row.display_name,
        ...keyValues(key),
      ),
      ...(labels === undefined
        ? []
        : [deleteOf("adk_session_labels", key), ...insertLabels([{ key, labels }], maxStatementBytes)]),
      ...(replaced ? [clearSessionState(key)] : []),
      ...insertChanges([{ key, change }], maxStatementBytes),
      ...writeState(deltaPlaces(key, delta), { maxJsonDepth, maxStatementBytes }),
    ]);
    const session = await mustRead(transaction, key);
    await transaction.commit(keepAnswer(marked, () => sessionToAnswer(session, maxStatementBytes / 2)));
    return session;
  });
}

/** Deletes a session and what it has, whether or not foreign keys would. */
export async function deleteSession(
  pool: Pool,
  { key, expected, request, nowMicros }: DeleteSessionInput,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { sessionId: _, ...user } = key;
  const marked: MarkedRequest = { ...user, request, nowMicros };
  const began = performance.now();
  /** The uid of the session that the last try was to delete, if any, and of one that a try before has deleted, perhaps. */
  let deleting: string | undefined;
  let doubted: string | undefined;
  return transact(pool, { signal, repeatable: true }, async (transaction) => {
    if (transaction.afterDoubt) doubted = deleting ?? doubted;
    deleting = undefined;
    const [found, known] = await transaction.run([lockSession(key), ...findAnswer(marked)]);
    const kept = keptAnswer(marked, known);
    if (kept !== undefined) return JSON.parse(kept.response) as boolean;
    const row = found?.rows[0] as SessionRow | undefined;
    // It is there, so the try that might have deleted it did not; what deletes it after this one is another's call.
    if (row !== undefined && row.uid === doubted) doubted = undefined;
    // What a namesake is now is none of a call's business whose own session is gone.
    const wasThere = doubted !== undefined;
    const isAnother = expected.uid !== undefined && row?.uid !== expected.uid;
    const answer = (was: boolean) => keepAnswer(marked, () => plainAnswer(was));
    if (row === undefined || wasThere || isAnother) {
      await transaction.commit(answer(wasThere));
      return wasThere;
    }
    requireExpected(toHead(row), expected);
    deleting = row.uid;
    const someEvents = statement(
      `DELETE FROM adk_events WHERE ${allEqual(OF_SESSION)} ORDER BY seq LIMIT ${count(DELETE_EVENTS)}`,
      ...keyValues(key),
    );
    for (let deleted = DELETE_EVENTS; deleted === DELETE_EVENTS; ) {
      deleted = (await transaction.run([someEvents]))[0]?.affectedRows ?? 0;
    }
    // Deleting many events takes long; the time told is close to the commit, where watchers look for it.
    const deleteMicros = nowMicros + Math.round((performance.now() - began) * 1_000);
    await transaction.commit([
      clearSessionState(key),
      deleteOf("adk_session_labels", key),
      deleteOf("adk_session_changes", key),
      statement(`DELETE FROM adk_sessions WHERE ${allEqual(SESSION_KEY)}`, ...keyValues(key)),
      insertTombstone({ key, uid: row.uid, deleteMicros }),
      forgetState(key),
      ...answer(true),
    ]);
    return true;
  });
}

export async function updateSharedState(
  pool: Pool,
  input: UpdateSharedStateInput,
  maxJsonDepth: number,
  signal: AbortSignal | undefined,
): Promise<{ updateMicros: number }> {
  const { appName, userId, nowMicros } = input;
  const repeatable = input.request !== undefined;
  return transact(pool, { signal, repeatable }, async (transaction) => {
    const [found] = await transaction.run(findAnswer(input));
    const kept = keptAnswer(input, found);
    if (kept !== undefined) return JSON.parse(kept.response) as { updateMicros: number };
    const answer = { updateMicros: nowMicros };
    const place = userId === undefined ? appPlace(appName) : userPlace(appName, userId);
    const { maxStatementBytes } = transaction;
    await transaction.commit([
      ...writeState([{ place, writes: toWrites(input.delta) }], { maxJsonDepth, maxStatementBytes }),
      ...keepAnswer(input, () => plainAnswer(answer)),
    ]);
    return answer;
  });
}

/** Statements for changes without an event. */
export function insertChanges(
  changes: readonly { readonly key: SessionKey; readonly change: SessionChange }[],
  maxStatementBytes: number,
): Statement[] {
  return insertRows(
    `INSERT INTO adk_session_changes (${OF_SESSION.join(", ")}, revision, after_seq, create_time, replaced, delta, facts)`,
    changes.map(({ key, change }): SqlValue[] => [
      ...keyValues(key),
      change.revision,
      change.afterSeq,
      change.createMicros,
      Number(change.replaced),
      deltaToJson(change.delta),
      factsToColumn(change),
    ]),
    maxStatementBytes,
  );
}

/** Statements for the labels of sessions that have none. */
export function insertLabels(
  labelled: readonly { readonly key: SessionKey; readonly labels: ReadonlyMap<string, string> }[],
  maxStatementBytes: number,
): Statement[] {
  return insertRows(
    `INSERT INTO adk_session_labels (${OF_SESSION.join(", ")}, label_key, label_value)`,
    labelled.flatMap(({ key, labels }) =>
      [...labels].map(([label, value]): SqlValue[] => [...keyValues(key), label, value]),
    ),
    maxStatementBytes,
  );
}

function deleteOf(table: string, key: SessionKey): Statement {
  return statement(`DELETE FROM ${table} WHERE ${allEqual(OF_SESSION)}`, ...keyValues(key));
}

/** The first answer of a request that was made before. */
export async function repeatAnswer(transaction: Transaction, kept: KeptAnswer): Promise<SessionRecord> {
  if (kept.response_state !== null) return sessionFromAnswer(kept, undefined);
  const key = answeredKey(kept);
  const [found] = await transaction.run([keySnapshot(key, true)]);
  return sessionFromAnswer(kept, sessionsOf(found?.rows ?? [], true)[0]);
}

/** The session, which this transaction knows to be there. */
export async function mustRead(transaction: Transaction, key: SessionKey): Promise<SessionRecord> {
  const [found] = await transaction.run([keySnapshot(key, true)]);
  const session = sessionsOf(found?.rows ?? [], true)[0];
  if (session === undefined) throw new StoreError("INTERNAL", "The session just written is not there.");
  return session;
}

function requireExpected(head: SessionHead, expected: Expectation): void {
  const otherUid = expected.uid !== undefined && expected.uid !== head.uid;
  const otherRevision = expected.revision !== undefined && expected.revision !== head.revision;
  if (otherUid || otherRevision) throw staleSession(head);
}

function deltaOf(state: UpdateSessionInput["state"]): StateDelta {
  if (state === undefined) return EMPTY_DELTA;
  if (state.kind === "merge") return state.delta;
  return { session: { set: state.state, remove: [] }, user: EMPTY_SCOPE_DELTA, app: EMPTY_SCOPE_DELTA };
}
