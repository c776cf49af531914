/**
 * Sessions with their labels and state, or with the first events of a history, in one
 * statement: READ COMMITTED gives a statement one snapshot, and a transaction none.
 */

import { seqBeforeHistory } from "../history-opening.ts";
import { SESSION_FACTS, SESSION_KEY, type SessionRow, toSession } from "../rows.ts";
import { mergeState } from "../state.ts";
import type { HistoryOpening, SessionKey, SessionRecord } from "../store.ts";
import { EVENT_COLUMNS, type EventRow, type StoredEvent, toStoredEvent } from "../stored-event.ts";
import type { Row } from "./connection.ts";
import { keyValues, OF_SESSION } from "./rows.ts";
import { allEqual, type Condition, type Statement } from "./sql.ts";

/** What a row of the statement is. */
const PART = { session: 0, label: 1, sessionState: 2, userState: 3, appState: 4, event: 5 } as const;

/** A query of all columns of the sessions that a snapshot has, all of one app. */
export type SessionQuery = Condition;

/** Where the parts of a snapshot are read from, each table as `t`. */
interface Sources {
  readonly sessions: string;
  /** The rows of a table that the sessions have. */
  readonly own: (table: string) => string;
  readonly userStates: string;
  readonly appStates: string;
}

const OF_PAGE: Sources = {
  sessions: "page t",
  own: (table) =>
    `page p STRAIGHT_JOIN ${table} t FORCE INDEX (PRIMARY) ON t.app_name = p.app_name AND t.user_id = p.user_id AND t.session_id = p.id`,
  userStates:
    "(SELECT DISTINCT app_name, user_id FROM page) p STRAIGHT_JOIN adk_user_states t FORCE INDEX (PRIMARY) " +
    "ON t.app_name = p.app_name AND t.user_id = p.user_id",
  appStates: "adk_app_states t WHERE t.app_name = ?",
};

/** Each table by the key itself: a page of one session would be stored and joined. */
const OF_KEY: Sources = {
  sessions: `adk_sessions t WHERE ${allEqual(SESSION_KEY)}`,
  own: (table) => `${table} t FORCE INDEX (PRIMARY) WHERE ${allEqual(OF_SESSION)}`,
  userStates: "adk_user_states t WHERE app_name = ? AND user_id = ?",
  appStates: OF_PAGE.appStates,
};

/** What an event has and a session has not: columns of their own beside those of both. */
const EVENT_ONLY = EVENT_COLUMNS.filter(
  (column) => ![...SESSION_KEY, ...OF_SESSION, ...SESSION_FACTS].some((other) => other === column),
);

// Made once: a text that is made again is also hashed again where prepared statements are known by theirs.
const PAGE_ROWS = sessionParts(OF_PAGE, false);
const PAGE_SESSIONS = sessionParts(OF_PAGE, true);
const KEY_ROW = sessionParts(OF_KEY, false);
const KEY_SESSION = sessionParts(OF_KEY, true);
const KEY_HISTORY = `${sessionParts(OF_KEY, true, EVENT_ONLY)} UNION ALL ${firstEvents()}`;

/** The statement for `sessionsOf` that has the sessions of a page. */
export function pageSnapshot(appName: string, page: SessionQuery, withState: boolean): Statement {
  const parts = withState ? PAGE_SESSIONS : PAGE_ROWS;
  return {
    sql: `WITH page AS (${page.sql}) ${parts}`,
    values: withState ? [...page.values, appName] : page.values,
  };
}

/** The statement for `sessionsOf` that has the session of a key. */
export function keySnapshot(key: SessionKey, withState: boolean): Statement {
  const own = keyValues(key);
  if (!withState) return { sql: KEY_ROW, values: [...own, ...own] };
  return { sql: KEY_SESSION, values: [...own, ...own, ...own, key.appName, key.userId, key.appName] };
}

/** The same with state and with the rows for `firstEventsOf`. */
export function historySnapshot(opening: HistoryOpening): Statement {
  const { key, afterSeq, newest = Number.MAX_SAFE_INTEGER, maxRows, maxEventBytes } = opening;
  const start = [afterSeq, newest];
  const { values } = keySnapshot(key, true);
  return {
    sql: KEY_HISTORY,
    values: [...values, ...start, ...start, maxRows, maxEventBytes, ...keyValues(key)],
  };
}

/** `more` are columns of other parts. */
function sessionParts(from: Sources, withState: boolean, more: readonly string[] = []): string {
  const facts = [of("t", SESSION_FACTS), ...more.map((column) => `NULL AS ${column}`)].join(", ");
  const none = [...SESSION_FACTS, ...more].map(() => "NULL").join(", ");
  const key = of("t", OF_SESSION);
  const parts = [
    `SELECT ${PART.session} AS part, ${of("t", SESSION_KEY)}, NULL AS name, NULL AS value, ${facts} FROM ${from.sessions}`,
    `SELECT ${PART.label}, ${key}, t.label_key, t.label_value, ${none} FROM ${from.own("adk_session_labels")}`,
  ];
  if (withState) {
    parts.push(
      `SELECT ${PART.sessionState}, ${key}, t.state_key, t.value, ${none} FROM ${from.own("adk_session_states")}`,
      `SELECT ${PART.userState}, t.app_name, t.user_id, '', t.state_key, t.value, ${none} FROM ${from.userStates}`,
      `SELECT ${PART.appState}, t.app_name, '', '', t.state_key, t.value, ${none} FROM ${from.appStates}`,
    );
  }
  return parts.join(" UNION ALL ");
}

/** A range of seqs and no LIMIT: nothing is looked at that is not given, but for what weighs too much. */
function firstEvents(): string {
  const shared = SESSION_FACTS.map((column) =>
    EVENT_COLUMNS.some((other) => other === column) ? `e.${column}` : "NULL",
  ).join(", ");
  const start = "GREATEST(?, s.first_seq - 1, s.head_seq - ?)";
  return (
    `SELECT ${PART.event}, e.app_name, e.user_id, e.id, NULL, NULL, ${shared}, ${of("e", EVENT_ONLY)} ` +
    "FROM adk_sessions s STRAIGHT_JOIN adk_events e FORCE INDEX (PRIMARY) " +
    "ON e.app_name = s.app_name AND e.user_id = s.user_id AND e.session_id = s.id " +
    `AND e.seq > ${start} AND e.seq <= ${start} + ? AND e.seq <= s.head_seq AND e.bytes <= ? ` +
    "WHERE s.app_name = ? AND s.user_id = ? AND s.id = ?"
  );
}

/** The sessions of a snapshot's rows, in no order. */
export function sessionsOf(rows: readonly Row[], withState: boolean): SessionRecord[] {
  const sessions: SessionRow[] = [];
  const labels = new Map<string, Map<string, string>>();
  const states = new Map<string, Map<string, string>>();
  const users = new Map<string, Map<string, string>>();
  const app = new Map<string, string>();
  for (const row of rows as unknown as readonly PartRow[]) {
    if (row.part === PART.event) continue;
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

/** The first events of the history that a snapshot's statement opened, up to the first that is not among its rows. */
export function firstEventsOf(
  rows: readonly Row[],
  session: SessionRecord,
  opening: HistoryOpening,
): StoredEvent[] {
  const events = rows.filter(({ part }) => part === PART.event) as unknown as EventRow[];
  events.sort((a, b) => a.seq - b.seq);
  const first = seqBeforeHistory(opening, session) + 1;
  const gap = events.findIndex(({ seq }, at) => seq !== first + at);
  return (gap === -1 ? events : events.slice(0, gap)).map(toStoredEvent);
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
