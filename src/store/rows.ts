/** Rows of sessions, events and changes that every engine's tables have, and the records that they become. */
import type { EventMark, SessionHead } from "./append-plan.ts";
import type { SessionChange, SessionRecord, State } from "./store.ts";
import { deltaFromJson, factsFromColumn } from "./stored-text.ts";

/** The columns that name a session in its own table. */
export const SESSION_KEY = ["app_name", "user_id", "id"] as const;

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
  /** NULL is -0.0, of which some engines drop the sign. */
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
    ...toHead(row),
    firstSeq: row.first_seq,
    ownerId: row.owner_id,
    displayName: row.display_name,
    labels,
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
    lastEventTime: row.last_event_time ?? -0,
  };
}

/** What an append plan reads of an event. */
export interface MarkRow {
  readonly id: string;
  /** NULL is -0.0. */
  readonly timestamp: number | null;
  readonly seq: number;
  readonly revision: number;
  readonly create_time: number;
  readonly digest: Uint8Array;
}

export function toMark(row: MarkRow): EventMark {
  return {
    id: row.id,
    timestamp: row.timestamp ?? -0,
    seq: row.seq,
    revision: row.revision,
    createMicros: row.create_time,
    digest: row.digest,
  };
}

/** A row of `adk_session_changes`. */
export interface ChangeRow {
  readonly revision: number;
  readonly after_seq: number;
  readonly create_time: number;
  readonly replaced: number;
  readonly delta: string;
  readonly facts: string | null;
}

/** A change without an event. */
export function toChange(row: ChangeRow): SessionChange {
  return {
    revision: row.revision,
    afterSeq: row.after_seq,
    createMicros: row.create_time,
    replaced: row.replaced !== 0,
    delta: deltaFromJson(row.delta),
    ...factsFromColumn(row.facts),
  };
}
