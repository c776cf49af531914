/**
 * Reads of events. A long read is a chain of chunks, each a snapshot of its own that
 * checks the session's uid: no connection is held, no log is kept from being written
 * back, and other reads get their turn between two chunks.
 */
import { StoreError } from "../errors.ts";
import { seqBeforeHistory } from "../history-opening.ts";
import { isEmptyDelta, splitDelta } from "../state.ts";
import type {
  DeltaRange,
  EventDelta,
  EventRange,
  HistoryOpening,
  ListScopeEventsInput,
  NewestInput,
  SessionKey,
  SessionRecord,
} from "../store.ts";
import { type EventRow, READ_COLUMNS, type ScopeEvent, toScopeEvent } from "../stored-event.ts";
import { eventDeltaFromColumns } from "../stored-text.ts";
import type { Connection, SqlValue } from "./connection.ts";
import { EventPacker, type PackedEvents } from "./packed-events.ts";
import { getSession, readRow } from "./sessions.ts";
import { Moved } from "./wire.ts";

/** A chunk ends after so many rows, */
const CHUNK_ROWS = 512;
/** or with the row that fills so many bytes, */
const CHUNK_BYTES = 256 * 1024;
/** or once so many seqs were looked at, where a filter leaves most of them out. */
const CHUNK_SEQS = 10_000;

const OF_SESSION = "app_name = ? AND user_id = ? AND session_id = ?";

/** A part of a read, and the range that is left; undefined at its end. */
export interface Chunk<Items, Range> {
  readonly items: Items;
  readonly rest: Range | undefined;
}

/** See `Store.openHistory`. */
export function openHistory(
  db: Connection,
  opening: HistoryOpening,
): Moved<{ readonly session: SessionRecord | undefined; readonly events: PackedEvents }> {
  const events = new EventPacker();
  const session = db.read(() => {
    const found = getSession(db, opening.key);
    if (found === undefined) return undefined;
    const afterSeq = seqBeforeHistory(opening, found);
    const rows = db.each<EventRow>(
      `SELECT ${READ_COLUMNS} FROM adk_events WHERE ${OF_SESSION} AND seq > ? AND seq <= ? ORDER BY seq`,
      ...keyValues(opening.key),
      afterSeq,
      Math.min(found.headSeq, afterSeq + opening.maxRows),
    );
    for (const row of rows) {
      if (row.bytes > opening.maxEventBytes || row.seq !== afterSeq + events.count + 1) break;
      events.add(row);
    }
    return found;
  });
  const packed = events.finish();
  return new Moved({ session, events: packed }, [packed.bytes.buffer, packed.places.buffer]);
}

/**
 * The next events of a range. `first` is true until the read gave an event: then one is
 * given whatever it weighs.
 * @throws StoreError SESSION_NOT_FOUND, SESSION_RECREATED
 */
export function readEventsChunk(
  db: Connection,
  range: EventRange,
  first: boolean,
): Moved<Chunk<PackedEvents, EventRange>> {
  const events = new EventPacker();
  const rest = db.read(() => {
    const { afterSeq, throughSeq } = narrow(db, range);
    const window = range.descending
      ? { from: Math.max(afterSeq, throughSeq - CHUNK_SEQS), to: throughSeq }
      : { from: afterSeq, to: Math.min(throughSeq, afterSeq + CHUNK_SEQS) };
    const rows = db.each<EventRow>(
      `SELECT ${READ_COLUMNS} FROM adk_events WHERE ${OF_SESSION} AND seq > ? AND seq <= ? AND timestamp >= ?
       ORDER BY seq ${range.descending ? "DESC" : "ASC"}`,
      ...keyValues(range.key),
      window.from,
      window.to,
      range.afterTime ?? Number.NEGATIVE_INFINITY,
    );
    let bytes = 0;
    const after = (last: number): EventRange => ({
      ...range,
      ...(range.descending ? { afterSeq, throughSeq: last - 1 } : { afterSeq: last, throughSeq }),
      maxRows: range.maxRows - events.count,
      maxBytes: range.maxBytes - bytes,
    });
    for (const row of rows) {
      const tooHeavy = bytes + row.bytes > range.maxBytes && !(first && events.count === 0);
      if (tooHeavy || events.count >= range.maxRows) return undefined;
      events.add(row);
      bytes += row.bytes;
      if (events.count >= CHUNK_ROWS || bytes >= CHUNK_BYTES) return after(row.seq);
    }
    if (range.descending) return window.from <= afterSeq ? undefined : after(window.from + 1);
    return window.to >= throughSeq ? undefined : after(window.to);
  });
  const items = events.finish();
  return new Moved({ items, rest }, [items.bytes.buffer, items.places.buffer]);
}

