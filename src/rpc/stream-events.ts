import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  SessionService,
  StreamEventsRequest,
  StreamEventsResponseSchema,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type HistoryFrame, type HistoryRequest, readHistory } from "../reads/event-stream.ts";
import { encodeFrame } from "./convert/event-fields.ts";
import { toMapField, toSession } from "./convert/session.ts";
import { toTimestamp } from "./convert/time.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import type { Deps } from "./deps.ts";
import { unimplemented } from "./errors.ts";
import type { StreamHandler } from "./handler.ts";
import { checkKey } from "./validate/key.ts";
import { checkCount, checkSeq, checkTime } from "./validate/numbers.ts";
import { checkSessionUid } from "./validate/session.ts";
import { Violations } from "./validate/violations.ts";

type Frame = NonNullable<MessageInitShape<typeof StreamEventsResponseSchema>["frame"]>;

/** Sends a session and its history; the live tail comes with an issue of its own. */
export function streamEvents({
  store,
  limits,
  clock,
}: Deps): StreamHandler<typeof SessionService.method.streamEvents> {
  return async function* (request, context) {
    const history = checkRequest(request);
    let events = 0;
    for await (const frame of readHistory(store, history, limits, context.signal)) {
      const place = {
        cursor: encodeCursor(history.key, frame.resume),
        seq: BigInt(frame.seq),
        serverTime: toTimestamp(clock()),
      };
      if (frame.kind === "events") {
        events += frame.events.length;
        context.annotate({ events });
        yield encodeFrame(frame.events, frame.continues, place);
      } else yield { ...place, frame: toFrame(frame) };
    }
  };
}

function toFrame(frame: Exclude<HistoryFrame, { readonly kind: "events" }>): Frame {
  switch (frame.kind) {
    case "opened":
      return {
        case: "opened",
        value: { session: toSession(frame.session), stateContinues: frame.continues },
      };
    case "state":
      return { case: "state", value: { state: toMapField(frame.state), continues: frame.continues } };
    case "caughtUp":
      return { case: "caughtUp", value: {} };
  }
}

function checkRequest(request: StreamEventsRequest): HistoryRequest {
  const violations = new Violations();
  const { afterTime, numRecentEvents } = request;
  const key = checkKey(violations, request.key, "session");
  const uid = checkSessionUid(violations, request.sessionUid);
  const afterSeq = checkSeq(violations, "after_seq", request.afterSeq);
  checkTime(violations, "after_time", afterTime);
  checkCount(violations, "num_recent_events", numRecentEvents);
  const narrowed = [request.afterSeq, afterTime, numRecentEvents].some((value) => value !== undefined);
  if (request.cursor !== "" && narrowed) {
    violations.add("cursor", "is set together with after_seq, after_time or num_recent_events");
  }
  violations.throwIfAny();
  if (request.follow) throw unimplemented("StreamEvents with follow");
  const cursor = request.cursor === "" ? undefined : decodeCursor(key, request.cursor);
  return { key, uid, start: { cursor, afterSeq, afterTime, numRecentEvents } };
}
