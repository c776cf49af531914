/** State: one row per key, values as written. Writes of all scopes are in one fixed order of keys. */
import { canonicalHash } from "../../json/canonical.ts";
import { isEngineJson } from "../../json/check.ts";
import type { GroupState, StateWrites } from "../state-writes.ts";
import type { ScopeDelta, SessionKey, State, StateDelta } from "../store.ts";
import type { Row } from "./connection.ts";
import type { Pool } from "./pool.ts";
import { compareText, keyValues, OF_SESSION } from "./rows.ts";
import {
  allEqual,
  anyOf,
  bytes,
  insertRows,
  pieces,
  type SqlValue,
  type Statement,
  statement,
} from "./sql.ts";
import { read } from "./transaction.ts";

/** How state is written on a server. */
export interface StateOptions {
  /** The server's `Dialect.maxJsonDepth`. */
  readonly maxJsonDepth: number;
  /** What one statement should weigh at most. */
  readonly maxStatementBytes: number;
}

/** One scope's state: a table, the columns that say whose it is, and whose. */
interface Place {
  readonly table: string;
  readonly owner: readonly string[];
  readonly values: readonly string[];
}

/** Rows of one DELETE: it is read by a range per row. */
const DELETE_ROWS = 200;

function sessionPlace(key: SessionKey): Place {
  return { table: "adk_session_states", owner: OF_SESSION, values: keyValues(key) };
}

export function userPlace(appName: string, userId: string): Place {
  return { table: "adk_user_states", owner: ["app_name", "user_id"], values: [appName, userId] };
}

export function appPlace(appName: string): Place {
  return { table: "adk_app_states", owner: ["app_name"], values: [appName] };
}

/**
 * Statements that write the keys of several places. Places of one table stand together,
 * and rows are written in the order of their keys, so that transactions meet without a
 * deadlock.
 */
export function writeState(
  places: readonly { readonly place: Place; readonly writes: StateWrites }[],
  options: StateOptions,
): Statement[] {
  const rows = places.flatMap(({ place, writes }) =>
    [...writes].map(([key, value]) => ({ place, key: [...place.values, key], value })),
  );
  rows.sort((a, b) => compareRows(a, b));
  const statements: Statement[] = [];
  for (const run of runs(rows, (a, b) => a.place.table === b.place.table && isSet(a) === isSet(b))) {
    const first = run[0] as StateRow;
    statements.push(...(isSet(first) ? putRows(first.place, run, options) : removeRows(first.place, run)));
  }
  return statements;
}

/** A delta of a session's own and shared state as `writeState` takes it. */
export function deltaPlaces(key: SessionKey, delta: StateDelta) {
  return [
    { place: sessionPlace(key), writes: toWrites(delta.session) },
    { place: userPlace(key.appName, key.userId), writes: toWrites(delta.user) },
    { place: appPlace(key.appName), writes: toWrites(delta.app) },
  ];
}

/** The state of a group's changes as `writeState` takes it. */
export function groupPlaces({ sessionState, userState, appState }: GroupState) {
  return [
    ...sessionState.map(({ key, writes }) => ({ place: sessionPlace(key), writes })),
    ...userState.map(({ appName, userId, writes }) => ({ place: userPlace(appName, userId), writes })),
    ...appState.map(({ appName, writes }) => ({ place: appPlace(appName), writes })),
  ];
}

export function toWrites(delta: ScopeDelta): StateWrites {
  const writes = new Map<string, string | undefined>(delta.set);
  for (const key of delta.remove) writes.set(key, undefined);
  return writes;
}

/** Removes all of a session's own state. */
export function clearSessionState(key: SessionKey): Statement {
  return statement(`DELETE FROM adk_session_states WHERE ${allEqual(OF_SESSION)}`, ...keyValues(key));
}

/** Shared state of a user, or without `userId` of an app; keys without prefix. */
export async function getSharedState(
  pool: Pool,
  appName: string,
  userId: string | undefined,
  signal: AbortSignal | undefined,
): Promise<State> {
  const place = userId === undefined ? appPlace(appName) : userPlace(appName, userId);
  const rows = await read(pool, signal, (connection) =>
    connection.execute<{ state_key: Buffer; value: string }>(
      `SELECT state_key, value FROM ${place.table} WHERE ${allEqual(place.owner)}`,
      place.values,
    ),
  );
  return new Map(rows.map((row) => [row.state_key.toString(), row.value]));
}

