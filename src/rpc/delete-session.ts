import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Deps } from "./deps.ts";
import { requestMark } from "./digest.ts";
import type { UnaryHandler } from "./handler.ts";
import { checkKey } from "./validate/key.ts";
import { checkExpectation, checkRequestId } from "./validate/session.ts";
import { Violations } from "./validate/violations.ts";

/** Removes a session with its events and its own state; one that is not there is no error. */
export function deleteSession({
  store,
  clock,
}: Deps): UnaryHandler<typeof SessionService.method.deleteSession> {
  return async (request, context) => {
    const violations = new Violations();
    const key = checkKey(violations, request.key, "session");
    const expected = checkExpectation(violations, request);
    checkRequestId(violations, request.requestId);
    violations.throwIfAny();
    const mark = requestMark("DeleteSession", request.requestId, [
      [key.appName, key.userId, key.sessionId],
      [expected.uid, expected.revision],
    ]);
    const input = { key, expected, nowMicros: clock(), request: mark };
    return { deleted: await store.deleteSession(input, context.signal) };
  };
}
