/** Stored sessions as messages. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SessionKeySchema, SessionSchema } from "../../../gen/ts/sessiond/v1/session_pb.ts";
import type { SessionKey, SessionRecord, State } from "../../store/store.ts";
import { toTimestamp } from "./time.ts";

/** A session with the state that it was read with. */
export function toSession(record: SessionRecord): MessageInitShape<typeof SessionSchema> {
  return {
    key: toKey(record.key),
    uid: record.uid,
    revision: BigInt(record.revision),
    headSeq: BigInt(record.headSeq),
    firstSeq: BigInt(record.firstSeq),
    eventCount: BigInt(record.eventCount),
    eventBytes: BigInt(record.eventBytes),
    ownerId: record.ownerId,
    displayName: record.displayName,
    labels: toMapField(record.labels),
    createTime: toTimestamp(record.createMicros),
    updateTime: toTimestamp(record.updateMicros),
    lastEventTime: record.lastEventTime,
    state: toMapField(record.state ?? new Map()),
  };
}

export function toKey(key: SessionKey): MessageInitShape<typeof SessionKeySchema> {
  return { appName: key.appName, userId: key.userId, sessionId: key.sessionId };
}

/** A map field; `fromEntries` defines own properties, so that the key `__proto__` is one too. */
export function toMapField(map: State): Record<string, string> {
  return Object.fromEntries(map);
}
