/** A session with the first events of a history, where one answer is enough for both. */
import type { Limits } from "../config/limits.ts";
import { eventFieldBytes } from "../rpc/convert/event-fields.ts";
import { sessionBytes } from "../rpc/convert/session-bytes.ts";
import type { SessionRecord, Store } from "../store/store.ts";
import type { StoredEvent } from "../store/stored-event.ts";
import { type HistoryRequest, openingOf, startSeq } from "./history-start.ts";
import { requireSession } from "./one-session.ts";

/** What was read, of one snapshot. */
export interface FirstEvents {
  readonly session: SessionRecord;
  /** In order and without a gap from the first of the history on; what does not fit the answer is left out. */
  readonly events: readonly StoredEvent[];
  /** Whether these are all. */
  readonly complete: boolean;
}

/**
 * @throws RpcError or StoreError SESSION_NOT_FOUND, SESSION_RECREATED, SEQ_BEYOND_HEAD, EVENTS_TRIMMED
 */
export async function readFirstEvents(
  store: Pick<Store, "openHistory" | "seqBeforeNewest">,
  request: HistoryRequest,
  limits: Limits,
  signal: AbortSignal,
): Promise<FirstEvents> {
  const opened = await store.openHistory(openingOf(request, limits), signal);
  const session = requireSession(opened?.session, request.uid);
  const afterSeq = await startSeq(store, session, request.start, signal);
  const left = limits.maxMessageBytes - sessionBytes(session);
  const events = fitting(opened?.events ?? [], Math.min(limits.frameBytes, left));
  return { session, events, complete: afterSeq + events.length === session.headSeq };
}

function fitting(events: readonly StoredEvent[], maxBytes: number): readonly StoredEvent[] {
  let bytes = 0;
  const end = events.findIndex((event) => {
    bytes += eventFieldBytes(event);
    return bytes > maxBytes;
  });
  return end === -1 ? events : events.slice(0, end);
}
