/**
 * ADK's objects to and from the messages of the wire.
 *
 * An event's envelope is typed. The rest travels as JSON text in ADK's canonical form (camelCase keys, times in
 * seconds, standard base64), which the server keeps byte for byte. ADK's objects in TypeScript are plain and have that
 * form but for their times, which are milliseconds, so every field goes over as it is, also one that this version of
 * ADK does not declare, and what another language wrote is there to read.
 */
import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { version as adkVersion, createEvent, type Event, type Session } from "@google/adk";
import {
  EventSchema,
  type Event as StoredEvent,
  ToolIdsSchema,
  WriterSchema,
} from "../gen/sessiond/v1/event_pb.ts";
import {
  type SessionKey,
  SessionKeySchema,
  type Session as StoredSession,
} from "../gen/sessiond/v1/session_pb.ts";
import { setOwn } from "../state.ts";
import { standardBase64 } from "./base64.ts";
import { InvalidRequestError } from "./errors.ts";
import { jsonText } from "./jsontext.ts";

const tempPrefix = "temp:";

/**
 * Names a session, or a user or an app.
 * @throws InvalidRequestError for an id that is no text that UTF-8 can carry
 */
export function keyOf(appName: string, userId = "", sessionId = ""): SessionKey {
  return create(SessionKeySchema, {
    appName: text("appName", appName),
    userId: text("userId", userId),
    sessionId: text("sessionId", sessionId),
  });
}

/**
 * Writes an event without its `temp:` state. The same event always gives the same message, but for one without an id.
 *
 * - `timestamp`: seconds; absent where the event has none.
 * - `longRunningToolIds`: as a set, sorted.
 * - `actions`: JSON without `stateDelta`, whose keys go to `state_delta`; a key whose value is undefined goes to
 *   `removed_state_keys`, since after it nothing is there to read.
 * - `content`, `groundingMetadata`, `customMetadata`: JSON; null is written as absent.
 * - every other field (`citationMetadata`, `usageMetadata`, `finishReason`, `modelVersion`, `output`, `route`,
 *   `nodeInfo`, a compacted event's own, …): one JSON object, `extra`.
 * @throws InvalidRequestError for text in the envelope or a state key that UTF-8 cannot carry, and for values that JSON
 *   cannot carry
 */
export function eventToProto(event: Event): StoredEvent {
  const { id, invocationId, author, timestamp, branch, longRunningToolIds, ...rest } = event;
  const { partial, turnComplete, interrupted, errorCode, errorMessage, ...payloads } = rest;
  const { actions, content, groundingMetadata, customMetadata, ...extra } = payloads;
  const { stateDelta, ...otherActions } = actions ?? {};
  const message = create(EventSchema, {
    // Without an id of its own an append could not be repeated safely.
    id: text("event id", id ?? "") || randomUUID(),
    ...present({
      invocationId: optionalText("invocationId", invocationId),
      author: optionalText("author", author),
      branch: optionalText("branch", branch),
      errorCode: optionalText("errorCode", errorCode),
      errorMessage: optionalText("errorMessage", errorMessage),
      timestamp: timestamp == null ? undefined : secondsOf(number("timestamp", timestamp)),
      partial: flag("partial", partial),
      turnComplete: flag("turnComplete", turnComplete),
      interrupted: flag("interrupted", interrupted),
    }),
    actions: new TextEncoder().encode(json("actions", otherActions)),
    content: json("content", content),
    groundingMetadata: json("groundingMetadata", groundingMetadata),
    customMetadata: json("customMetadata", customMetadata),
    writer: create(WriterSchema, { language: "typescript", adkVersion }),
  });
  const others = json("event", extra);
  if (others !== "{}") message.extra = others;
  if (longRunningToolIds != null) {
    const ids = longRunningToolIds.map((toolId) => text("longRunningToolIds", toolId)).sort();
    message.longRunningToolIds = create(ToolIdsSchema, { ids });
  }
  const { values, removed } = splitState(stateDelta);
  message.stateDelta = values;
  message.removedStateKeys = removed;
  return message;
}

