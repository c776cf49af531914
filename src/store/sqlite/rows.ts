/** Rows as the tables have them, and the records that they become. */
import type { EventMark, SessionHead } from "../append-plan.ts";
import type { SessionKey, SessionRecord, State } from "../store.ts";
import { EVENT_COLUMNS, type EventRow } from "../stored-event.ts";

/** Columns of `adk_sessions`, as `SESSION_COLUMNS` selects them. */
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
  readonly last_event_time: number;
}

export const SESSION_COLUMNS =
  "app_name, user_id, id, uid, revision, head_seq, first_seq, event_count, event_bytes, owner_id, display_name, " +
  "create_time, update_time, last_event_time";

export const READ_COLUMNS = EVENT_COLUMNS.join(", ");

/** The columns that `toMark` wants. */
export const MARK_COLUMNS = "id, timestamp, seq, revision, create_time, digest";

export type MarkRow = Pick<EventRow, "id" | "seq" | "revision" | "create_time"> & {
  readonly timestamp: number;
  readonly digest: Uint8Array;
};

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
    lastEventTime: row.last_event_time,
    state,
  };
}

/** What an append plan needs of a session. */
export function toHead(key: SessionKey, row: SessionRow): SessionHead {
  return {
    key,
    uid: row.uid,
    revision: row.revision,
    headSeq: row.head_seq,
    eventCount: row.event_count,
    eventBytes: row.event_bytes,
    createMicros: row.create_time,
    updateMicros: row.update_time,
    lastEventTime: row.last_event_time,
  };
}

/** What an append plan needs of an event. */
export function toMark(row: MarkRow): EventMark {
  return {
    id: row.id,
    timestamp: row.timestamp,
    seq: row.seq,
    revision: row.revision,
    createMicros: row.create_time,
    digest: row.digest,
  };
}

/** A presence-carrying boolean as a column. */
export function toFlag(value: boolean | undefined): number | null {
  return value === undefined ? null : Number(value);
}

/** A payload as a column: NULL is none. */
export function toPayload(text: string): string | null {
  return text === "" ? null : text;
}

/** Times that date functions show: the years 1 to 9999, in microseconds. */
const MIN_SHOWN = -62_135_596_800_000_000;
const MAX_SHOWN = 253_402_300_799_000_000;

/** A time in seconds as microseconds for people, clamped to what date functions show. */
export function toShownMicros(seconds: number): number {
  return Math.min(MAX_SHOWN, Math.max(MIN_SHOWN, Math.round(seconds * 1e6)));
}
