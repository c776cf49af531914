import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { readSharedState } from "./shared-state.ts";

/** Reads the state that all sessions of an app share. */
export function getAppState(deps: Deps): UnaryHandler<typeof SessionService.method.getAppState> {
  return (request, context) => readSharedState(deps, "app", request, context);
}
