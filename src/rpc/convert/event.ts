/** Events between messages and the store. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AppendedEventSchema, Event } from "../../../gen/ts/sessiond/v1/event_pb.ts";
import { splitDelta } from "../../store/state.ts";
import type { AppendedEvent, NewEvent } from "../../store/store.ts";
import { eventDigest } from "../digest.ts";
import type { CheckedEvent } from "../validate/event.ts";
import { eventBytes } from "./event-bytes.ts";
import { toTimestamp } from "./time.ts";

/** What the server gives an event that comes without it. */
export interface Given {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/** A checked event as the store takes it. Absent stays apart from empty. */
export function toNewEvent(event: Event, checked: CheckedEvent, given: Given): NewEvent {
  const id = event.id === "" ? given.id : event.id;
  return {
    id,
    invocationId: event.invocationId,
    author: event.author,
    branch: event.branch,
    timestamp: event.timestamp ?? given.timestamp,
    partial: event.partial,
    turnComplete: event.turnComplete,
    interrupted: event.interrupted,
    errorCode: event.errorCode,
    errorMessage: event.errorMessage,
    longRunningToolIds: event.longRunningToolIds?.ids,
    actions: checked.actions,
    content: event.content,
    groundingMetadata: event.groundingMetadata,
    customMetadata: event.customMetadata,
    extra: event.extra,
    stateDelta: checked.delta.set,
    removedStateKeys: checked.delta.remove,
    writerLanguage: event.writer?.language ?? "",
    writerAdkVersion: event.writer?.adkVersion ?? "",
    digest: eventDigest(event, checked),
    bytes: eventBytes({ ...event, id }, checked.delta),
    delta: splitDelta(checked.delta.set, checked.delta.remove),
  };
}

/** What an append tells of an event. */
export function toAppendedEvent(event: AppendedEvent): MessageInitShape<typeof AppendedEventSchema> {
  return {
    id: event.id,
    timestamp: event.timestamp,
    seq: BigInt(event.seq),
    revision: BigInt(event.revision),
    createTime: toTimestamp(event.createMicros),
  };
}
