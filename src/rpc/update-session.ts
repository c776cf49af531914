import type { SessionService, UpdateSessionRequest } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Limits } from "../config/limits.ts";
import { splitDelta } from "../store/state.ts";
import type { UpdateSessionInput } from "../store/store.ts";
import { toAnswer } from "./convert/session.ts";
import type { Deps } from "./deps.ts";
import { type Encodable, encodableDelta, requestMark } from "./digest.ts";
import type { UnaryHandler } from "./handler.ts";
import { checkKey } from "./validate/key.ts";
import {
  checkDisplayName,
  checkExpectation,
  checkLabels,
  checkOwnerId,
  checkRequestId,
} from "./validate/session.ts";
import { checkDelta, checkOwnState, withoutTemp } from "./validate/state.ts";
import { checkUpdateMask, type UpdatePath } from "./validate/update-mask.ts";
import { Violations } from "./validate/violations.ts";

/** Changes the fields of a session that its mask names. */
export function updateSession({
  store,
  limits,
  clock,
}: Deps): UnaryHandler<typeof SessionService.method.updateSession> {
  return async (request, context) => {
    const violations = new Violations();
    const key = checkKey(violations, request.key, "session");
    const expected = checkExpectation(violations, request);
    const paths = checkUpdateMask(violations, request);
    const fields = checkFields(violations, request, paths);
    const change = checkStateChange(violations, request, paths, limits);
    checkRequestId(violations, request.requestId);
    violations.throwIfAny();
    const parts: Encodable[] = [
      [key.appName, key.userId, key.sessionId],
      [expected.uid, expected.revision],
      [...paths].sort(),
      [fields.ownerId, fields.displayName, fields.labels],
      change.encodable,
    ];
    const session = await store.updateSession(
      {
        key,
        expected,
        nowMicros: clock(),
        ...fields,
        state: change.state,
        request: requestMark("UpdateSession", request.requestId, parts),
      },
      context.signal,
    );
    const answered = request.omitState ? { ...session, state: undefined } : session;
    return { session: toAnswer(answered, limits, "The change was made. Set omit_state.") };
  };
}

/** The plain fields; undefined for those that stay. Fields that the mask leaves out are not looked at. */
function checkFields(
  violations: Violations,
  request: UpdateSessionRequest,
  paths: ReadonlySet<UpdatePath>,
): Pick<UpdateSessionInput, "ownerId" | "displayName" | "labels"> {
  if (paths.has("owner_id")) checkOwnerId(violations, request.ownerId);
  if (paths.has("display_name")) checkDisplayName(violations, request.displayName);
  return {
    ownerId: paths.has("owner_id") ? request.ownerId : undefined,
    displayName: paths.has("display_name") ? request.displayName : undefined,
    labels: paths.has("labels") ? checkLabels(violations, request.labels) : undefined,
  };
}

function checkStateChange(
  violations: Violations,
  request: UpdateSessionRequest,
  paths: ReadonlySet<UpdatePath>,
  limits: Limits,
): { readonly state: UpdateSessionInput["state"]; readonly encodable: Encodable } {
  if (paths.has("state")) {
    const state = checkOwnState(violations, "state", request.state, limits);
    return { state: { kind: "replace", state }, encodable: state };
  }
  if (paths.has("state_delta")) {
    const fields = { set: "state_delta", remove: "removed_state_keys" };
    const given = { set: request.stateDelta, remove: request.removedStateKeys };
    const delta = withoutTemp(checkDelta(violations, fields, given, limits));
    return {
      state: { kind: "merge", delta: splitDelta(delta.set, delta.remove) },
      encodable: encodableDelta(delta),
    };
  }
  return { state: undefined, encodable: undefined };
}
