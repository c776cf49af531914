/** New sessions: groups of creates, and those that appends make. */
import { keyText, newHead, type PlannedSession, type SessionHead } from "../append-plan.ts";
import { type CreateStep, type KnownAnswer, markText, planCreates } from "../create-plan.ts";
import { type OwnerColumn, ownerValue } from "../owner-column.ts";
import { SESSION_COLUMNS, SESSION_KEY } from "../rows.ts";
import { EMPTY_DELTA, mergeState } from "../state.ts";
import { StateGatherer } from "../state-writes.ts";
import type { CreateOutcome, CreateSessionInput, SessionRecord } from "../store.ts";
import { sessionToAnswer } from "../stored-text.ts";
import type { Result } from "./connection.ts";
import { ownerCheck } from "./owner.ts";
import type { Pool } from "./pool.ts";
import { type AnsweredRequest, findAnswers, keepAnswers } from "./requests.ts";
import { compareKeys, keyValues } from "./rows.ts";
import { insertChanges, insertLabels, mustRead, repeatAnswer } from "./sessions.ts";
import { fromDouble, insertRows, type SqlValue, type Statement, selectAny } from "./sql.ts";
import { groupPlaces, type SharedStates, selectSharedStates, toSharedStates, writeState } from "./state.ts";
import { type Transaction, transact } from "./transaction.ts";

/** A session that is made: its row, and what stands beside it. */
export interface NewSession extends Pick<CreateSessionInput, "ownerId" | "displayName" | "labels" | "delta"> {
  readonly head: SessionHead;
}

/** What an append gives a session that it makes. */
export function madeByAppend({ head, ownerId }: PlannedSession): NewSession {
  return { head, ownerId, displayName: "", labels: new Map(), delta: EMPTY_DELTA };
}

/** Statements for new sessions, which come in the order of their keys, each with its create as the first change. */
export function insertSessions(
  made: readonly NewSession[],
  maxStatementBytes: number,
  owner: OwnerColumn | undefined,
): Statement[] {
  return [
    ...insertRows(
      `INSERT INTO adk_sessions (${SESSION_COLUMNS})`,
      made.map(({ head, ownerId, displayName }): SqlValue[] => [
        ...keyValues(head.key),
        head.uid,
        head.revision,
        head.headSeq,
        1,
        head.eventCount,
        head.eventBytes,
        ownerValue(owner, ownerId),
        displayName,
        head.createMicros,
        head.updateMicros,
        fromDouble(head.lastEventTime),
      ]),
      maxStatementBytes,
    ),
    ...insertChanges(
      made.map(({ head, ...given }) => ({
        key: head.key,
        change: { revision: 1, afterSeq: 0, createMicros: head.createMicros, replaced: false, ...given },
      })),
      maxStatementBytes,
    ),
    ...insertLabels(
      made.map(({ head, labels }) => ({ key: head.key, labels })),
      maxStatementBytes,
    ),
  ];
}

/** Commits a group in one transaction. The outcomes are in the order of the group. */
export function createSessions(
  pool: Pool,
  group: readonly CreateSessionInput[],
  maxJsonDepth: number,
  signal: AbortSignal | undefined,
): Promise<CreateOutcome[]> {
  return transact(pool, { signal, repeatable: true }, async (transaction) => {
    const { uids, answers } = await load(transaction, group);
    const refuseOwner = await ownerCheck(
      transaction,
      group.map(({ ownerId }) => ownerId),
    );
    const steps = planCreates(group, { uids, answers, refuseOwner });
    const told = new Map<number, SessionRecord>();
    for (const [at, step] of steps.entries()) {
      const input = group[at] as CreateSessionInput;
      if (step.kind === "read") told.set(at, await mustRead(transaction, input.key));
      if (step.kind === "repeat") told.set(at, await repeatAnswer(transaction, step.kept));
    }
    const made = group.filter((_, at) => steps[at]?.kind === "make");
    const sessions = made.length === 0 ? [] : await write(transaction, made, maxJsonDepth);
    const next = sessions.values();
    for (const [at, step] of steps.entries()) {
      if (step.kind === "make") told.set(at, next.next().value as SessionRecord);
    }
    return steps.map((step, at) => outcomeOf(step, at, told));
  });
}

