/** What an event's payloads say, for showing: parsed when a row comes into sight, and kept with the event. */
import type { Event } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import { field, isObject, type Json, JsonNumber, numberField, parseJson, textField } from "./json.ts";

/** One part of a content. What this viewer does not know comes as `unknown`, never as an error. */
export type Part =
  | { readonly kind: "text"; readonly text: string; readonly thought: boolean }
  | { readonly kind: "call"; readonly id: string; readonly name: string; readonly args: Json | undefined }
  | {
      readonly kind: "response";
      readonly id: string;
      readonly name: string;
      readonly response: Json | undefined;
      readonly failed: boolean;
    }
  | { readonly kind: "code"; readonly language: string; readonly code: string }
  | { readonly kind: "codeResult"; readonly outcome: string; readonly output: string }
  | {
      readonly kind: "blob";
      readonly mimeType: string;
      readonly data: string;
      readonly name: string | undefined;
    }
  | {
      readonly kind: "file";
      readonly mimeType: string;
      readonly uri: string;
      readonly name: string | undefined;
    }
  | { readonly kind: "unknown"; readonly value: Json };

/** Tokens that a model call took. */
export interface Usage {
  readonly prompt: number;
  readonly output: number;
  readonly thoughts: number;
  readonly cached: number;
  readonly total: number;
}

/** What an event does beside saying something. */
export interface Actions {
  readonly transferTo: string | undefined;
  readonly escalate: boolean;
  readonly rewindBefore: string | undefined;
  /** Times are seconds since 1970, both inclusive. */
  readonly compaction:
    | { readonly start: number; readonly end: number; readonly parts: readonly Part[] }
    | undefined;
  readonly artifacts: ReadonlyMap<string, string>;
  readonly endOfAgent: boolean;
  /** The rest, as JSON. */
  readonly other: ReadonlyMap<string, Json>;
}

/** All of it. */
export interface EventView {
  readonly role: string | undefined;
  readonly parts: readonly Part[];
  readonly usage: Usage | undefined;
  readonly actions: Actions;
  readonly inputTranscription: string | undefined;
  readonly outputTranscription: string | undefined;
  /** Other fields of the event's model, as JSON. */
  readonly extra: ReadonlyMap<string, Json>;
}

const views = new WeakMap<Event, EventView>();

/** The event's view, parsed once. */
export function viewOf(event: Event): EventView {
  let view = views.get(event);
  if (view === undefined) {
    view = parseEvent(event);
    views.set(event, view);
  }
  return view;
}

const decoder = new TextDecoder();

function parseEvent(event: Event): EventView {
  const content = parseJson(event.content);
  const extra = parseJson(event.extra);
  const known = new Set(["usageMetadata", "inputTranscription", "outputTranscription"]);
  return {
    role: textField(content, "role"),
    parts: event.content !== "" && content === undefined ? [] : partsOf(content),
    usage: usageOf(field(extra, "usageMetadata")),
    actions: actionsOf(parseJson(decoder.decode(event.actions))),
    inputTranscription: textField(field(extra, "inputTranscription"), "text"),
    outputTranscription: textField(field(extra, "outputTranscription"), "text"),
    extra: rest(extra, known),
  };
}

/** The parts of a content as JSON. */
export function partsOf(content: Json | undefined): Part[] {
  const parts = field(content, "parts");
  if (Array.isArray(parts)) return (parts as Json[]).map(partOf);
  return content === undefined || content === null || isObject(content)
    ? []
    : [{ kind: "unknown", value: content }];
}

function partOf(value: Json): Part {
  const text = textField(value, "text");
  if (text !== undefined) return { kind: "text", text, thought: field(value, "thought") === true };
  const call = field(value, "functionCall");
  if (isObject(call)) {
    return {
      kind: "call",
      id: textField(call, "id") ?? "",
      name: textField(call, "name") ?? "",
      args: field(call, "args"),
    };
  }
  const response = field(value, "functionResponse");
  if (isObject(response)) {
    const answer = field(response, "response");
    const failed = isObject(answer) && Object.hasOwn(answer, "error") && answer["error"] !== null;
    return {
      kind: "response",
      id: textField(response, "id") ?? "",
      name: textField(response, "name") ?? "",
      response: answer,
      failed,
    };
  }
  const code = field(value, "executableCode");
  if (isObject(code)) {
    return { kind: "code", language: textField(code, "language") ?? "", code: textField(code, "code") ?? "" };
  }
  const result = field(value, "codeExecutionResult");
  if (isObject(result)) {
    return {
      kind: "codeResult",
      outcome: textField(result, "outcome") ?? "",
      output: textField(result, "output") ?? "",
    };
  }
  const blob = field(value, "inlineData");
  if (isObject(blob)) {
    return {
      kind: "blob",
      mimeType: textField(blob, "mimeType") ?? "",
      data: textField(blob, "data") ?? "",
      name: textField(blob, "displayName"),
    };
  }
  const file = field(value, "fileData");
  if (isObject(file)) {
    return {
      kind: "file",
      mimeType: textField(file, "mimeType") ?? "",
      uri: textField(file, "fileUri") ?? "",
      name: textField(file, "displayName"),
    };
  }
  return { kind: "unknown", value };
}

function usageOf(value: Json | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const count = (key: string) => numberField(value, key) ?? 0;
  const prompt = count("promptTokenCount");
  const output = count("candidatesTokenCount");
  const thoughts = count("thoughtsTokenCount");
  const total = numberField(value, "totalTokenCount") ?? prompt + output + thoughts;
  return { prompt, output, thoughts, cached: count("cachedContentTokenCount"), total };
}

function actionsOf(value: Json | undefined): Actions {
  const known = new Set([
    "transferToAgent",
    "escalate",
    "rewindBeforeInvocationId",
    "compaction",
    "artifactDelta",
    "endOfAgent",
    "stateDelta",
    "skipSummarization",
  ]);
  const artifacts = field(value, "artifactDelta");
  return {
    transferTo: textField(value, "transferToAgent"),
    escalate: field(value, "escalate") === true,
    rewindBefore: textField(value, "rewindBeforeInvocationId"),
    compaction: compactionOf(field(value, "compaction")),
    artifacts: new Map(
      isObject(artifacts)
        ? Object.entries(artifacts).map(([name, version]) => [
            name,
            String(version instanceof JsonNumber ? version.source : version),
          ])
        : [],
    ),
    endOfAgent: field(value, "endOfAgent") === true,
    other: rest(value, known),
  };
}

function compactionOf(value: Json | undefined): Actions["compaction"] {
  if (!isObject(value)) return undefined;
  const start = numberField(value, "startTimestamp");
  const end = numberField(value, "endTimestamp");
  if (start === undefined || end === undefined) return undefined;
  return { start, end, parts: partsOf(field(value, "compactedContent")) };
}

/** The members that are not known and say something. */
function rest(value: Json | undefined, known: ReadonlySet<string>): Map<string, Json> {
  if (!isObject(value)) return new Map();
  return new Map(
    Object.entries(value).filter(([key, member]) => !known.has(key) && member !== null && !isEmpty(member)),
  );
}

function isEmpty(value: Json): boolean {
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}