/** Reads an event that any language wrote. */
export function eventFromProto(message: StoredEvent): Event {
  const fields: Record<string, unknown> = message.extra === "" ? {} : JSON.parse(message.extra);
  for (const name of envelope) delete fields[name];
  const event = Object.assign(
    createEvent({ id: message.id, invocationId: message.invocationId ?? "" }),
    fields,
    present({
      author: message.author,
      branch: message.branch,
      partial: message.partial,
      turnComplete: message.turnComplete,
      interrupted: message.interrupted,
      errorCode: message.errorCode,
      errorMessage: message.errorMessage,
      content: parsed(message.content),
      groundingMetadata: parsed(message.groundingMetadata),
      customMetadata: parsed(message.customMetadata),
    }),
    { timestamp: millisOf(message.timestamp ?? 0) },
  ) as Event;
  if (message.longRunningToolIds === undefined) delete event.longRunningToolIds;
  else event.longRunningToolIds = [...message.longRunningToolIds.ids];
  if (message.actions.length > 0) {
    Object.assign(event.actions, JSON.parse(new TextDecoder().decode(message.actions)));
  }
  event.actions.stateDelta = stateFromProto(message.stateDelta);
  for (const key of message.removedStateKeys) setOwn(event.actions.stateDelta, key, undefined);
  if (message.writer?.language !== "typescript") standardBase64(event);
  return event;
}

/** The event's fields that have a place of their own on the wire, and none in `extra`. */
const envelope = [
  "id",
  "invocationId",
  "author",
  "timestamp",
  "branch",
  "longRunningToolIds",
  "partial",
  "turnComplete",
  "interrupted",
  "errorCode",
  "errorMessage",
  "actions",
  "content",
  "groundingMetadata",
  "customMetadata",
] as const;

/**
 * Writes the state that a session begins with, from key with its prefix to JSON text, without `temp:` keys.
 * @throws InvalidRequestError as `eventToProto`
 */
export function stateToProto(state: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  return splitState(state).values;
}

/** Reads state. */
export function stateFromProto(state: Readonly<Record<string, string>>): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(state)) setOwn(read, key, JSON.parse(value));
  return read;
}

/** Makes ADK's session of a stored one and the events that were asked for. */
export function sessionFromProto(message: StoredSession, events: Event[] = []): Session {
  const session: Session = {
    id: message.key?.sessionId ?? "",
    appName: message.key?.appName ?? "",
    userId: message.key?.userId ?? "",
    state: stateFromProto(message.state),
    events,
    lastUpdateTime: millisOf(message.lastEventTime),
  };
  setMarker(session, { uid: message.uid, revision: message.revision });
  return session;
}

/** Which state of the stored session an object stands for. */
export interface Marker {
  readonly uid: string;
  readonly revision: bigint;
}

/** ADK's Session has no slot for it, and an own one would show in the JSON that programs make of it. */
const markers = new WeakMap<Session, Marker>();

/** Notes which state of the stored session an object stands for. */
export function setMarker(session: Session, marker: Marker): void {
  markers.set(session, marker);
}

/** What an object stands for; undefined for one made by hand, copied, or loaded by another session service. */
export function markerOf(session: Session): Marker | undefined {
  return markers.get(session);
}

/** ADK's milliseconds as the wire's seconds. */
export function secondsOf(millis: number): number {
  return millis / 1000;
}

/**
 * The wire's seconds as ADK's milliseconds: the whole number that they were written from, if they were (for 100,000
 * years to both sides). For times from 2004 to 2038 a fraction comes back exactly, too; in others a double of seconds
 * may have less room for it.
 */
export function millisOf(seconds: number): number {
  const millis = seconds * 1000;
  const whole = Math.round(millis);
  return whole / 1000 === seconds ? whole : millis;
}

function splitState(state: Readonly<Record<string, unknown>> | undefined) {
  const values: Record<string, string> = {};
  const removed: string[] = [];
  for (const [key, value] of Object.entries(state ?? {})) {
    if (key.startsWith(tempPrefix)) continue;
    const name = text("state key", key);
    const written = jsonText(`state key ${JSON.stringify(key)}`, value);
    if (written === undefined) removed.push(name);
    else setOwn(values, name, written);
  }
  return { values, removed };
}

function json(what: string, value: unknown): string {
  return value == null ? "" : (jsonText(what, value) ?? "");
}

function parsed(value: string): unknown {
  return value === "" ? undefined : JSON.parse(value);
}

type Present<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

/** The fields that have a value. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}

/** The text, if a protobuf string can carry it. */
function text(what: string, value: unknown): string {
  if (typeof value !== "string") throw new InvalidRequestError(`${what} is ${shown(value)}, not a string`);
  if (!value.isWellFormed()) {
    throw new InvalidRequestError(`${what} ${shown(value)} has a lone surrogate, which UTF-8 cannot carry`);
  }
  return value;
}

function optionalText(what: string, value: unknown): string | undefined {
  return value == null ? undefined : text(what, value);
}

function number(what: string, value: unknown): number {
  if (typeof value !== "number") throw new InvalidRequestError(`${what} is ${shown(value)}, not a number`);
  return value;
}

function flag(what: string, value: unknown): boolean | undefined {
  if (value == null) return undefined;
  if (typeof value !== "boolean") throw new InvalidRequestError(`${what} is ${shown(value)}, not a boolean`);
  return value;
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
