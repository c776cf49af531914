/** What an event weighs, for limits and frames. */
import type { Event } from "../../../gen/ts/sessiond/v1/event_pb.ts";
import type { EventRecord, ScopeDelta } from "../../store/store.ts";

/** The bytes of all texts of an event with this delta; what limits and `event_bytes` count. */
export function eventBytes(event: Event, delta: ScopeDelta): number {
  return (
    event.actions.length +
    sum([event.id, event.invocationId, event.author, event.branch, event.errorCode, event.errorMessage]) +
    sum([event.content, event.groundingMetadata, event.customMetadata, event.extra]) +
    sum([event.writer?.language, event.writer?.adkVersion]) +
    sum(event.longRunningToolIds?.ids ?? []) +
    sum(delta.set.keys()) +
    sum(delta.set.values()) +
    sum(delta.remove)
  );
}

// More than the tags and lengths of all fields of an Event, its numbers and its create time take,
const ENVELOPE_BYTES = 256;
// and than those of one entry of a list or map.
const ENTRY_BYTES = 16;

/** No less than what a stored event takes in an answer about one session, in bytes. */
export function wireBytes(event: EventRecord): number {
  const entries =
    event.stateDelta.size + event.removedStateKeys.length + (event.longRunningToolIds?.length ?? 0);
  return event.bytes + ENVELOPE_BYTES + entries * ENTRY_BYTES;
}

function sum(texts: Iterable<string | undefined>): number {
  let bytes = 0;
  for (const text of texts) if (text !== undefined) bytes += Buffer.byteLength(text);
  return bytes;
}
