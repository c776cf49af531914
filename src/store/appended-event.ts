/** An event that was just appended, as a read of it would give it. */
import type { AppendedEvent, NewEvent } from "./store.ts";
import { type EventRow, type StoredEvent, toStoredEvent } from "./stored-event.ts";
import { eventDeltaToColumns } from "./stored-text.ts";

/** The event of an append that stored it, as `Store.readEvents` gives it from then on, byte for byte. */
export function appendedEvent(
  event: NewEvent,
  { seq, revision, createMicros }: AppendedEvent,
  appendEndSeq: number,
): StoredEvent {
  const [stateDelta, removedStateKeys] = eventDeltaToColumns(event.stateDelta, event.removedStateKeys);
  const row: EventRow = {
    // An event without a key names no session.
    app_name: "",
    user_id: "",
    session_id: "",
    seq,
    revision,
    id: event.id,
    timestamp: event.timestamp,
    create_time: createMicros,
    append_end_seq: appendEndSeq,
    bytes: event.bytes,
    partial: flag(event.partial),
    turn_complete: flag(event.turnComplete),
    interrupted: flag(event.interrupted),
    invocation_id: event.invocationId ?? null,
    author: event.author ?? null,
    branch: event.branch ?? null,
    error_code: event.errorCode ?? null,
    error_message: event.errorMessage ?? null,
    long_running_tool_ids_json:
      event.longRunningToolIds === undefined ? null : JSON.stringify(event.longRunningToolIds),
    actions: event.actions,
    content: event.content,
    grounding_metadata: event.groundingMetadata,
    custom_metadata: event.customMetadata,
    extra: event.extra,
    state_delta: stateDelta,
    removed_state_keys: removedStateKeys,
    writer_language: event.writerLanguage,
    writer_adk_version: event.writerAdkVersion,
  };
  return toStoredEvent(row);
}

function flag(value: boolean | undefined): number | null {
  return value === undefined ? null : Number(value);
}
