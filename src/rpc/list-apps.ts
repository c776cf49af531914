import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { listNames } from "../reads/list-names.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { namesToken } from "./page-token.ts";
import { checkPageSize } from "./validate/numbers.ts";
import { Violations } from "./validate/violations.ts";

const binding = ["apps"];

/** Lists the apps that have sessions. */
export function listApps({ store, limits }: Deps): UnaryHandler<typeof SessionService.method.listApps> {
  return async (request, { signal }) => {
    const violations = new Violations();
    const size = checkPageSize(violations, request.pageSize, limits.defaultPageSize, limits.maxPageSize);
    violations.throwIfAny();
    const after = namesToken.decode(binding, request.pageToken);
    const page = await listNames((limit) => store.listApps(after, limit, signal), size);
    return {
      appNames: [...page.names],
      nextPageToken: page.next === undefined ? "" : namesToken.encode(binding, page.next),
    };
  };
}
