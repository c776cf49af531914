/** Stored sessions as messages. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SessionKeySchema, SessionSchema } from "../../../gen/ts/sessiond/v1/session_pb.ts";
import type { Limits } from "../../config/limits.ts";
import type { SessionKey, SessionRecord, State } from "../../store/store.ts";
import { stateTooLarge } from "../errors.ts";
import { sessionBytes } from "./session-bytes.ts";
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

/**
 * The same in an answer that is one message; `what` says what to do if it does not fit.
 * @throws RpcError TOO_LARGE
 */
export function toAnswer(
  record: SessionRecord,
  limits: Limits,
  what: string,
): MessageInitShape<typeof SessionSchema> {
  const bytes = sessionBytes(record);
  if (bytes > limits.maxMessageBytes) throw stateTooLarge(bytes, limits.maxMessageBytes, what);
  return toSession(record);
}

/** A key. */
export function toKey(key: SessionKey): MessageInitShape<typeof SessionKeySchema> {
  return { appName: key.appName, userId: key.userId, sessionId: key.sessionId };
}

/** A map field; `fromEntries` defines own properties, so that the key `__proto__` is one too. */
export function toMapField(map: State): Record<string, string> {
  return Object.fromEntries(map);
}
