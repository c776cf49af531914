import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  ClosingReason,
  type SessionService,
  type WatchSessionsRequest,
  type WatchSessionsResponseSchema,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type WatchFrame, type WatchRequest, watchSessions as watch } from "../tails/sessions-watch.ts";
import { toKey, toSession } from "./convert/session.ts";
import { toTimestamp } from "./convert/time.ts";
import type { Deps } from "./deps.ts";
import type { StreamHandler } from "./handler.ts";
import { heartbeatMs } from "./heartbeat.ts";
import { checkKey } from "./validate/key.ts";
import { checkCount } from "./validate/numbers.ts";
import { Violations } from "./validate/violations.ts";
import { decodeWatchCursor, encodeWatchCursor } from "./watch-cursor.ts";

type Frame = NonNullable<MessageInitShape<typeof WatchSessionsResponseSchema>["frame"]>;

/** Tells of the sessions of an app or a user as they are created, changed and deleted. */
export function watchSessions(deps: Deps): StreamHandler<typeof SessionService.method.watchSessions> {
  const { clock, limits, store, tails } = deps;
  const parts = { store, feeds: tails.lists, limits, clock };
  return async function* (request, context) {
    const watched = checkRequest(request);
    const stream = tails.streams.open(context, heartbeatMs(request.heartbeatInterval));
    let sessions = 0;
    try {
      for await (const frame of watch(parts, watched, stream, context.signal)) {
        sessions += frame.kind === "listed" ? frame.sessions.length : "session" in frame ? 1 : 0;
        context.annotate({ sessions });
        tails.observer.frame(frame.kind);
        if (frame.kind === "closing") {
          context.annotate({ closing: frame.reason });
          tails.observer.closed(frame.reason);
        }
        yield {
          cursor: encodeWatchCursor(watched.scope, frame.resume),
          serverTime: toTimestamp(clock()),
          frame: toFrame(frame, stream.heartbeatMs),
        };
      }
    } finally {
      stream.close();
    }
  };
}

function toFrame(frame: WatchFrame, silenceMs: number): Frame {
  switch (frame.kind) {
    case "opened":
      return { case: "opened", value: { heartbeatInterval: durationFromMs(silenceMs) } };
    case "listed":
      return { case: "listed", value: { sessions: frame.sessions.map(toSession) } };
    case "created":
      return { case: "created", value: { session: toSession(frame.session) } };
    case "changed":
      return { case: "changed", value: { session: toSession(frame.session) } };
    case "deleted": {
      const { key, uid, deleteMicros } = frame.tombstone;
      return { case: "deleted", value: { key: toKey(key), uid, deleteTime: toTimestamp(deleteMicros) } };
    }
    case "closing":
      return { case: "closing", value: { reason: ClosingReason[frame.reason] } };
    case "reset":
    case "caughtUp":
    case "heartbeat":
      return { case: frame.kind, value: {} };
  }
}

function checkRequest(request: WatchSessionsRequest): WatchRequest {
  const violations = new Violations();
  const { appName, userId } = checkKey(violations, request.key, "scope");
  checkCount(violations, "max_listed", request.maxListed);
  violations.throwIfAny();
  const scope = { appName, userId: userId === "" ? undefined : userId };
  const cursor = request.cursor === "" ? undefined : decodeWatchCursor(scope, request.cursor);
  return { scope, cursor, includeState: request.includeState, maxListed: request.maxListed };
}
