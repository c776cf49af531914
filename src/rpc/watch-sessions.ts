import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { unimplemented } from "./errors.ts";
import type { StreamHandler } from "./handler.ts";

/** The live list of sessions comes with an issue of its own. */
export function watchSessions(): StreamHandler<typeof SessionService.method.watchSessions> {
  return () => ({
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(unimplemented("WatchSessions")) }),
  });
}
