/**
 * Sessions with their labels and state in one statement: READ COMMITTED gives a
 * statement one snapshot, and a transaction none.
 */

import { SESSION_COLUMNS, SESSION_FACTS, SESSION_KEY, type SessionRow, toSession } from "../rows.ts";
import { mergeState } from "../state.ts";
import type { SessionKey, SessionRecord } from "../store.ts";
import type { Row } from "./connection.ts";
import { OF_SESSION } from "./rows.ts";
import { allEqual, type Condition, type Statement } from "./sql.ts";

/** What a row of the statement is. */
const PART = { session: 0, label: 1, sessionState: 2, userState: 3, appState: 4 } as const;

/** A query of `SESSION_COLUMNS` whose sessions a snapshot has, all of one app. */
export type SessionQuery = Condition;

/** The one session of a key. */
export function oneSession(key: SessionKey): SessionQuery {
  return {
    sql: `SELECT ${SESSION_COLUMNS} FROM adk_sessions WHERE ${allEqual(SESSION_KEY)}`,
    values: [key.appName, key.userId, key.sessionId],
  };
}

/** The statement for `sessionsOf`. */
export function snapshot(appName: string, page: SessionQuery, withState: boolean): Statement {
  const facts = SESSION_FACTS.join(", ");
  const none = SESSION_FACTS.map(() => "NULL").join(", ");
  const beside = (table: string) =>
    `page p STRAIGHT_JOIN ${table} t FORCE INDEX (PRIMARY) ON t.app_name = p.app_name AND t.user_id = p.user_id AND t.session_id = p.id`;
  const parts = [
    `SELECT ${PART.session} AS part, ${SESSION_KEY.join(", ")}, NULL AS name, NULL AS value, ${facts} FROM page`,
    `SELECT ${PART.label}, ${of("t", OF_SESSION)}, t.label_key, t.label_value, ${none} FROM ${beside("adk_session_labels")}`,
  ];
  if (withState) {
    parts.push(
      `SELECT ${PART.sessionState}, ${of("t", OF_SESSION)}, t.state_key, t.value, ${none} FROM ${beside("adk_session_states")}`,
      `SELECT ${PART.userState}, t.app_name, t.user_id, '', t.state_key, t.value, ${none} ` +
        "FROM (SELECT DISTINCT app_name, user_id FROM page) p STRAIGHT_JOIN adk_user_states t FORCE INDEX (PRIMARY) " +
        "ON t.app_name = p.app_name AND t.user_id = p.user_id",
      `SELECT ${PART.appState}, t.app_name, '', '', t.state_key, t.value, ${none} ` +
        "FROM adk_app_states t WHERE t.app_name = ?",
    );
  }
  return {
    sql: `WITH page AS (${page.sql}) ${parts.join(" UNION ALL ")}`,
    values: withState ? [...page.values, appName] : page.values,
  };
}

/** The sessions of a snapshot's rows, in no order. */
export function sessionsOf(rows: readonly Row[], withState: boolean): SessionRecord[] {
  const sessions: SessionRow[] = [];
  const labels = new Map<string, Map<string, string>>();
  const states = new Map<string, Map<string, string>>();
  const users = new Map<string, Map<string, string>>();
  const app = new Map<string, string>();
  for (const row of rows as unknown as readonly PartRow[]) {
    if (row.part === PART.session) {
      sessions.push(row);
      continue;
    }
    const name = String(row.name);
    if (row.part === PART.label) placeFor(labels, sessionPlace(row)).set(name, row.value);
    else if (row.part === PART.sessionState) placeFor(states, sessionPlace(row)).set(name, row.value);
    else if (row.part === PART.userState) placeFor(users, row.user_id).set(name, row.value);
    else app.set(name, row.value);
  }
  const none = new Map<string, string>();
  return sessions.map((row) => {
    const place = sessionPlace(row);
    const state = withState
      ? mergeState(states.get(place) ?? none, users.get(row.user_id) ?? none, app)
      : undefined;
    return toSession(row, labels.get(place) ?? none, state);
  });
}

interface PartRow extends SessionRow {
  readonly part: number;
  /** A label's or state's key: bytes where the statement mixes both. */
  readonly name: string | Buffer;
  readonly value: string;
}

function of(table: string, columns: readonly string[]): string {
  return columns.map((column) => `${table}.${column}`).join(", ");
}

/** Unique within an app: ids have no U+0000. */
function sessionPlace(row: PartRow | SessionRow): string {
  return `${row.user_id}\0${row.id}`;
}

function placeFor(map: Map<string, Map<string, string>>, place: string): Map<string, string> {
  const found = map.get(place);
  if (found !== undefined) return found;
  const made = new Map<string, string>();
  map.set(place, made);
  return made;
}
