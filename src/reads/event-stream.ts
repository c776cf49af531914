/**
 * The history part of StreamEvents. A pull-driven generator: the next range is read only
 * when the reader took the frames before, so that a slow reader holds one range and no
 * connection.
 */
import type { Limits } from "../config/limits.ts";
import type { Cursor } from "../rpc/cursor.ts";
import { seqBeyondHead } from "../rpc/errors.ts";
import type { SessionKey, SessionRecord, Store } from "../store/store.ts";
import { type EventsFrame, FrameAssembler } from "./frames.ts";
import { missingEvent, requireNotTrimmed, requireSession } from "./one-session.ts";

/** Where a history begins: at a cursor, or where the others, one after the other, narrow it to. */
export interface HistoryStart {
  readonly cursor: Cursor | undefined;
  readonly afterSeq: number | undefined;
  /** Seconds since 1970, inclusive. */
  readonly afterTime: number | undefined;
  readonly numRecentEvents: number | undefined;
}

/** A history to read. */
export interface HistoryRequest {
  readonly key: SessionKey;
  /** The uid that the session must have; undefined for any. */
  readonly uid: string | undefined;
  readonly start: HistoryStart;
}

/** What a history consists of, each with the place to resume after it. */
export type HistoryFrame =
  | {
      readonly kind: "opened";
      readonly session: SessionRecord;
      readonly seq: number;
      readonly resume: Cursor;
    }
  | { readonly kind: "events"; readonly frame: EventsFrame; readonly seq: number; readonly resume: Cursor }
  | { readonly kind: "caughtUp"; readonly seq: number; readonly resume: Cursor };

type HistoryStore = Pick<Store, "getSession" | "readEvents" | "seqBeforeNewest">;

/** More appends than these per frame save nothing. */
const FRAME_EVENTS = 64;

interface Range {
  readonly session: SessionRecord;
  /** Exclusive. */
  readonly afterSeq: number;
  readonly afterTime: number | undefined;
}

/**
 * The session as of one snapshot, its events up to the head of that snapshot, and the
 * word that they are complete.
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
  const session = requireSession(await store.getSession(request.key, signal), request.uid, cursor?.uid);
  const afterTime = cursor === undefined ? request.start.afterTime : cursor.afterTime;
  const afterSeq = await startSeq(store, session, request.start, signal);
  const resume = (seq: number): Cursor => ({ uid: session.uid, seq, afterTime });
  yield { kind: "opened", session, seq: afterSeq, resume: resume(afterSeq) };
  for await (const frame of readFrames(store, { session, afterSeq, afterTime }, limits, signal)) {
    yield { kind: "events", frame, seq: frame.seq, resume: resume(frame.resumeSeq) };
  }
  yield { kind: "caughtUp", seq: session.headSeq, resume: resume(session.headSeq) };
}

/** The seq right before the first event that is wanted. */
async function startSeq(
  store: HistoryStore,
  session: SessionRecord,
  start: HistoryStart,
  signal: AbortSignal,
): Promise<number> {
  const { headSeq: throughSeq, key } = session;
  const given = start.cursor?.seq ?? start.afterSeq;
  if (given !== undefined && given > throughSeq) throw seqBeyondHead(given, throughSeq);
  // after_seq 0 is the beginning, wherever that is; a cursor's 0 is a place that was reached.
  if (given !== undefined && (given > 0 || start.cursor !== undefined)) requireNotTrimmed(session, given);
  const afterSeq = Math.max(given ?? 0, session.firstSeq - 1);
  const { afterTime, numRecentEvents: count } = start;
  if (start.cursor !== undefined || count === undefined) return afterSeq;
  if (count === 0) return throughSeq;
  if (afterTime === undefined) return Math.max(afterSeq, throughSeq - count);
  return store.seqBeforeNewest({ key, afterSeq, throughSeq, afterTime, count }, signal);
}

async function* readFrames(
  store: HistoryStore,
  { session, afterSeq, afterTime }: Range,
  limits: Limits,
  signal: AbortSignal,
): AsyncGenerator<EventsFrame, void, undefined> {
  const frames = new FrameAssembler({ maxBytes: limits.frameBytes, maxEvents: FRAME_EVENTS }, afterSeq);
  let seq = afterSeq;
  while (seq < session.headSeq) {
    const before = seq;
    const range = {
      key: session.key,
      uid: session.uid,
      afterSeq: seq,
      throughSeq: session.headSeq,
      descending: false,
      afterTime,
      maxRows: limits.readRangeRows,
      maxBytes: limits.readRangeBytes,
    };
    for await (const events of store.readEvents(range, signal)) {
      for (const event of events) {
        if (afterTime === undefined && event.seq !== seq + 1) throw missingEvent(seq + 1);
        seq = event.seq;
        yield* frames.add(event);
      }
    }
    // Nothing left: right where a filter passed over the rest, else a hole.
    if (seq === before) {
      if (afterTime === undefined) throw missingEvent(seq + 1);
      break;
    }
  }
  yield* frames.finish();
}
