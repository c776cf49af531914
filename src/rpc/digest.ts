/**
 * Digests that tell whether two events or requests are the same. They are stored, so
 * their encoding must never change: a new field is added at the end, and only if it is
 * present, so that what was digested before it existed keeps its digest.
 */
import { hash } from "node:crypto";
import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import type { RequestMark, ScopeDelta } from "../store/store.ts";
import type { CheckedEvent } from "./validate/event.ts";

/** What can be encoded: undefined (absent) differs from every value. */
export type Encodable =
  | undefined
  | null
  | boolean
  | number
  | string
  | readonly Encodable[]
  | ReadonlyMap<string, Encodable>;

/**
 * An unambiguous text: every value begins with its kind, strings and collections with
 * their length; maps are ordered by key. Strings must be well-formed.
 */
export function encode(value: Encodable): string {
  if (value === undefined) return "-";
  if (value === null) return "0";
  switch (typeof value) {
    case "boolean":
      return value ? "t" : "f";
    case "number":
      // The shortest text of a double is exact, save for the sign of zero.
      return `n${Object.is(value, -0) ? "-0" : value};`;
    case "string":
      return `s${value.length}:${value}`;
  }
  if (Array.isArray(value)) return `a${value.length}:${value.map(encode).join("")}`;
  const map = value as ReadonlyMap<string, Encodable>;
  const keys = [...map.keys()].sort();
  return `m${keys.length}:${keys.map((key) => encode(key) + encode(map.get(key))).join("")}`;
}

/** The SHA-256 of an encoded value; 32 bytes. */
export function digest(value: Encodable): Uint8Array {
  return hash("sha256", encode(value), "buffer");
}

/**
 * The digest of an event (I4): its envelope, payloads and delta by sorted key, as the
 * writer gave them. Neither output-only fields nor the writer are part of it.
 */
export function eventDigest(event: Event, checked: CheckedEvent): Uint8Array {
  return digest([
    "event/1",
    event.id,
    event.invocationId,
    event.author,
    event.branch,
    // What the server fills in is no part: the retry of an event without a time has none either.
    event.timestamp,
    event.partial,
    event.turnComplete,
    event.interrupted,
    event.errorCode,
    event.errorMessage,
    // A set, which some writers keep without an order.
    event.longRunningToolIds?.ids.toSorted(),
    checked.actions,
    encodableDelta(checked.delta),
    event.content,
    event.groundingMetadata,
    event.customMetadata,
    event.extra,
  ]);
}

/** The mark of a request that may be retried; undefined where it has no request_id. */
export function requestMark(
  method: string,
  requestId: string,
  request: readonly Encodable[],
): RequestMark | undefined {
  if (requestId === "") return undefined;
  return { id: requestId, digest: digest([`${method}/1`, ...request]) };
}

/** A delta for a digest; the order of removed keys does not count. */
export function encodableDelta(delta: ScopeDelta): Encodable {
  return [delta.set, [...new Set(delta.remove)].sort()];
}
