/** One step of a tail: what a session has after a place. */
import type { Limits } from "../config/limits.ts";
import { CHANGE_ROWS } from "../reads/changes.ts";
import type { HistoryFrame, Place } from "../reads/event-stream.ts";
import { type EventsFrame, FrameAssembler } from "../reads/frames.ts";
import { FRAME_EVENTS } from "../reads/history-start.ts";
import { missingEvent } from "../reads/one-session.ts";
import { eventFieldBytes } from "../rpc/convert/event-fields.ts";
import { seqBeyondHead } from "../rpc/errors.ts";
import { StoreError } from "../store/errors.ts";
import type { HeadRecord, SessionChange, SessionKey, Store } from "../store/store.ts";
import type { StoredEvent } from "../store/stored-event.ts";

/** What steps are read from. */
export type StepStore = Pick<Store, "sessionHeads" | "readEvents" | "readChanges">;

/** Where a live tail is: every event and change up to `revision` was told, the newest event being `seq`. */
export interface TailPlace {
  readonly uid: string;
  readonly seq: number;
  /** The end of the newest append that was told whole. */
  readonly resumeSeq: number;
  readonly revision: number;
}

/** Why a session cannot be followed any more. */
export type GoneReason = "SESSION_DELETED" | "SESSION_RECREATED" | "EVENTS_TRIMMED";

/** What came after a place. */
export interface Step {
  /** Never changed: tails at the same place send the same ones. */
  readonly frames: readonly HistoryFrame[];
  /** The place after the frames. */
  readonly place: TailPlace;
  /** Whether the place is where the session was when the step was read. */
  readonly atHead: boolean;
  readonly gone: GoneReason | undefined;
  /** About what the frames weigh. */
  readonly bytes: number;
}

/**
 * Reads what a session has after a place: one look at its row, and what the row says is new,
 * in frames. Reads no more than a frame's bytes, or one event or change. Where somebody has just
 * looked and found more than the place has, `found` saves the look.
 * @throws RpcError SEQ_BEYOND_HEAD, StoreError; any other Error if the store misses something
 */
export async function readStep(
  store: StepStore,
  key: SessionKey,
  place: TailPlace,
  limits: Limits,
  found?: HeadRecord,
): Promise<Step> {
  if (found !== undefined && isBehind(place, found)) {
    const step = await readThrough(store, key, place, found, limits).catch(ifChanged);
    if (step !== undefined) return step;
  }
  const [head] = await store.sessionHeads([key]);
  const gone = goneReason(head, place);
  if (head === undefined || gone !== undefined) return stay(place, gone ?? "SESSION_DELETED");
  if (head.revision < place.revision || head.headSeq < place.seq) {
    // Committed changes are gone, as after a database was put back to an older backup.
    throw seqBeyondHead(place.seq, head.headSeq);
  }
  if (head.revision === place.revision) return stay(place, undefined);
  return readThrough(store, key, place, head, limits);
}

/** Whether a session that was seen like this has more than a place, and all that comes right after it. */
function isBehind(place: TailPlace, head: HeadRecord): boolean {
  return goneReason(head, place) === undefined && head.revision > place.revision && head.headSeq >= place.seq;
}

/** Lets a read fail that found another session than was seen a moment before, or not all of it. */
function ifChanged(error: unknown): undefined {
  const other = ["SESSION_NOT_FOUND", "SESSION_RECREATED"];
  if (error instanceof StoreError && !other.includes(error.reason)) throw error;
}

/** What is new after a place up to a head that has more. */
async function readThrough(
  store: StepStore,
  key: SessionKey,
  place: TailPlace,
  head: HeadRecord,
  limits: Limits,
): Promise<Step> {
  // Every revision is an event or a change: what the events leave are changes.
  const missing = head.revision - place.revision - (head.headSeq - place.seq);
  const changes = missing === 0 ? [] : await readChanges(store, key, place, head, missing, limits);
  const last = changes.at(-1);
  const throughSeq = changes.length < missing && last !== undefined ? last.afterSeq : head.headSeq;
  const events = throughSeq > place.seq ? await readEvents(store, key, place, throughSeq, limits) : [];
  if (events.length === 0) {
    // Changes are read by key: they count only if it still names the same session.
    const [now] = await store.sessionHeads([key]);
    const since = goneReason(now, place);
    if (since !== undefined) return stay(place, since);
  }
  return assemble(events, changes, place, head.revision, limits);
}

