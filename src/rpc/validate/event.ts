/** Checks of an event to append. */
import type { Event } from "../../../gen/ts/sessiond/v1/event_pb.ts";
import type { Limits } from "../../config/limits.ts";
import type { ScopeDelta } from "../../store/store.ts";
import { eventBytes } from "../convert/event-bytes.ts";
import { checkJsonCollection, checkJsonObject } from "./json.ts";
import { checkTime } from "./numbers.ts";
import { checkDelta, withoutTemp } from "./state.ts";
import { checkOptionalId, checkText } from "./text.ts";
import type { Violations } from "./violations.ts";

/** What the checks of an event had to work out. */
export interface CheckedEvent {
  /** The text of `actions`, which encodes to the same bytes. */
  readonly actions: string;
  /** The delta with prefixed keys, without `temp:` keys. */
  readonly delta: ScopeDelta;
}

// A byte order mark is kept, so that the bytes come back as they were; JSON refuses it.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const envelopeTexts = [
  ["invocation_id", "invocationId"],
  ["author", "author"],
  ["branch", "branch"],
  ["error_code", "errorCode"],
  ["error_message", "errorMessage"],
] as const;

const payloads = [
  ["content", "content"],
  ["grounding_metadata", "groundingMetadata"],
  ["extra", "extra"],
] as const;

/** Checks the event at the path `field`. Output-only fields are ignored. */
export function checkEvent(
  violations: Violations,
  field: string,
  event: Event,
  limits: Limits,
): CheckedEvent {
  checkEnvelope(violations, field, event);
  const bytes = eventBytes(event, {
    set: new Map(Object.entries(event.stateDelta)),
    remove: event.removedStateKeys,
  });
  if (bytes > limits.maxEventBytes) {
    // Parsing so much only to refuse it would hold up everyone.
    violations.addTooLarge(field, bytes, limits.maxEventBytes);
    return { actions: "", delta: { set: new Map(), remove: [] } };
  }
  for (const [name, property] of payloads) {
    checkJsonObject(violations, `${field}.${name}`, event[property], limits.maxJsonDepth);
  }
  // Java's model has an array here, the others an object.
  checkJsonCollection(violations, `${field}.custom_metadata`, event.customMetadata, limits.maxJsonDepth);
  const fields = { set: `${field}.state_delta`, remove: `${field}.removed_state_keys` };
  return {
    actions: checkActions(violations, `${field}.actions`, event.actions, limits),
    delta: withoutTemp(
      checkDelta(violations, fields, { set: event.stateDelta, remove: event.removedStateKeys }, limits),
    ),
  };
}

function checkEnvelope(violations: Violations, field: string, event: Event): void {
  checkOptionalId(violations, `${field}.id`, event.id);
  for (const [name, property] of envelopeTexts) {
    checkText(violations, `${field}.${name}`, event[property] ?? "");
  }
  for (const [at, id] of (event.longRunningToolIds?.ids ?? []).entries()) {
    checkText(violations, `${field}.long_running_tool_ids.ids[${at}]`, id);
  }
  checkText(violations, `${field}.writer.language`, event.writer?.language ?? "");
  checkText(violations, `${field}.writer.adk_version`, event.writer?.adkVersion ?? "");
  checkTime(violations, `${field}.timestamp`, event.timestamp);
  if (event.partial === true) {
    violations.add(`${field}.partial`, "is true; a partial event is for the screen, not for the store");
  }
}

function checkActions(violations: Violations, field: string, bytes: Uint8Array, limits: Limits): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    violations.add(field, "is not valid UTF-8");
    return "";
  }
  const actions = checkJsonObject(violations, field, text, limits.maxJsonDepth);
  for (const name of ["stateDelta", "state_delta"]) {
    // It would be stored, but never reach the state: better refused than lost.
    if (actions !== undefined && Object.hasOwn(actions, name) && !isEmpty(actions[name])) {
      violations.add(field, `has a ${name}; send it in the event's state_delta and removed_state_keys`);
    }
  }
  return text;
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}