function outcomeOf(step: CreateStep, at: number, told: ReadonlyMap<number, SessionRecord>): CreateOutcome {
  if (step.kind === "refuse") return { ok: false, error: step.error };
  return { ok: true, session: told.get(step.kind === "same" ? step.at : at) as SessionRecord };
}

/**
 * Finds the sessions and the answers that are there already. Nothing is locked: a row that
 * comes meanwhile is a duplicate key of the insert, after which the transaction runs again.
 */
async function load(
  transaction: Transaction,
  group: readonly CreateSessionInput[],
): Promise<{ uids: Map<string, string>; answers: Map<string, KnownAnswer> }> {
  const finds = selectAny(
    "SELECT app_name, user_id, id, uid FROM adk_sessions FORCE INDEX (PRIMARY)",
    SESSION_KEY,
    group.map(({ key }) => keyValues(key)),
  );
  const results = await transaction.run([...finds, ...findAnswers(group)]);
  const uids = new Map<string, string>();
  for (const row of rowsOf<{ app_name: string; user_id: string; id: string; uid: string }>(
    results.slice(0, finds.length),
  )) {
    uids.set(keyText({ appName: row.app_name, userId: row.user_id, sessionId: row.id }), row.uid);
  }
  const known = new Map<string, KnownAnswer>();
  for (const row of rowsOf<KnownAnswer & { app_name: string; user_id: string; request_id: string }>(
    results.slice(finds.length),
  )) {
    known.set(markText(row.app_name, row.user_id, row.request_id), row);
  }
  return { uids, answers: known };
}

function rowsOf<Row>(results: readonly Result[]): Row[] {
  return results.flatMap(({ rows }) => rows as unknown as Row[]);
}

/** Writes new sessions and commits. The sessions are in the order of the inputs, with the state as it is then. */
async function write(
  transaction: Transaction,
  made: readonly CreateSessionInput[],
  maxJsonDepth: number,
): Promise<SessionRecord[]> {
  const { maxStatementBytes, connection } = transaction;
  const state = new StateGatherer();
  for (const { key, delta } of made) state.add(key, delta);
  const ordered = made
    .map((input) => ({ ...input, head: newHead(input.key, input.uid, input.nowMicros) }))
    .sort((a, b) => compareKeys(a.key, b.key));
  const writes = [
    ...insertSessions(ordered, maxStatementBytes, connection.schema.owner),
    ...writeState(groupPlaces(state.gathered()), { maxJsonDepth, maxStatementBytes }),
    selectSharedStates(made.map(({ key }) => key)),
  ];
  if (made.every(({ request }) => request === undefined)) {
    return toSessions(made, await transaction.commit(writes));
  }
  const sessions = toSessions(made, await transaction.run(writes));
  const answered = made.flatMap(({ key, request, nowMicros }, at): AnsweredRequest[] => {
    const session = sessions[at];
    if (request === undefined || session === undefined) return [];
    return [{ ...key, request, nowMicros, answer: sessionToAnswer(session, maxStatementBytes / 2) }];
  });
  await transaction.commit(keepAnswers(answered, maxStatementBytes));
  return sessions;
}

/** New sessions as the last of the results, the shared states, completes them. */
function toSessions(made: readonly CreateSessionInput[], results: readonly Result[]): SessionRecord[] {
  const shared = toSharedStates(results.at(-1)?.rows ?? []);
  return made.map((input) => toSession(input, shared));
}

/** A session as it was just made: all but the shared state is what was given. */
function toSession(
  { key, uid, nowMicros, ownerId, displayName, labels, delta }: CreateSessionInput,
  shared: SharedStates,
): SessionRecord {
  return {
    ...newHead(key, uid, nowMicros),
    firstSeq: 1,
    ownerId,
    displayName,
    labels,
    state: mergeState(delta.session.set, shared.ofUser(key), shared.ofApp(key)),
  };
}
