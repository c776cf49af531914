/** What an event weighs, for limits. */
import type { Event } from "../../../gen/ts/sessiond/v1/event_pb.ts";
import type { ScopeDelta } from "../../store/store.ts";

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

function sum(texts: Iterable<string | undefined>): number {
  let bytes = 0;
  for (const text of texts) if (text !== undefined) bytes += Buffer.byteLength(text);
  return bytes;
}
