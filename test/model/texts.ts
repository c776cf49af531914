/** Comparable texts of what has no order or no identity of its own. */
import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import type { SessionKey } from "../../gen/ts/sessiond/v1/session_pb.ts";

/** The key as a text. */
export function keyText(key: SessionKey | undefined): string {
  return JSON.stringify([key?.appName, key?.userId, key?.sessionId]);
}

/** A map as a text, whatever the order of its entries. */
export function mapText(map: Readonly<Record<string, string>> | ReadonlyMap<string, string>): string {
  const entries = map instanceof Map ? [...map] : Object.entries(map as Record<string, string>);
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Everything that a writer may say in an event as one text, byte for byte (I1); `temp:` keys are never stored. The
 * timestamp stands apart: where the writer gave none it is the server's.
 */
export function eventText(event: Event): string {
  const kept = Object.entries(event.stateDelta).filter(([key]) => !key.startsWith("temp:"));
  return JSON.stringify([
    event.id,
    event.invocationId ?? null,
    event.author ?? null,
    event.branch ?? null,
    event.partial ?? null,
    event.turnComplete ?? null,
    event.interrupted ?? null,
    event.errorCode ?? null,
    event.errorMessage ?? null,
    event.longRunningToolIds?.ids ?? null,
    Buffer.from(event.actions).toString("hex"),
    mapText(Object.fromEntries(kept)),
    event.removedStateKeys.filter((key) => !key.startsWith("temp:")),
    event.content,
    event.groundingMetadata,
    event.customMetadata,
    event.extra,
    event.writer?.language ?? "",
    event.writer?.adkVersion ?? "",
  ]);
}
