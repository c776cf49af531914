import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { splitDelta } from "../store/state.ts";
import { toAnswer } from "./convert/session.ts";
import type { Deps } from "./deps.ts";
import { requestMark } from "./digest.ts";
import type { UnaryHandler } from "./handler.ts";
import { checkKey } from "./validate/key.ts";
import { checkDisplayName, checkLabels, checkOwnerId, checkRequestId } from "./validate/session.ts";
import { checkState } from "./validate/state.ts";
import { Violations } from "./validate/violations.ts";

/** Makes a session. */
export function createSession({
  pipeline,
  limits,
  clock,
  newUid,
}: Deps): UnaryHandler<typeof SessionService.method.createSession> {
  return async (request, context) => {
    const violations = new Violations();
    const key = checkKey(violations, request.key, "newSession");
    const state = checkState(violations, "state", request.state, limits);
    const labels = checkLabels(violations, request.labels);
    checkOwnerId(violations, request.ownerId);
    checkDisplayName(violations, request.displayName);
    checkRequestId(violations, request.requestId);
    violations.throwIfAny();
    const { ownerId, displayName, requestId } = request;
    const keyParts = [key.appName, key.userId, key.sessionId];
    const session = await pipeline.create(
      {
        key: key.sessionId === "" ? { ...key, sessionId: newUid() } : key,
        uid: newUid(),
        nowMicros: clock(),
        ownerId,
        displayName,
        labels,
        delta: splitDelta(state, []),
        request: requestMark("CreateSession", requestId, [keyParts, state, ownerId, displayName, labels]),
      },
      context.signal,
    );
    return { session: toAnswer(session, limits, "The session was made. Read it with StreamEvents.") };
  };
}
