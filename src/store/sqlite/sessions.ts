/** Session rows: create, read, change, delete, list. */
import { newHead, type SessionHead, staleSession } from "../append-plan.ts";
import { StoreError } from "../errors.ts";
import { ownerValue } from "../owner-column.ts";
import { SESSION_COLUMNS, type SessionRow, toHead, toSession } from "../rows.ts";
import { EMPTY_DELTA, EMPTY_SCOPE_DELTA, mergeState } from "../state.ts";
import { MOST_CANDIDATES, type StateIndex } from "../state-index.ts";
import type {
  CreateOutcome,
  CreateSessionInput,
  DeleteSessionInput,
  Expectation,
  ListSessionsInput,
  SessionChange,
  SessionKey,
  SessionRecord,
  State,
  StateDelta,
  UpdateSessionInput,
} from "../store.ts";
import {
  answeredKey,
  deltaToJson,
  factsToColumn,
  plainAnswer,
  sessionFromAnswer,
  sessionToAnswer,
} from "../stored-text.ts";
import type { Connection, SqlValue } from "./connection.ts";
import { findStateIndexes } from "./index-state.ts";
import { requireOwner } from "./owner.ts";
import { answerOnce, forgetState, type MarkedRequest } from "./requests.ts";
import {
  clearSessionState,
  getSharedState,
  readMergedState,
  readSessionState,
  toWrites,
  writeAppState,
  writeSessionState,
  writeUserState,
} from "./state.ts";
import { insertTombstone } from "./tombstones.ts";

const BY_KEY = "app_name = ? AND user_id = ? AND id = ?";
const OF_SESSION = "app_name = ? AND user_id = ? AND session_id = ?";

/** The values for `BY_KEY` and `OF_SESSION`. */
function values(key: SessionKey): [string, string, string] {
  return [key.appName, key.userId, key.sessionId];
}

/** The session's row, or undefined. */
export function readRow(db: Connection, key: SessionKey): SessionRow | undefined {
  return db.get<SessionRow>(`SELECT ${SESSION_COLUMNS} FROM adk_sessions WHERE ${BY_KEY}`, ...values(key));
}

/** A kept state is no larger than what an event may be. */
const MAX_KEPT_STATE_BYTES = 16 * 1024 * 1024;

/** The session after `change`, or as the first try of the same request was answered. */
function answerSession(
  db: Connection,
  key: SessionKey,
  marked: Pick<MarkedRequest, "request" | "nowMicros">,
  change: () => void,
): SessionRecord {
  return db.write(() => {
    const answer = answerOnce(db, { ...key, ...marked }, () => {
      change();
      return sessionToAnswer(mustRead(db, key), MAX_KEPT_STATE_BYTES);
    });
    const now = answer.response_state === null ? getSession(db, answeredKey(answer)) : undefined;
    return sessionFromAnswer(answer, now);
  });
}

/** Makes a group of sessions in one transaction, each with its own outcome. */
export function createSessions(db: Connection, group: readonly CreateSessionInput[]): CreateOutcome[] {
  return db.write(() =>
    group.map((input): CreateOutcome => {
      try {
        return { ok: true, session: createSession(db, input) };
      } catch (error) {
        // What is refused is so before anything is written.
        if (error instanceof StoreError && REFUSED.has(error.reason)) return { ok: false, error };
        throw error;
      }
    }),
  );
}

const REFUSED = new Set(["SESSION_ALREADY_EXISTS", "REQUEST_ID_CONFLICT", "INVALID_OWNER"]);

function createSession(db: Connection, input: CreateSessionInput): SessionRecord {
  const { key, nowMicros, request } = input;
  return answerSession(db, key, { request, nowMicros }, () => {
    const row = readRow(db, key);
    // Of this very call: a try before this one was committed.
    if (row !== undefined && row.uid === input.uid) return;
    if (row !== undefined) {
      throw new StoreError("SESSION_ALREADY_EXISTS", "A session of this key exists already.");
    }
    requireOwner(db, input.ownerId);
    const head = newHead(key, input.uid, nowMicros);
    insertSession(db, head, input);
    writeLabels(db, key, input.labels);
    writeDelta(db, key, input.delta);
  });
}

