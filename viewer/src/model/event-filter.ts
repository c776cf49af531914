/** Which events are shown, and where a text occurs. */
import type { Event } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import { type EventView, viewOf } from "./parts.ts";

/** Kinds that a person tells apart. */
export const eventKinds = [
  "message",
  "thought",
  "call",
  "response",
  "error",
  "state",
  "action",
  "media",
] as const;

export type EventKind = (typeof eventKinds)[number];

export interface EventFilter {
  readonly author: string | undefined;
  readonly kind: EventKind | undefined;
  readonly invocation: string | undefined;
  /** Case does not count. */
  readonly text: string;
}

export const noFilter: EventFilter = { author: undefined, kind: undefined, invocation: undefined, text: "" };

export function isFiltering({ author, kind, invocation, text }: EventFilter): boolean {
  return author !== undefined || kind !== undefined || invocation !== undefined || text !== "";
}

/** Whether the filter lets an event through. */
export function matches(event: Event, filter: EventFilter): boolean {
  if (filter.author !== undefined && event.author !== filter.author) return false;
  if (filter.invocation !== undefined && event.invocationId !== filter.invocation) return false;
  if (filter.kind !== undefined && !kindsOf(event).has(filter.kind)) return false;
  return filter.text === "" || contains(event, filter.text.toLowerCase());
}

/** All kinds that an event is of. */
export function kindsOf(event: Event): ReadonlySet<EventKind> {
  const kinds = new Set<EventKind>();
  const view = viewOf(event);
  for (const part of view.parts) {
    if (part.kind === "text") kinds.add(part.thought ? "thought" : "message");
    else if (part.kind === "call" || part.kind === "code") kinds.add("call");
    else if (part.kind === "response") kinds.add(part.failed ? "error" : "response").add("response");
    else if (part.kind === "codeResult") kinds.add("response");
    else if (part.kind === "blob" || part.kind === "file") kinds.add("media");
  }
  if (view.inputTranscription !== undefined || view.outputTranscription !== undefined) kinds.add("message");
  if (event.errorCode || event.errorMessage) kinds.add("error");
  if (Object.keys(event.stateDelta).length + event.removedStateKeys.length > 0) kinds.add("state");
  if (doesSomething(view)) kinds.add("action");
  return kinds;
}

function doesSomething({ actions }: EventView): boolean {
  return (
    actions.transferTo !== undefined ||
    actions.escalate ||
    actions.rewindBefore !== undefined ||
    actions.compaction !== undefined ||
    actions.artifacts.size > 0 ||
    actions.other.size > 0
  );
}

const decoder = new TextDecoder();

function contains(event: Event, lower: string): boolean {
  const texts = [
    event.content,
    event.author ?? "",
    event.id,
    event.invocationId ?? "",
    event.errorCode ?? "",
    event.errorMessage ?? "",
    event.extra,
    ...Object.entries(event.stateDelta).flat(),
  ];
  if (texts.some((text) => text.toLowerCase().includes(lower))) return true;
  // Escapes hide what a person reads: \n, \", \u00fc.
  if (event.content.includes("\\") && viewOf(event).parts.some((part) => said(part).includes(lower)))
    return true;
  return event.actions.length > 0 && decoder.decode(event.actions).toLowerCase().includes(lower);
}

function said(part: EventView["parts"][number]): string {
  if (part.kind === "text") return part.text.toLowerCase();
  if (part.kind === "code") return part.code.toLowerCase();
  return part.kind === "codeResult" ? part.output.toLowerCase() : "";
}
