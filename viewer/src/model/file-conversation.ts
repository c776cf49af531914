/** A session file, of this page or of adk-web, as a conversation that nobody can change. */
import { create } from "@bufbuild/protobuf";
import { type Event, EventSchema } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import { type Session, SessionSchema } from "../../../clients/typescript/src/gen/sessiond/v1/session_pb.ts";
import { client } from "../api.ts";
import { Conversation, mergeState } from "./conversation.ts";
import { field, isObject, type Json, numberField, parseJson, textField } from "./json.ts";
import { writeJson } from "./json-writer.ts";

const encoder = new TextEncoder();

/**
 * Reads a session file, or events as JSON lines.
 * @throws Error with what is wrong, for a person
 */
export function openFile(name: string, text: string): Conversation {
  const whole = parseJson(text);
  const events = field(whole, "events");
  const list = Array.isArray(events) ? (events as Json[]) : linesOf(name, text);
  const messages = list.map((event, index) => toEvent(event, index + 1));
  const key = {
    appName: textField(whole, "appName") ?? "",
    userId: textField(whole, "userId") ?? "",
    sessionId: textField(whole, "id") ?? name,
  };
  const own = mapOf(field(whole, "state"));
  const session = create(SessionSchema, {
    key,
    firstSeq: 1n,
    headSeq: BigInt(messages.length),
    eventCount: BigInt(messages.length),
    eventBytes: BigInt(text.length),
    state: Object.keys(own).length > 0 ? own : fold(messages, messages.length),
  });
  return new FileConversation(key, session, messages);
}

class FileConversation extends Conversation {
  readonly #events: readonly Event[];
  readonly #stored: Session;

  constructor(key: Conversation["key"], session: Session, events: readonly Event[]) {
    super(client, key);
    this.#events = events;
    this.#stored = session;
    this.session = session;
    this.headSeq = events.length;
    this.connection = { kind: "file" };
    this.index(events);
  }

  override event(seq: number): Event | undefined {
    return this.#events[seq - 1];
  }

  override loaded(): Iterable<Event> {
    return this.#events;
  }

  override async load(): Promise<void> {}

  override async *walk(): AsyncGenerator<readonly Event[], void, undefined> {
    yield this.#events;
  }

  override async stored(): Promise<Session> {
    return this.#stored;
  }

  override async stateAsOf(seq: number): Promise<Readonly<Record<string, string>>> {
    return fold(this.#events, seq);
  }
}

/** The state that the events up to one leave, of all scopes: a file knows of no other change. */
function fold(events: readonly Event[], seq: number): Record<string, string> {
  const state: Record<string, string> = {};
  for (const event of events.slice(0, seq)) {
    mergeState(state, event.stateDelta, event.removedStateKeys);
  }
  return state;
}

function linesOf(name: string, text: string): Json[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, index) => {
    const value = parseJson(line);
    if (!isObject(value))
      throw new Error(`${name}: line ${index + 1} is no event, and the file is no session.`);
    return value;
  });
}

const envelope = new Set([
  "id",
  "invocationId",
  "author",
  "branch",
  "timestamp",
  "partial",
  "turnComplete",
  "interrupted",
  "errorCode",
  "errorMessage",
  "longRunningToolIds",
  "content",
  "actions",
  "groundingMetadata",
  "customMetadata",
]);

function toEvent(value: Json, seq: number): Event {
  if (!isObject(value)) throw new Error(`Event ${seq} is no JSON object.`);
  const text = (key: string) => textField(value, key);
  const json = (key: string) => {
    const found = field(value, key);
    return found === undefined || found === null ? "" : writeJson(found);
  };
  const flag = (key: string) => {
    const found = field(value, key);
    return typeof found === "boolean" ? found : undefined;
  };
  const actions = field(value, "actions");
  const others = isObject(actions)
    ? Object.fromEntries(Object.entries(actions).filter(([key]) => key !== "stateDelta"))
    : {};
  const extra = Object.fromEntries(Object.entries(value).filter(([key]) => !envelope.has(key)));
  const ids = field(value, "longRunningToolIds");
  const optional = {
    invocationId: text("invocationId"),
    author: text("author"),
    branch: text("branch"),
    timestamp: numberField(value, "timestamp"),
    partial: flag("partial"),
    turnComplete: flag("turnComplete"),
    interrupted: flag("interrupted"),
    errorCode: text("errorCode"),
    errorMessage: text("errorMessage"),
  };
  return create(EventSchema, {
    ...Object.fromEntries(Object.entries(optional).filter(([, member]) => member !== undefined)),
    id: text("id") ?? "",
    ...(Array.isArray(ids)
      ? { longRunningToolIds: { ids: (ids as Json[]).filter((id) => typeof id === "string") } }
      : {}),
    content: json("content"),
    actions: Object.keys(others).length === 0 ? new Uint8Array() : encoder.encode(writeJson(others)),
    stateDelta: mapOf(field(actions, "stateDelta")),
    groundingMetadata: json("groundingMetadata"),
    customMetadata: json("customMetadata"),
    extra: Object.keys(extra).length === 0 ? "" : writeJson(extra),
    seq: BigInt(seq),
    revision: BigInt(seq + 1),
  });
}

function mapOf(value: Json | undefined): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, writeJson(member)]));
}