/** What a new session has beside its head. */
type NewSession = Pick<CreateSessionInput, "ownerId" | "displayName" | "labels" | "delta">;

/** What an append gives a session that it makes. */
export function madeByAppend(ownerId: string): NewSession {
  return { ownerId, displayName: "", labels: new Map(), delta: EMPTY_DELTA };
}

/** Writes the row of a new session, and its create as the first change. */
export function insertSession(db: Connection, head: SessionHead, made: NewSession): void {
  db.run(
    `INSERT INTO adk_sessions (${SESSION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?)`,
    ...values(head.key),
    head.uid,
    head.revision,
    head.headSeq,
    head.eventCount,
    head.eventBytes,
    ownerValue(db.schema.owner, made.ownerId),
    made.displayName,
    head.createMicros,
    head.updateMicros,
    head.lastEventTime,
  );
  insertChange(db, head.key, {
    revision: 1,
    afterSeq: 0,
    createMicros: head.createMicros,
    replaced: false,
    ...made,
  });
}

/** The session with merged state, or undefined. */
export function getSession(db: Connection, key: SessionKey): SessionRecord | undefined {
  return db.read(() => {
    const row = readRow(db, key);
    return row === undefined ? undefined : toSession(row, readLabels(db, key), readMergedState(db, key));
  });
}

/** The session without state, or undefined. */
export function getSessionRow(db: Connection, key: SessionKey): SessionRecord | undefined {
  return db.read(() => {
    const row = readRow(db, key);
    return row === undefined ? undefined : toSession(row, readLabels(db, key), undefined);
  });
}

export function updateSession(db: Connection, input: UpdateSessionInput): SessionRecord {
  const { key, nowMicros, request } = input;
  return answerSession(db, key, { request, nowMicros }, () => {
    const row = readRow(db, key);
    if (row === undefined) throw new StoreError("SESSION_NOT_FOUND", "The session does not exist.");
    requireExpected(toHead(row), input.expected);
    if (input.ownerId !== undefined) requireOwner(db, input.ownerId);
    const revision = row.revision + 1;
    // Clocks of several servers may differ; a session's update time never goes backwards.
    const micros = Math.max(nowMicros, row.update_time);
    db.run(
      `UPDATE adk_sessions SET revision = ?, update_time = ?, owner_id = ?, display_name = ? WHERE ${BY_KEY}`,
      revision,
      micros,
      ownerValue(db.schema.owner, input.ownerId ?? row.owner_id),
      input.displayName ?? row.display_name,
      ...values(key),
    );
    if (input.labels !== undefined) {
      deleteLabels(db, key);
      writeLabels(db, key, input.labels);
    }
    const replaced = input.state?.kind === "replace";
    if (replaced) clearSessionState(db, key);
    const delta = deltaOf(input.state);
    writeDelta(db, key, delta);
    const { ownerId, displayName, labels } = input;
    const change = { revision, afterSeq: row.head_seq, createMicros: micros, replaced, delta };
    insertChange(db, key, { ...change, ownerId, displayName, labels });
  });
}

export function deleteSession(db: Connection, input: DeleteSessionInput): boolean {
  const { key, request, nowMicros } = input;
  const answer = answerOnce(db, { ...key, request, nowMicros }, () => plainAnswer(deleteExpected(db, input)));
  return JSON.parse(answer.response) as boolean;
}

function deleteExpected(db: Connection, { key, expected, nowMicros }: DeleteSessionInput): boolean {
  return db.write(() => {
    const row = readRow(db, key);
    if (row === undefined || (expected.uid !== undefined && expected.uid !== row.uid)) return false;
    requireExpected(toHead(row), expected);
    forgetState(db, key);
    // Right without the foreign keys' cascade, too.
    clearSessionState(db, key);
    deleteLabels(db, key);
    db.run(`DELETE FROM adk_session_changes WHERE ${OF_SESSION}`, ...values(key));
    db.run(`DELETE FROM adk_events WHERE ${OF_SESSION}`, ...values(key));
    db.run(`DELETE FROM adk_sessions WHERE ${BY_KEY}`, ...values(key));
    insertTombstone(db, { key, uid: row.uid, deleteMicros: nowMicros });
    return true;
  });
}