/** The shared states of some sessions' users and apps, keys without prefix. */
export interface SharedStates {
  ofUser(key: SessionKey): State;
  ofApp(key: SessionKey): State;
}

/** One statement, and so one snapshot, for `toSharedStates`. */
export function selectSharedStates(keys: readonly SessionKey[]): Statement {
  const users = new Map(keys.map(({ appName, userId }) => [userText(appName, userId), [appName, userId]]));
  const apps = new Set(keys.map(({ appName }) => appName));
  const ofUsers = anyOf(["app_name", "user_id"], [...users.values()]);
  const ofApps = anyOf(
    ["app_name"],
    [...apps].map((appName) => [appName]),
  );
  return {
    sql:
      `SELECT app_name, user_id, state_key, value FROM adk_user_states FORCE INDEX (PRIMARY) WHERE ${ofUsers.sql} ` +
      // User ids are never empty, so '' is free for what is the app's.
      `UNION ALL SELECT app_name, '', state_key, value FROM adk_app_states FORCE INDEX (PRIMARY) WHERE ${ofApps.sql}`,
    values: [...ofUsers.values, ...ofApps.values],
  };
}

/** The rows of `selectSharedStates`. */
export function toSharedStates(rows: readonly Row[]): SharedStates {
  const states = new Map<string, Map<string, string>>();
  for (const row of rows as unknown as readonly SharedRow[]) {
    const text = userText(row.app_name, row.user_id);
    const state = states.get(text) ?? new Map<string, string>();
    states.set(text, state.set(row.state_key.toString(), row.value));
  }
  const none: State = new Map();
  return {
    ofUser: ({ appName, userId }) => states.get(userText(appName, userId)) ?? none,
    ofApp: ({ appName }) => states.get(userText(appName, "")) ?? none,
  };
}

interface SharedRow {
  readonly app_name: string;
  readonly user_id: string;
  readonly state_key: Buffer;
  readonly value: string;
}

function userText(appName: string, userId: string): string {
  return JSON.stringify([appName, userId]);
}

interface StateRow {
  readonly place: Place;
  readonly key: readonly string[];
  readonly value: string | undefined;
}

const isSet = (row: StateRow) => row.value !== undefined;

/** Tables in the order in which they are locked: session, user, app. */
const TABLES = ["adk_session_states", "adk_user_states", "adk_app_states"];

function compareRows(a: StateRow, b: StateRow): number {
  const tables = TABLES.indexOf(a.place.table) - TABLES.indexOf(b.place.table);
  if (tables !== 0) return tables;
  for (const [at, part] of a.key.entries()) {
    const order = compareText(part, b.key[at] as string);
    if (order !== 0) return order;
  }
  return 0;
}

function putRows(place: Place, rows: readonly StateRow[], options: StateOptions): Statement[] {
  const columns = [...place.owner, "state_key", "value", "value_hash", "is_json"];
  return insertRows(
    `INSERT INTO ${place.table} (${columns.join(", ")})`,
    rows.map(({ key, value = "" }): SqlValue[] => [
      ...key,
      value,
      bytes(canonicalHash(value)),
      Number(isEngineJson(value, options.maxJsonDepth)),
    ]),
    options.maxStatementBytes,
    " ON DUPLICATE KEY UPDATE value = VALUES(value), value_hash = VALUES(value_hash), is_json = VALUES(is_json)",
  );
}

function removeRows(place: Place, rows: readonly StateRow[]): Statement[] {
  return pieces(rows, DELETE_ROWS).map((piece) => {
    const which = anyOf(
      [...place.owner, "state_key"],
      piece.map((row) => row.key),
    );
    return { sql: `DELETE FROM ${place.table} WHERE ${which.sql}`, values: which.values };
  });
}

/** Neighbours that belong together. */
function runs<T>(items: readonly T[], together: (a: T, b: T) => boolean): T[][] {
  const made: T[][] = [];
  for (const item of items) {
    const last = made.at(-1);
    if (last !== undefined && together(last[0] as T, item)) last.push(item);
    else made.push([item]);
  }
  return made;
}
