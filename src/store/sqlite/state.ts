/** State rows: one per key, values as written. */

import { canonicalHash } from "../../json/canonical.ts";
import { isEngineJson } from "../../json/check.ts";
import { mergeState } from "../state.ts";
import type { StateWrites } from "../state-writes.ts";
import type { ScopeDelta, SessionKey, State, UpdateSharedStateInput } from "../store.ts";
import { plainAnswer } from "../stored-text.ts";
import type { Connection, SqlValue } from "./connection.ts";
import { answerOnce } from "./requests.ts";
import { ENGINE_JSON_DEPTH } from "./schema.ts";

/** A scope's table and the columns that name whose state it is. */
interface ScopeTable {
  readonly table: string;
  readonly owner: readonly string[];
}

const SESSION_STATES: ScopeTable = {
  table: "adk_session_states",
  owner: ["app_name", "user_id", "session_id"],
};
const USER_STATES: ScopeTable = { table: "adk_user_states", owner: ["app_name", "user_id"] };
const APP_STATES: ScopeTable = { table: "adk_app_states", owner: ["app_name"] };

/** The state of a session without the shared scopes. */
export function readSessionState(db: Connection, key: SessionKey): Map<string, string> {
  return read(db, SESSION_STATES, [key.appName, key.userId, key.sessionId]);
}

/** Shared state of a user, or without `userId` of an app; keys without prefix. */
export function getSharedState(
  db: Connection,
  appName: string,
  userId: string | undefined,
): Map<string, string> {
  return userId === undefined ? read(db, APP_STATES, [appName]) : read(db, USER_STATES, [appName, userId]);
}

/** What a reader of the session sees: all scopes, prefixes put back. Ask within a snapshot. */
export function readMergedState(db: Connection, key: SessionKey): State {
  return mergeState(
    readSessionState(db, key),
    getSharedState(db, key.appName, key.userId),
    getSharedState(db, key.appName, undefined),
  );
}

export function writeSessionState(db: Connection, key: SessionKey, writes: StateWrites): void {
  write(db, SESSION_STATES, [key.appName, key.userId, key.sessionId], writes);
}

export function writeUserState(db: Connection, appName: string, userId: string, writes: StateWrites): void {
  write(db, USER_STATES, [appName, userId], writes);
}

export function writeAppState(db: Connection, appName: string, writes: StateWrites): void {
  write(db, APP_STATES, [appName], writes);
}

/** Removes all of a session's own state. */
export function clearSessionState(db: Connection, key: SessionKey): void {
  db.run(
    "DELETE FROM adk_session_states WHERE app_name = ? AND user_id = ? AND session_id = ?",
    key.appName,
    key.userId,
    key.sessionId,
  );
}

/** A scope's delta as writes. */
export function toWrites(delta: ScopeDelta): StateWrites {
  const writes = new Map<string, string | undefined>(delta.set);
  for (const key of delta.remove) writes.set(key, undefined);
  return writes;
}

export function updateSharedState(db: Connection, input: UpdateSharedStateInput): { updateMicros: number } {
  const { appName, userId } = input;
  const answer = answerOnce(
    db,
    { appName, userId, request: input.request, nowMicros: input.nowMicros },
    () => {
      if (userId === undefined) writeAppState(db, appName, toWrites(input.delta));
      else writeUserState(db, appName, userId, toWrites(input.delta));
      return plainAnswer({ updateMicros: input.nowMicros });
    },
  );
  return JSON.parse(answer.response) as { updateMicros: number };
}

function read(
  db: Connection,
  { table, owner }: ScopeTable,
  values: readonly SqlValue[],
): Map<string, string> {
  const rows = db.all<{ state_key: string; value: string }>(
    `SELECT state_key, value FROM ${table} WHERE ${owner.map((column) => `${column} = ?`).join(" AND ")}`,
    ...values,
  );
  return new Map(rows.map((row) => [row.state_key, row.value]));
}

function write(
  db: Connection,
  { table, owner }: ScopeTable,
  values: readonly SqlValue[],
  writes: StateWrites,
): void {
  const key = [...owner, "state_key"];
  const put =
    `INSERT INTO ${table} (${key.join(", ")}, value_hash, is_json, value) ` +
    `VALUES (${key.map(() => "?").join(", ")}, ?, ?, ?) ON CONFLICT (${key.join(", ")}) ` +
    "DO UPDATE SET value_hash = excluded.value_hash, is_json = excluded.is_json, value = excluded.value";
  const remove = `DELETE FROM ${table} WHERE ${key.map((column) => `${column} = ?`).join(" AND ")}`;
  for (const [stateKey, value] of writes) {
    if (value === undefined) db.run(remove, ...values, stateKey);
    else {
      const shown = Number(isEngineJson(value, ENGINE_JSON_DEPTH));
      db.run(put, ...values, stateKey, canonicalHash(value), shown, value);
    }
  }
}
