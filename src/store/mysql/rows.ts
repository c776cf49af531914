/** Rows as this engine writes and orders them. */
import type { PlannedEvent } from "../append-plan.ts";
import type { MarkRow } from "../rows.ts";
import type { SessionKey } from "../store.ts";
import { EVENT_COLUMNS } from "../stored-event.ts";
import { eventDeltaToColumns } from "../stored-text.ts";
import { bytes, count, fromDouble, type SqlValue } from "./sql.ts";

/** The columns that name a session in the tables of what it has. */
export const OF_SESSION = ["app_name", "user_id", "session_id"] as const;

/** The values for those, and for the session's own. */
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

/** What an append plan reads of an event, with its session. */
export interface MarkOfSessionRow extends MarkRow {
  readonly app_name: string;
  readonly user_id: string;
  readonly session_id: string;
}

export const MARK_COLUMNS =
  "app_name, user_id, session_id, id, timestamp, seq, revision, create_time, digest";

const WRITTEN_COLUMNS = [...EVENT_COLUMNS, "timestamp_us", "digest"];

/** The columns of `eventValues`. */
export const INSERT_EVENT = `INSERT INTO adk_events (${WRITTEN_COLUMNS.join(", ")})`;

/**
 * More than any positive number may be added to: the statement fails (`isOutOfRange`) whatever the SQL mode. NULL for a
 * column that takes none would be 0 instead where a proxy lost the session's strict mode and the rows are several.
 */
export const MAX_BIGINT = "9223372036854775807";

/**
 * The placeholders of an event whose insert fails (`isOutOfRange`) unless the statement before it affected exactly so
 * many rows. The seq is the column for it: no engine shards by it.
 */
export function eventAfter(affectedRows: number): string {
  const marks = WRITTEN_COLUMNS.map((column) =>
    column === "seq" ? `IF(ROW_COUNT() = ${count(affectedRows)}, ?, ${MAX_BIGINT} + 1)` : "?",
  );
  return `(${marks.join(", ")})`;
}

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