/** As `readEventsChunk`, for deltas of the session's own state. `maxRows` counts what is given. */
export function readStateDeltasChunk(db: Connection, range: DeltaRange): Chunk<EventDelta[], DeltaRange> {
  return db.read(() => {
    const { afterSeq, throughSeq } = narrow(db, range);
    const to = Math.min(throughSeq, afterSeq + CHUNK_SEQS);
    const rows = db.each<DeltaRow>(
      `SELECT seq, revision, state_delta, removed_state_keys FROM adk_events
       WHERE ${OF_SESSION} AND seq > ? AND seq <= ?
         AND (state_delta IS NOT NULL OR removed_state_keys IS NOT NULL)
       ORDER BY seq`,
      ...keyValues(range.key),
      afterSeq,
      to,
    );
    const items: EventDelta[] = [];
    let characters = 0;
    const rest = (last: number): DeltaRange => ({
      ...range,
      afterSeq: last,
      throughSeq,
      maxRows: range.maxRows - items.length,
    });
    for (const row of rows) {
      if (items.length >= range.maxRows) return { items, rest: undefined };
      characters += (row.state_delta?.length ?? 0) + (row.removed_state_keys?.length ?? 0);
      const delta = splitDelta(...eventDeltaFromColumns(row.state_delta, row.removed_state_keys)).session;
      if (!isEmptyDelta(delta)) items.push({ seq: row.seq, revision: row.revision, delta });
      if (items.length >= CHUNK_ROWS || characters >= CHUNK_BYTES) return { items, rest: rest(row.seq) };
    }
    return { items, rest: to >= throughSeq ? undefined : rest(to) };
  });
}

/** See `Store.seqBeforeNewest`. */
export function seqBeforeNewest(db: Connection, input: NewestInput): number {
  const rows = db.all<{ seq: number }>(
    `SELECT seq FROM adk_events WHERE ${OF_SESSION} AND seq > ? AND seq <= ? AND timestamp >= ?
     ORDER BY seq DESC LIMIT 2 OFFSET ?`,
    ...keyValues(input.key),
    input.afterSeq,
    input.throughSeq,
    input.afterTime,
    input.count - 1,
  );
  const [nth, before] = rows;
  return nth === undefined || before === undefined ? input.afterSeq : nth.seq - 1;
}

/** See `Store.listScopeEvents`. */
export function listScopeEvents(db: Connection, input: ListScopeEventsInput): ScopeEvent[] {
  const conditions = ["app_name = ?", "timestamp >= ?"];
  const bound: SqlValue[] = [input.scope.appName, input.afterTime ?? Number.NEGATIVE_INFINITY];
  if (input.scope.userId !== undefined) {
    conditions.push("user_id = ?");
    bound.push(input.scope.userId);
  }
  if (input.after !== undefined) {
    conditions.push("(user_id, session_id, seq) > (?, ?, ?)");
    bound.push(input.after.userId, input.after.sessionId, input.after.seq);
  }
  const rows = db.each<EventRow>(
    `SELECT ${READ_COLUMNS} FROM adk_events WHERE ${conditions.join(" AND ")}
     ORDER BY user_id, session_id, seq LIMIT ?`,
    ...bound,
    input.maxRows,
  );
  const items: ScopeEvent[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (items.length > 0 && bytes + row.bytes > input.maxBytes) break;
    items.push(toScopeEvent(row));
    bytes += row.bytes;
  }
  return items;
}

interface DeltaRow {
  readonly seq: number;
  readonly revision: number;
  readonly state_delta: string | null;
  readonly removed_state_keys: string | null;
}

/** Checks that the session is the one with the uid; the range ends at its head at the latest. */
function narrow(db: Connection, range: EventRange | DeltaRange): { afterSeq: number; throughSeq: number } {
  const row = readRow(db, range.key);
  if (row === undefined) throw new StoreError("SESSION_NOT_FOUND", "The session does not exist.");
  if (row.uid !== range.uid) {
    throw new StoreError("SESSION_RECREATED", "The session was deleted and made again.");
  }
  return { afterSeq: range.afterSeq, throughSeq: Math.min(range.throughSeq, row.head_seq) };
}

function keyValues(key: SessionKey): [string, string, string] {
  return [key.appName, key.userId, key.sessionId];
}