export function listSessions(db: Connection, input: ListSessionsInput): SessionRecord[] {
  return db.read(() => {
    const { sql, values: bound } = listQuery(input, rareValue(db, input));
    const rows = db.all<SessionRow>(sql, ...bound);
    const state = input.includeState ? stateReader(db, input.scope.appName) : () => undefined;
    return rows.map((row) => {
      const key = { appName: row.app_name, userId: row.user_id, sessionId: row.id };
      return toSession(row, readLabels(db, key), state(key));
    });
  });
}

/** Names of apps after `after`, each found by one step in the key's index. */
export function listApps(db: Connection, after: string | undefined, limit: number): string[] {
  return db.read(() =>
    skipScan(after, limit, (last) =>
      db.get<{ name: string }>(
        "SELECT app_name AS name FROM adk_sessions WHERE app_name > ? ORDER BY app_name LIMIT 1",
        last,
      ),
    ),
  );
}

/** Users of an app after `after`, as `listApps`. */
export function listUsers(
  db: Connection,
  appName: string,
  after: string | undefined,
  limit: number,
): string[] {
  return db.read(() =>
    skipScan(after, limit, (last) =>
      db.get<{ name: string }>(
        "SELECT user_id AS name FROM adk_sessions WHERE app_name = ? AND user_id > ? ORDER BY user_id LIMIT 1",
        appName,
        last,
      ),
    ),
  );
}

