/** Where a history begins, and what of it comes with its session. */
import type { Limits } from "../config/limits.ts";
import type { Cursor, HistoryFilter } from "../rpc/cursor.ts";
import { seqBeyondHead } from "../rpc/errors.ts";
import { seqBeforeHistory } from "../store/history-opening.ts";
import type { HistoryOpening, SessionKey, SessionRecord, Store } from "../store/store.ts";
import { requireNotTrimmed } from "./one-session.ts";

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

/** More appends than these per frame save nothing. */
export const FRAME_EVENTS = 64;

/** What of the history is passed over; undefined where nothing is. */
export function filterOf(
  session: SessionRecord,
  { cursor, afterTime }: HistoryStart,
): HistoryFilter | undefined {
  if (cursor !== undefined) return cursor.filter;
  return afterTime === undefined ? undefined : { afterTime, throughSeq: session.headSeq };
}

/** The events of the first frame come with the session, unless they weigh much or a filter leaves some of them out. */
export function openingOf({ key, start }: HistoryRequest, limits: Limits): HistoryOpening {
  const { cursor, afterSeq, afterTime, numRecentEvents: newest } = start;
  const filtered = afterTime !== undefined || cursor?.filter !== undefined;
  return {
    key,
    afterSeq: cursor?.seq ?? afterSeq ?? 0,
    newest: filtered ? undefined : newest,
    maxRows: filtered ? 0 : Math.min(FRAME_EVENTS, limits.readRangeRows),
    maxEventBytes: Math.floor(limits.readRangeBytes / FRAME_EVENTS),
  };
}

/**
 * The seq right before the first event that is wanted.
 * @throws RpcError SEQ_BEYOND_HEAD, EVENTS_TRIMMED
 */
export async function startSeq(
  store: Pick<Store, "seqBeforeNewest">,
  session: SessionRecord,
  start: HistoryStart,
  signal: AbortSignal,
): Promise<number> {
  const { headSeq: throughSeq, key } = session;
  if (start.cursor !== undefined && start.cursor.revision > session.revision) {
    throw seqBeyondHead(start.cursor.seq, throughSeq);
  }
  const given = start.cursor?.seq ?? start.afterSeq;
  if (given !== undefined && given > throughSeq) throw seqBeyondHead(given, throughSeq);
  // after_seq 0 is the beginning, wherever that is; a cursor's 0 is a place that was reached.
  if (given !== undefined && (given > 0 || start.cursor !== undefined)) requireNotTrimmed(session, given);
  const { afterTime, numRecentEvents: count } = start;
  const within = (newest: number | undefined) => seqBeforeHistory({ afterSeq: given ?? 0, newest }, session);
  if (count === 0 || afterTime === undefined) return within(count);
  const afterSeq = within(undefined);
  if (count === undefined) return afterSeq;
  return store.seqBeforeNewest({ key, afterSeq, throughSeq, afterTime, count }, signal);
}
