import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { changeSharedState } from "./shared-state.ts";

/** Changes the state that all sessions of an app share. */
export function updateAppState(deps: Deps): UnaryHandler<typeof SessionService.method.updateAppState> {
  return (request, context) => changeSharedState(deps, "app", request, context);
}
