import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { changeSharedState } from "./shared-state.ts";

/** Changes the state that all sessions of a user in an app share. */
export function updateUserState(deps: Deps): UnaryHandler<typeof SessionService.method.updateUserState> {
  return (request, context) => changeSharedState(deps, "user", request, context);
}
