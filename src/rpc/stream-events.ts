import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  ClosingReason,
  type SessionService,
  type StreamEventsRequest,
  StreamEventsResponseSchema,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { readHistory } from "../reads/event-stream.ts";
import type { HistoryRequest } from "../reads/history-start.ts";
import type { SessionKey } from "../store/store.ts";
import { followSession, type TailFrame } from "../tails/follow.ts";
import { toChanged } from "./convert/change.ts";
import { encodeFrame } from "./convert/event-fields.ts";
import { toMapField, toSession } from "./convert/session.ts";
import { toTimestamp } from "./convert/time.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import type { Deps } from "./deps.ts";
import { type Answer, EncodedMessage } from "./encoded-message.ts";
import type { StreamHandler } from "./handler.ts";
import { heartbeatMs } from "./heartbeat.ts";
import { checkKey } from "./validate/key.ts";
import { checkCount, checkSeq, checkTime } from "./validate/numbers.ts";
import { checkSessionUid } from "./validate/session.ts";
import { Violations } from "./validate/violations.ts";

type Schema = typeof StreamEventsResponseSchema;
type Frame = NonNullable<MessageInitShape<Schema>["frame"]>;

/** Sends a session and its history, and where the request says so its live tail. */
export function streamEvents(deps: Deps): StreamHandler<typeof SessionService.method.streamEvents> {
  const { store, limits, tails, clock } = deps;
  const messages = new FrameMessages(clock);
  return async function* (request, context) {
    const history = checkRequest(request);
    const silenceMs = request.follow ? heartbeatMs(request.heartbeatInterval) : undefined;
    const frames =
      silenceMs === undefined
        ? readHistory(store, history, limits, context.signal)
        : followSession({ tails, store, limits }, history, silenceMs, context);
    let events = 0;
    for await (const frame of frames) {
      if (frame.kind === "events") {
        events += frame.events.length;
        context.annotate({ events });
      }
      if (frame.kind === "closing") context.annotate({ closing: frame.reason });
      yield messages.of(history.key, frame, silenceMs);
    }
  };
}

const MADE = Symbol("made");

/**
 * A frame with its message, once that was made. In a WeakMap young collections would take every message for alive, and
 * a history's would stay until a full one.
 */
type SentFrame = TailFrame & { [MADE]?: EncodedMessage };

/** The messages of frames. One that several tails send is encoded once. */
class FrameMessages {
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  of(key: SessionKey, frame: TailFrame, silenceMs: number | undefined): Answer<Schema> {
    const made = (frame as SentFrame)[MADE];
    if (made !== undefined) return made;
    const place = {
      cursor: encodeCursor(key, frame.resume),
      seq: BigInt(frame.seq),
      serverTime: toTimestamp(this.#clock()),
    };
    if (frame.kind === "events") {
      return this.#keep(frame, encodeFrame(frame.events, frame.continues, place));
    }
    const message = { ...place, frame: toFrame(frame, silenceMs) };
    if (frame.kind !== "changed") return message;
    const bytes = toBinary(StreamEventsResponseSchema, create(StreamEventsResponseSchema, message));
    return this.#keep(frame, new EncodedMessage(bytes));
  }

  #keep(frame: TailFrame, message: EncodedMessage): EncodedMessage {
    (frame as SentFrame)[MADE] = message;
    return message;
  }
}

function toFrame(
  frame: Exclude<TailFrame, { readonly kind: "events" }>,
  silenceMs: number | undefined,
): Frame {
  switch (frame.kind) {
    case "opened": {
      const value = { session: toSession(frame.session), stateContinues: frame.continues };
      if (silenceMs === undefined) return { case: "opened", value };
      return { case: "opened", value: { ...value, heartbeatInterval: durationFromMs(silenceMs) } };
    }
    case "state":
      return { case: "state", value: { state: toMapField(frame.state), continues: frame.continues } };
    case "changed":
      return { case: "changed", value: toChanged(frame.change) };
    case "caughtUp":
      return { case: "caughtUp", value: {} };
    case "heartbeat":
      return { case: "heartbeat", value: {} };
    case "closing":
      return { case: "closing", value: { reason: ClosingReason[frame.reason] } };
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
  const cursor = request.cursor === "" ? undefined : decodeCursor(key, request.cursor);
  return { key, uid, start: { cursor, afterSeq, afterTime, numRecentEvents } };
}