function insertChange(db: Connection, key: SessionKey, change: SessionChange): void {
  db.run(
    `INSERT INTO adk_session_changes
     (app_name, user_id, session_id, revision, after_seq, create_time, replaced, delta, facts)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...values(key),
    change.revision,
    change.afterSeq,
    change.createMicros,
    Number(change.replaced),
    deltaToJson(change.delta),
    factsToColumn(change),
  );
}

function requireExpected(head: SessionHead, expected: Expectation): void {
  const otherUid = expected.uid !== undefined && expected.uid !== head.uid;
  const otherRevision = expected.revision !== undefined && expected.revision !== head.revision;
  if (otherUid || otherRevision) throw staleSession(head);
}

function mustRead(db: Connection, key: SessionKey): SessionRecord {
  const session = getSession(db, key);
  if (session === undefined) throw new StoreError("INTERNAL", "The session just written is not there.");
  return session;
}

function deltaOf(state: UpdateSessionInput["state"]): StateDelta {
  if (state === undefined) return EMPTY_DELTA;
  if (state.kind === "merge") return state.delta;
  return { session: { set: state.state, remove: [] }, user: EMPTY_SCOPE_DELTA, app: EMPTY_SCOPE_DELTA };
}

function writeDelta(db: Connection, key: SessionKey, delta: StateDelta): void {
  writeSessionState(db, key, toWrites(delta.session));
  writeUserState(db, key.appName, key.userId, toWrites(delta.user));
  writeAppState(db, key.appName, toWrites(delta.app));
}

function readLabels(db: Connection, key: SessionKey): Map<string, string> {
  const rows = db.all<{ label_key: string; label_value: string }>(
    `SELECT label_key, label_value FROM adk_session_labels WHERE ${OF_SESSION}`,
    ...values(key),
  );
  return new Map(rows.map((row) => [row.label_key, row.label_value]));
}

function writeLabels(db: Connection, key: SessionKey, labels: ReadonlyMap<string, string>): void {
  for (const [label, value] of labels) {
    db.run(
      `INSERT INTO adk_session_labels (app_name, user_id, session_id, label_key, label_value)
       VALUES (?, ?, ?, ?, ?)`,
      ...values(key),
      label,
      value,
    );
  }
}

function deleteLabels(db: Connection, key: SessionKey): void {
  db.run(`DELETE FROM adk_session_labels WHERE ${OF_SESSION}`, ...values(key));
}

/** The first of the filters' keys of whose value its index has few enough entries to read them all. */
function rareValue(db: Connection, { scope, stateEquals }: ListSessionsInput): StateIndex | undefined {
  if (stateEquals.size === 0) return undefined;
  const known = new Map(findStateIndexes(db).map((index) => [index.stateKey, index]));
  const ofUser = scope.userId === undefined ? "" : " AND user_id = ?";
  for (const [stateKey, hash] of stateEquals) {
    const index = known.get(stateKey);
    if (index === undefined) continue;
    const { hashColumn } = index;
    const found = db.get<{ entries: number }>(
      `SELECT COUNT(*) AS entries FROM (SELECT 1 FROM adk_session_states INDEXED BY adk_session_states_${hashColumn}
       WHERE ${hashColumn} = ? AND app_name = ?${ofUser} LIMIT ?)`,
      hash,
      scope.appName,
      ...(scope.userId === undefined ? [] : [scope.userId]),
      MOST_CANDIDATES + 1,
    );
    if ((found?.entries ?? 0) <= MOST_CANDIDATES) return index;
  }
  return undefined;
}

const LIST_COLUMNS = SESSION_COLUMNS.split(", ")
  .map((column) => `s.${column}`)
  .join(", ");

/** In the list's order, or with `by` through that index over a state key, whose entries are then sorted. */
function listQuery(
  input: ListSessionsInput,
  by: StateIndex | undefined,
): { sql: string; values: SqlValue[] } {
  const time = input.orderBy === "updateMicros" ? "update_time" : "create_time";
  const direction = input.descending ? "DESC" : "ASC";
  const conditions: string[] = [];
  const bound: SqlValue[] = [];
  const where = (condition: string, ...more: SqlValue[]): void => {
    conditions.push(condition);
    bound.push(...more);
  };
  where("s.app_name = ?", input.scope.appName);
  if (input.scope.userId !== undefined) where("s.user_id = ?", input.scope.userId);
  if (input.after !== undefined) {
    const { micros, userId, sessionId } = input.after;
    where(
      `(s.${time}, s.user_id, s.id) ${input.descending ? "<" : ">"} (?, ?, ?)`,
      micros,
      userId,
      sessionId,
    );
  }
  if (input.ownerId !== undefined) where("s.owner_id = ?", input.ownerId);
  const beside = "app_name = s.app_name AND user_id = s.user_id AND session_id = s.id";
  for (const [label, value] of input.labels) {
    const found = `SELECT 1 FROM adk_session_labels WHERE ${beside} AND label_key = ? AND label_value = ?`;
    where(`EXISTS (${found})`, label, value);
  }
  for (const [stateKey, hash] of input.stateEquals) {
    if (stateKey === by?.stateKey) {
      where(`i.${by.hashColumn} = ? AND i.app_name = ?`, hash, input.scope.appName);
      if (input.scope.userId !== undefined) where("i.user_id = ?", input.scope.userId);
      where("i.state_key = ? AND i.value_hash = ?", stateKey, hash);
      continue;
    }
    const found = `SELECT 1 FROM adk_session_states WHERE ${beside} AND state_key = ? AND value_hash = ?`;
    where(`EXISTS (${found})`, stateKey, hash);
  }
  const order = [time, "user_id", "id"].map((column) => `s.${column} ${direction}`).join(", ");
  const from =
    by === undefined
      ? "FROM adk_sessions s"
      : `FROM adk_session_states i INDEXED BY adk_session_states_${by.hashColumn} CROSS JOIN adk_sessions s ` +
        "ON s.app_name = i.app_name AND s.user_id = i.user_id AND s.id = i.session_id";
  return {
    sql: `SELECT ${LIST_COLUMNS} ${from} WHERE ${conditions.join(" AND ")} ORDER BY ${order} LIMIT ?`,
    values: [...bound, input.limit],
  };
}

/** Reads merged states; what sessions share is read once. */
function stateReader(db: Connection, appName: string): (key: SessionKey) => State {
  const app = getSharedState(db, appName, undefined);
  const users = new Map<string, State>();
  return (key) => {
    let user = users.get(key.userId);
    if (user === undefined) {
      user = getSharedState(db, appName, key.userId);
      users.set(key.userId, user);
    }
    return mergeState(readSessionState(db, key), user, app);
  };
}

function skipScan(
  after: string | undefined,
  limit: number,
  next: (last: string) => { name: string } | undefined,
): string[] {
  const names: string[] = [];
  let found = next(after ?? "");
  while (found !== undefined && names.length < limit) {
    names.push(found.name);
    found = names.length < limit ? next(found.name) : undefined;
  }
  return names;
}
