/** What reads of one session share. */
import { eventsTrimmed, sessionNotFound, sessionRecreated } from "../rpc/errors.ts";
import type { SessionRecord } from "../store/store.ts";

/**
 * The session, if it is there and has each of the uids that are not undefined.
 * @throws RpcError SESSION_NOT_FOUND, SESSION_RECREATED
 */
export function requireSession(
  session: SessionRecord | undefined,
  ...uids: readonly (string | undefined)[]
): SessionRecord {
  if (session === undefined) throw sessionNotFound();
  if (uids.some((uid) => uid !== undefined && uid !== session.uid)) throw sessionRecreated();
  return session;
}

/**
 * A reader that has everything up to `seq` can go on with `seq + 1`, which is still stored.
 * @throws RpcError EVENTS_TRIMMED
 */
export function requireNotTrimmed(session: SessionRecord, seq: number): void {
  if (seq < session.firstSeq - 1) throw eventsTrimmed(session.firstSeq);
}

/** An event that should be stored is not: a fault, which must never look like a short history. */
export function missingEvent(expectedSeq: number): Error {
  return new Error(`the event of seq ${expectedSeq} is missing`);
}
