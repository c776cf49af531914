/** Where a history begins that is opened with its first events. */
import type { HistoryOpening, SessionRecord } from "./store.ts";

/** The seq right before the first event of the history, which may be the head's. */
export function seqBeforeHistory(
  { afterSeq, newest }: Pick<HistoryOpening, "afterSeq" | "newest">,
  { firstSeq, headSeq }: Pick<SessionRecord, "firstSeq" | "headSeq">,
): number {
  return Math.max(afterSeq, firstSeq - 1, headSeq - (newest ?? headSeq));
}
