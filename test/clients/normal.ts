/**
 * The form in which events of all languages are compared: one JSON object with ADK's camelCase names, times in seconds,
 * standard base64, durations as 1.5s, the state delta in the actions, sets sorted, and no member for what is absent.
 */
import type { Event as StoredEvent } from "../../gen/ts/sessiond/v1/event_pb.ts";
import { Digits, digits, isObject, parse } from "./exact.ts";
import type { Language } from "./languages.ts";

/** A removed key of a state delta; programs get it by this name too. */
export const removed = { $: "removed" };

/** An event in its normal form. */
export type Normal = Record<string, unknown>;

/** What a language's own JSON has instead of the normal form. */
interface Form {
  time(seconds: unknown): unknown;
  seconds(time: unknown): unknown;
  duration(text: unknown): unknown;
  readonly compaction: boolean;
}

const asItIs = (value: unknown) => value;
const milliseconds = {
  time: (seconds: unknown) => Math.round(numberOf(seconds) * 1e6) / 1e3,
  seconds: (time: unknown) => numberOf(time) / 1000,
};

const forms: Readonly<Record<Language, Form>> = {
  python: { time: asItIs, seconds: asItIs, duration: asItIs, compaction: false },
  go: { time: asItIs, seconds: secondsOfText, duration: asItIs, compaction: false },
  java: { ...milliseconds, duration: (text) => `PT${String(text).toUpperCase()}`, compaction: true },
  typescript: { ...milliseconds, duration: asItIs, compaction: false },
};

/** An event in the language's own JSON, of its normal form. */
export function toAdk(language: Language, event: Normal): Normal {
  const form = forms[language];
  const actions = { ...(event["actions"] as Normal) };
  if (form.compaction) compactionTimes(actions, form.time);
  return {
    ...event,
    timestamp: form.time(event["timestamp"]),
    actions,
    content: named(event["content"], durations, form.duration),
  };
}

/** The normal form of an event in the language's own JSON. */
export function fromAdk(language: Language, text: string): Normal {
  const form = forms[language];
  const { timestamp, actions, longRunningToolIds, ...rest } = withoutNull(parse(text));
  const normal: Normal = { ...rest, timestamp: form.seconds(timestamp), actions: withoutNull(actions) };
  if (form.compaction) compactionTimes(normal["actions"] as Normal, form.seconds);
  if (Array.isArray(longRunningToolIds)) normal["longRunningToolIds"] = longRunningToolIds.toSorted();
  for (const name of ["content", "groundingMetadata"]) {
    if (name in normal) normal[name] = payload(language, normal[name]);
  }
  return normal;
}

/** The normal form of an event as it is stored. */
export function fromWire(event: StoredEvent): Normal {
  const stateDelta = Object.fromEntries([
    ...Object.entries(event.stateDelta).map(([key, text]) => [key, parse(text)]),
    ...event.removedStateKeys.map((key) => [key, removed]),
  ]);
  const { invocationId, author, branch, partial, turnComplete, interrupted, errorCode, errorMessage } = event;
  const envelope = {
    invocationId,
    author,
    branch,
    partial,
    turnComplete,
    interrupted,
    errorCode,
    errorMessage,
  };
  const text = (json: string) => (json === "" ? undefined : parse(json));
  return withoutAbsent({
    ...((text(event.extra) as Normal | undefined) ?? {}),
    ...withoutAbsent(envelope),
    id: event.id,
    timestamp: event.timestamp,
    longRunningToolIds: event.longRunningToolIds?.ids,
    content: text(event.content),
    groundingMetadata: text(event.groundingMetadata),
    customMetadata: text(event.customMetadata),
    actions: { ...(text(new TextDecoder().decode(event.actions)) as Normal | undefined), stateDelta },
  });
}

/** Seconds of a session's last update, which is a text where it is no number. */
export function updateTime(language: Language, time: number | string): number {
  if (typeof time === "string") return secondsOfText(time);
  return language === "typescript" ? time / 1000 : time;
}

const bytes = new Set(["thoughtSignature", "data", "sdkBlob"]);
const durations = new Set(["startOffset", "endOffset"]);

function payload(language: Language, value: unknown): unknown {
  const standard = (text: unknown) => String(text).replaceAll("-", "+").replaceAll("_", "/");
  const inPython = language === "python" ? named(value, bytes, standard) : value;
  return language === "java" ? named(inPython, durations, (time) => `${numberOf(time)}s`) : inPython;
}

/** The value with the members of these names changed. */
function named(value: unknown, names: ReadonlySet<string>, change: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => named(each, names, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      names.has(name) && !isObject(each) ? change(each) : named(each, names, change),
    ]),
  );
}

function compactionTimes(actions: Normal, change: (time: unknown) => unknown): void {
  const { compaction } = actions;
  if (!isObject(compaction)) return;
  const { startTimestamp, endTimestamp } = compaction;
  actions["compaction"] = {
    ...compaction,
    startTimestamp: change(startTimestamp),
    endTimestamp: change(endTimestamp),
  };
}

/** Seconds of RFC 3339, to the microsecond. */
function secondsOfText(time: unknown): number {
  const [, whole = "", fraction = ""] = /^([^.Z]+)(\.\d+)?Z$/.exec(String(time)) ?? [];
  // Added to a whole number of seconds, the fraction would be rounded twice.
  return Number(`${Date.parse(`${whole}Z`) / 1000}${fraction}`);
}

function numberOf(number: unknown): number {
  return number instanceof Digits ? Number(number.text) : Number(number);
}

/** Java's ADK writes null for what is absent. */
function withoutNull(value: unknown): Normal {
  return Object.fromEntries(Object.entries(value as Normal).filter(([, each]) => each !== null));
}

function withoutAbsent(value: object): Normal {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}

/** A whole event around a value at its place. */
export function around(id: string, at: readonly (string | number)[], value: unknown): Normal {
  const event: Normal = {
    id,
    invocationId: "e-1",
    author: "agent",
    timestamp: digits("1742000000.5"),
    actions: { stateDelta: {} },
  };
  let holder: Record<string | number, unknown> = event;
  for (const [index, step] of at.slice(0, -1).entries()) {
    if (step === "content") holder["content"] ??= { role: "model" };
    holder[step] ??= typeof at[index + 1] === "number" ? [] : {};
    holder = holder[step] as Normal;
  }
  holder[at.at(-1) ?? ""] = value;
  return event;
}

/** What stands at a place. */
export function valueAt(event: unknown, at: readonly (string | number)[]): unknown {
  return at.reduce<unknown>(
    (holder, step) => (holder as Record<string | number, unknown> | undefined)?.[step],
    event,
  );
}

/** The event without what a row put into it, and without its id. */
export function without(event: Normal, [first, second]: readonly (string | number)[]): Normal {
  const { id: _, ...rest } = event;
  if (first !== "actions") {
    delete rest[String(first)];
    return rest;
  }
  const { [String(second)]: __, ...actions } = rest["actions"] as Normal;
  return { ...rest, actions };
}
