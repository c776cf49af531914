/** Rows as the tables have them, and the records that they become. */
import type { EventMark, PlannedEvent, SessionHead } from "../append-plan.ts";
import type { SessionKey, SessionRecord, State } from "../store.ts";
import { EVENT_COLUMNS } from "../stored-event.ts";
import { eventDeltaToColumns } from "../stored-text.ts";
import { bytes, fromDouble, type SqlValue, toDouble } from "./sql.ts";

/** The columns that name a session, in its own table and in those of what it has. */
export const SESSION_KEY = ["app_name", "user_id", "id"] as const;
export const OF_SESSION = ["app_name", "user_id", "session_id"] as const;

/** The values for either. */
export function keyValues(key: SessionKey): [string, string, string] {
  return [key.appName, key.userId, key.sessionId];
}

/** Orders texts by code point, as the servers do. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Orders sessions by key: the one order in which rows are locked. */
export function compareKeys(a: SessionKey, b: SessionKey): number {
  return (
    compareText(a.appName, b.appName) ||
    compareText(a.userId, b.userId) ||
    compareText(a.sessionId, b.sessionId)
  );
}

/** A row of `adk_sessions`. */
export interface SessionRow {
  readonly app_name: string;
  readonly user_id: string;
  readonly id: string;
  readonly uid: string;
  readonly revision: number;
  readonly head_seq: number;
  readonly first_seq: number;
  readonly event_count: number;
  readonly event_bytes: number;
  readonly owner_id: string;
  readonly display_name: string;
  readonly create_time: number;
  readonly update_time: number;
  /** NULL is -0.0. */
  readonly last_event_time: number | null;
}

/** The columns of `SessionRow` beside its key. */
export const SESSION_FACTS = [
  "uid",
  "revision",
  "head_seq",
  "first_seq",
  "event_count",
  "event_bytes",
  "owner_id",
  "display_name",
  "create_time",
  "update_time",
  "last_event_time",
] as const;

export const SESSION_COLUMNS = [...SESSION_KEY, ...SESSION_FACTS].join(", ");

/** A session with what lies in other tables. */
export function toSession(
  row: SessionRow,
  labels: ReadonlyMap<string, string>,
  state: State | undefined,
): SessionRecord {
  return {
    key: { appName: row.app_name, userId: row.user_id, sessionId: row.id },
    uid: row.uid,
    revision: row.revision,
    headSeq: row.head_seq,
    firstSeq: row.first_seq,
    eventCount: row.event_count,
    eventBytes: row.event_bytes,
    ownerId: row.owner_id,
    displayName: row.display_name,
    labels,
    createMicros: row.create_time,
    updateMicros: row.update_time,
    lastEventTime: toDouble(row.last_event_time),
    state,
  };
}

/** What an append plan needs of a session. */
export function toHead(row: SessionRow): SessionHead {
  return {
    key: { appName: row.app_name, userId: row.user_id, sessionId: row.id },
    uid: row.uid,
    revision: row.revision,
    headSeq: row.head_seq,
    eventCount: row.event_count,
    eventBytes: row.event_bytes,
    createMicros: row.create_time,
    updateMicros: row.update_time,
    lastEventTime: toDouble(row.last_event_time),
  };
}

/** What an append plan reads of an event. */
export interface MarkRow {
  readonly app_name: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly id: string;
  readonly timestamp: number | null;
  readonly seq: number;
  readonly revision: number;
  readonly create_time: number;
  readonly digest: Buffer;
}

export const MARK_COLUMNS =
  "app_name, user_id, session_id, id, timestamp, seq, revision, create_time, digest";

export function toMark(row: MarkRow): EventMark {
  return {
    id: row.id,
    timestamp: toDouble(row.timestamp),
    seq: row.seq,
    revision: row.revision,
    createMicros: row.create_time,
    digest: row.digest,
  };
}

export const READ_COLUMNS = EVENT_COLUMNS.join(", ");

/** The columns of `eventValues`. */
export const INSERT_EVENT = `INSERT INTO adk_events (${READ_COLUMNS}, timestamp_us, digest)`;

/** An event's row for `INSERT_EVENT`. */
export function eventValues({ key, event, ...planned }: PlannedEvent): SqlValue[] {
  return [
    ...keyValues(key),
    planned.seq,
    planned.revision,
    event.id,
    fromDouble(event.timestamp),
    planned.createMicros,
    planned.appendEndSeq,
    event.bytes,
    fromFlag(event.partial),
    fromFlag(event.turnComplete),
    fromFlag(event.interrupted),
    event.invocationId ?? null,
    event.author ?? null,
    event.branch ?? null,
    event.errorCode ?? null,
    event.errorMessage ?? null,
    event.longRunningToolIds === undefined ? null : JSON.stringify(event.longRunningToolIds),
    event.actions || null,
    event.content || null,
    event.groundingMetadata || null,
    event.customMetadata || null,
    event.extra || null,
    ...eventDeltaToColumns(event.stateDelta, event.removedStateKeys),
    event.writerLanguage,
    event.writerAdkVersion,
    shownMicros(event.timestamp),
    bytes(event.digest),
  ];
}

function fromFlag(value: boolean | undefined): number | null {
  return value === undefined ? null : Number(value);
}

/** What a DATETIME can show: the years 1 to 9999, in microseconds. */
const MIN_SHOWN = -62_135_596_800_000_000;
const MAX_SHOWN = 253_402_300_799_000_000;

/** Seconds as whole microseconds for people, as text: a double of them is not always a safe integer. */
function shownMicros(seconds: number): string {
  return String(BigInt(Math.min(MAX_SHOWN, Math.max(MIN_SHOWN, Math.round(seconds * 1e6)))));
}
