/**
 * The history part of StreamEvents. A pull-driven generator: the next range is read only
 * when the reader took the frames before, so that a slow reader holds one range and no
 * connection.
 */
import type { Limits } from "../config/limits.ts";
import { sessionBytes } from "../rpc/convert/session-bytes.ts";
import type { Cursor, HistoryFilter } from "../rpc/cursor.ts";
import type { SessionChange, SessionRecord, State, Store } from "../store/store.ts";
import type { StoredEvent } from "../store/stored-event.ts";
import { ChangeQueue, type ChangeStore } from "./changes.ts";
import { type EventsFrame, FrameAssembler } from "./frames.ts";
import { FRAME_EVENTS, filterOf, type HistoryRequest, openingOf, startSeq } from "./history-start.ts";
import { missingEvent, requireSession } from "./one-session.ts";
import { splitState } from "./state-frames.ts";

/** What a history consists of, each with the place to resume after it. */
export type HistoryFrame = Place &
  (
    | {
        readonly kind: "opened";
        /** With the first part of its state. */
        readonly session: SessionRecord;
        /** More of the state follows. */
        readonly continues: boolean;
      }
    | { readonly kind: "state"; readonly state: State; readonly continues: boolean }
    | { readonly kind: "events"; readonly events: readonly StoredEvent[]; readonly continues: boolean }
    | { readonly kind: "changed"; readonly change: SessionChange }
    | { readonly kind: "caughtUp" }
  );

/** Where a stream is after a frame. */
export interface Place {
  /** The newest seq that the frames up to this one cover. */
  readonly seq: number;
  readonly resume: Cursor;
}

/** What a history is read from. */
export type HistoryStore = ChangeStore & Pick<Store, "openHistory" | "readEvents" | "seqBeforeNewest">;

/**
 * The session as of one snapshot, its events up to the head of that snapshot, and the
 * word that they are complete. A resumed one tells the changes without an event since its
 * cursor, each in its place; the state of any other has them all.
 * @throws RpcError or StoreError SESSION_NOT_FOUND, SESSION_RECREATED, SEQ_BEYOND_HEAD,
 *   EVENTS_TRIMMED; any other Error if the store misses an event
 */
export async function* readHistory(
  store: HistoryStore,
  request: HistoryRequest,
  limits: Limits,
  signal: AbortSignal,
): AsyncGenerator<HistoryFrame, void, undefined> {
  const { cursor } = request.start;
  const opened = await store.openHistory(openingOf(request, limits), signal);
  const session = requireSession(opened?.session, request.uid, cursor?.uid);
  const filter = filterOf(session, request.start);
  const afterSeq = await startSeq(store, session, request.start, signal);
  const changes = new ChangeQueue(store, session, cursor?.revision ?? session.revision, limits, signal);
  await changes.load();
  const place = (seq: number, resumeSeq = seq): Place => {
    const passed = filter !== undefined && resumeSeq >= filter.throughSeq;
    const resume = { uid: session.uid, seq: resumeSeq, revision: changes.told };
    return { seq, resume: { ...resume, filter: passed ? undefined : filter } };
  };
  const [first, ...rest] = stateParts(session, limits);
  yield {
    kind: "opened",
    session: { ...session, state: first },
    continues: rest.length > 0,
    ...place(afterSeq),
  };
  for (const [at, state] of rest.entries()) {
    yield { kind: "state", state, continues: at < rest.length - 1, ...place(afterSeq) };
  }
  const frames = new FrameAssembler({ maxBytes: limits.frameBytes, maxEvents: FRAME_EVENTS }, afterSeq);
  for (const range of rangesOf(session, afterSeq, filter)) {
    for await (const events of readRange(store, session, range, opened?.events ?? [], limits, signal)) {
      for (const event of events) {
        while (changes.isBefore(event.seq)) {
          for (const frame of frames.finish()) yield eventsFrame(frame, place);
          const change = await changes.take();
          yield { kind: "changed", change, ...place(Math.max(afterSeq, change.afterSeq)) };
        }
        for (const frame of frames.add(event)) yield eventsFrame(frame, place);
      }
    }
  }
  for (const frame of frames.finish()) yield eventsFrame(frame, place);
  while (changes.isBefore(Number.POSITIVE_INFINITY)) {
    const change = await changes.take();
    yield { kind: "changed", change, ...place(Math.max(afterSeq, change.afterSeq)) };
  }
  yield { kind: "caughtUp", ...place(session.headSeq) };
}

function eventsFrame(frame: EventsFrame, place: (seq: number, resumeSeq: number) => Place): HistoryFrame {
  return { kind: "events", ...frame, ...place(frame.seq, frame.resumeSeq) };
}

function stateParts(session: SessionRecord, limits: Limits): State[] {
  const rowBytes = sessionBytes({ ...session, state: undefined });
  return splitState(session.state ?? new Map(), limits.frameBytes - rowBytes, limits.frameBytes);
}

/** A part of the history, with or without a filter. */
interface Range {
  /** Exclusive. */
  readonly afterSeq: number;
  readonly throughSeq: number;
  readonly afterTime: number | undefined;
}

/** What the filter is about, and what was appended since. */
function rangesOf({ headSeq }: SessionRecord, afterSeq: number, filter: HistoryFilter | undefined): Range[] {
  const filteredSeq = Math.min(filter?.throughSeq ?? 0, headSeq);
  return [
    { afterSeq, throughSeq: filteredSeq, afterTime: filter?.afterTime },
    { afterSeq: Math.max(afterSeq, filteredSeq), throughSeq: headSeq, afterTime: undefined },
  ];
}

/**
 * Rows of the first range of a history whose rows must be weighed before they are read: the first frame waits for
 * that. Each range after it may have four times as many.
 */
const FIRST_WEIGHED_ROWS = 128;

/** Gives the events of a range, the `first` of them read already. */
async function* readRange(
  store: HistoryStore,
  { key, uid, eventBytes: sessionBytes }: SessionRecord,
  { afterSeq, throughSeq, afterTime }: Range,
  first: readonly StoredEvent[],
  limits: Limits,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredEvent[], void, undefined> {
  const bounds = { maxBytes: limits.readRangeBytes, sessionBytes };
  const weighed = sessionBytes > limits.readRangeBytes;
  let maxRows = weighed ? Math.min(FIRST_WEIGHED_ROWS, limits.readRangeRows) : limits.readRangeRows;
  let seq = afterSeq;
  const pass = (events: readonly StoredEvent[]) => {
    for (const event of events) {
      if (afterTime === undefined && event.seq !== seq + 1) throw missingEvent(seq + 1);
      seq = event.seq;
    }
    return events;
  };
  if (seq < throughSeq) {
    signal.throwIfAborted();
    yield pass(first);
  }
  while (seq < throughSeq) {
    const before = seq;
    const range = { key, uid, afterSeq: seq, throughSeq, descending: false, afterTime, maxRows, ...bounds };
    maxRows = Math.min(maxRows * 4, limits.readRangeRows);
    for await (const events of store.readEvents(range, signal)) yield pass(events);
    // Nothing left: right where a filter passed over the rest, else a hole.
    if (seq === before) {
      if (afterTime === undefined) throw missingEvent(seq + 1);
      return;
    }
  }
}
