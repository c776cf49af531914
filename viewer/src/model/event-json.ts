/** Events and sessions as ADK writes them in JSON, spliced from the stored texts so that nothing is re-encoded. */
import { toJsonString } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { Event } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import type { Session } from "../../../clients/typescript/src/gen/sessiond/v1/session_pb.ts";
import { quote } from "./json.ts";

const decoder = new TextDecoder();

/** One event as a line of JSON: ADK's own field names, payloads byte for byte. */
export function eventJson(event: Event): string {
  const fields: string[] = [];
  const add = (name: string, json: string | undefined) => {
    if (json !== undefined && json !== "") fields.push(`${quote(name)}:${json}`);
  };
  add("id", quote(event.id));
  add("invocationId", optional(event.invocationId, quote));
  add("author", optional(event.author, quote));
  add("branch", optional(event.branch, quote));
  add("timestamp", optional(event.timestamp, numberJson));
  add("partial", optional(event.partial, String));
  add("turnComplete", optional(event.turnComplete, String));
  add("interrupted", optional(event.interrupted, String));
  add("errorCode", optional(event.errorCode, quote));
  add("errorMessage", optional(event.errorMessage, quote));
  add(
    "longRunningToolIds",
    optional(event.longRunningToolIds?.ids, (ids) => JSON.stringify(ids)),
  );
  add("content", event.content);
  add("actions", actionsJson(event));
  add("groundingMetadata", event.groundingMetadata);
  add("customMetadata", event.customMetadata);
  const members = innerMembers(event.extra);
  if (members !== "") fields.push(members);
  return `{${fields.join(",")}}`;
}

/** A session file as adk-web opens it; `events` are lines of `eventJson`. */
export function sessionJson(session: Session, events: readonly string[]): string {
  const { appName = "", userId = "", sessionId = "" } = session.key ?? {};
  const head = [
    `"id":${quote(sessionId)}`,
    `"appName":${quote(appName)}`,
    `"userId":${quote(userId)}`,
    `"state":${mapJson(session.state)}`,
    `"lastUpdateTime":${numberJson(session.lastEventTime)}`,
  ];
  return `{${head.join(",")},"events":[\n${events.join(",\n")}\n]}\n`;
}

/** What is stored of a session beside its events, in the names of the contract and of ADK where it has one. */
export function sessionRecordJson(session: Session): string {
  const { appName = "", userId = "", sessionId = "" } = session.key ?? {};
  const labels = Object.entries(session.labels).map(([label, value]) => `${quote(label)}:${quote(value)}`);
  const time = (at: Timestamp | undefined) => (at === undefined ? "null" : toJsonString(TimestampSchema, at));
  const members = [
    `"id":${quote(sessionId)}`,
    `"appName":${quote(appName)}`,
    `"userId":${quote(userId)}`,
    `"uid":${quote(session.uid)}`,
    `"revision":${session.revision}`,
    `"firstSeq":${session.firstSeq}`,
    `"headSeq":${session.headSeq}`,
    `"eventCount":${session.eventCount}`,
    `"eventBytes":${session.eventBytes}`,
    `"ownerId":${quote(session.ownerId)}`,
    `"displayName":${quote(session.displayName)}`,
    `"labels":{${labels.join(",")}}`,
    `"createTime":${time(session.createTime)}`,
    `"updateTime":${time(session.updateTime)}`,
    `"lastUpdateTime":${numberJson(session.lastEventTime)}`,
    `"state":${mapJson(session.state)}`,
  ];
  return `{${members.join(",")}}`;
}

/** The writer's actions with the state delta back in its place. */
export function actionsJson(event: Event): string {
  const members = innerMembers(decoder.decode(event.actions));
  const delta = Object.entries(event.stateDelta);
  const parts = members === "" ? [] : [members];
  if (delta.length > 0 || event.removedStateKeys.length > 0) {
    // A removed key shows as null, as in the models of ADK that have no removal.
    const removed = event.removedStateKeys.map((key) => `${quote(key)}:null`);
    const set = delta.map(([key, json]) => `${quote(key)}:${json}`);
    parts.push(`"stateDelta":{${[...set, ...removed].join(",")}}`);
  }
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

/** A state or a delta: from key to JSON text. */
export function mapJson(map: Readonly<Record<string, string>>): string {
  return `{${Object.entries(map)
    .map(([key, json]) => `${quote(key)}:${json}`)
    .join(",")}}`;
}

/** What stands between the braces of an object's text. */
function innerMembers(text: string): string {
  return text.trim().replace(/^\{\s*|\s*\}$/g, "");
}

function optional<T>(value: T | undefined, write: (value: T) => string): string | undefined {
  return value === undefined ? undefined : write(value);
}

/** JSON has no -0 in JavaScript's writer, but has it in its grammar. */
function numberJson(value: number): string {
  return Object.is(value, -0) ? "-0.0" : JSON.stringify(value);
}
