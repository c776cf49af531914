/** Stored events as records that cases compare: what a reader would decode. */
import { fromBinary } from "@bufbuild/protobuf";
import { EventSchema } from "../../gen/ts/sessiond/v1/event_pb.ts";
import type { EventBody } from "../../src/store/store.ts";
import type { StoredEvent } from "../../src/store/stored-event.ts";

/** An event with what the store added. */
export interface EventRecord extends EventBody {
  readonly seq: number;
  readonly revision: number;
  readonly createMicros: number;
  readonly appendEndSeq: number;
}

/** Decodes a stored event. */
export function decoded({ appendEndSeq, message }: StoredEvent): EventRecord {
  const event = fromBinary(EventSchema, message);
  const { createTime } = event;
  if (event.timestamp === undefined || createTime === undefined) throw new Error("an event without times");
  return {
    id: event.id,
    invocationId: event.invocationId,
    author: event.author,
    branch: event.branch,
    timestamp: event.timestamp,
    partial: event.partial,
    turnComplete: event.turnComplete,
    interrupted: event.interrupted,
    errorCode: event.errorCode,
    errorMessage: event.errorMessage,
    longRunningToolIds: event.longRunningToolIds?.ids,
    actions: Buffer.from(event.actions).toString(),
    content: event.content,
    groundingMetadata: event.groundingMetadata,
    customMetadata: event.customMetadata,
    extra: event.extra,
    stateDelta: new Map(Object.entries(event.stateDelta)),
    removedStateKeys: event.removedStateKeys,
    writerLanguage: event.writer?.language ?? "",
    writerAdkVersion: event.writer?.adkVersion ?? "",
    seq: Number(event.seq),
    revision: Number(event.revision),
    createMicros: Number(createTime.seconds) * 1e6 + createTime.nanos / 1e3,
    appendEndSeq,
  };
}