/** Events that are known to come right after a place, one revision after the other. */
export interface NextEvents {
  readonly events: readonly StoredEvent[];
  /** The newest revision that the session is known to have had; undefined if it may be gone. */
  readonly headRevision: number | undefined;
}

/** The same step as `readStep` reads, or the first part of it, of events that need not be read. */
export function stepOf({ events, headRevision }: NextEvents, place: TailPlace, limits: Limits): Step {
  return assemble(events, [], place, headRevision, limits);
}

function stay(place: TailPlace, gone: GoneReason | undefined): Step {
  return { frames: [], place, atHead: true, gone, bytes: 0 };
}

function goneReason(head: HeadRecord | undefined, place: TailPlace): GoneReason | undefined {
  if (head === undefined) return "SESSION_DELETED";
  if (head.uid !== place.uid) return "SESSION_RECREATED";
  return head.firstSeq > place.seq + 1 ? "EVENTS_TRIMMED" : undefined;
}

async function readChanges(
  store: StepStore,
  key: SessionKey,
  place: TailPlace,
  head: HeadRecord,
  missing: number,
  limits: Limits,
): Promise<SessionChange[]> {
  return store.readChanges({
    key,
    afterRevision: place.revision,
    throughRevision: head.revision,
    maxRows: Math.min(missing, CHANGE_ROWS),
    maxBytes: limits.frameBytes,
  });
}

async function readEvents(
  store: StepStore,
  key: SessionKey,
  place: TailPlace,
  throughSeq: number,
  limits: Limits,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  const bounds = { maxRows: limits.readRangeRows, maxBytes: limits.frameBytes };
  const range = { key, uid: place.uid, afterSeq: place.seq, throughSeq, descending: false, ...bounds };
  for await (const chunk of store.readEvents({ ...range, afterTime: undefined })) {
    for (const event of chunk) {
      const expected = place.seq + events.length + 1;
      if (event.seq !== expected) throw missingEvent(expected);
      events.push(event);
    }
  }
  if (events.length === 0) throw missingEvent(place.seq + 1);
  return events;
}

/** Puts events and changes into frames, in the order of their revisions. */
function assemble(
  events: readonly StoredEvent[],
  changes: readonly SessionChange[],
  start: TailPlace,
  headRevision: number | undefined,
  limits: Limits,
): Step {
  const frames: HistoryFrame[] = [];
  const assembler = new FrameAssembler(
    { maxBytes: limits.frameBytes, maxEvents: FRAME_EVENTS },
    start.resumeSeq,
  );
  let place = start;
  let bytes = 0;
  const add = (frame: EventsFrame): void => {
    const { length } = frame.events;
    const { seq, revision } = place;
    // Every event has a revision of its own.
    place = { ...place, seq: seq + length, resumeSeq: frame.resumeSeq, revision: revision + length };
    frames.push({ kind: "events", events: frame.events, continues: frame.continues, ...placeOf(place) });
  };
  const tell = (change: SessionChange): void => {
    place = { ...place, revision: change.revision };
    bytes += changeBytes(change);
    frames.push({ kind: "changed", change, ...placeOf(place) });
  };
  let next = 0;
  for (const event of events) {
    for (let change = changes[next]; change !== undefined && change.afterSeq < event.seq; ) {
      assembler.finish().forEach(add);
      tell(change);
      change = changes[++next];
    }
    bytes += eventFieldBytes(event);
    assembler.add(event).forEach(add);
  }
  assembler.flush().forEach(add);
  for (const change of changes.slice(next)) {
    // What follows an event that was not read waits for it.
    if (change.afterSeq > place.seq) break;
    tell(change);
  }
  if (frames.length === 0)
    throw new Error(`nothing was found between revisions ${start.revision} and ${headRevision}`);
  return { frames, place, atHead: place.revision === headRevision, gone: undefined, bytes };
}

/** A place as a frame carries it. */
export function placeOf({ uid, seq, resumeSeq, revision }: TailPlace): Place {
  return { seq, resume: { uid, seq: resumeSeq, revision, filter: undefined } };
}

function changeBytes({ delta }: SessionChange): number {
  let bytes = 256;
  for (const { set } of [delta.session, delta.user, delta.app]) {
    for (const [key, value] of set) bytes += key.length + value.length;
  }
  return bytes;
}
