import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { listNames } from "../reads/list-names.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { namesToken } from "./page-token.ts";
import { checkKey } from "./validate/key.ts";
import { checkPageSize } from "./validate/numbers.ts";
import { Violations } from "./validate/violations.ts";

/** Lists the users of an app that have sessions. */
export function listUsers({ store, limits }: Deps): UnaryHandler<typeof SessionService.method.listUsers> {
  return async (request, { signal }) => {
    const violations = new Violations();
    const { appName } = checkKey(violations, request.key, "app");
    const size = checkPageSize(violations, request.pageSize, limits.defaultPageSize, limits.maxPageSize);
    violations.throwIfAny();
    const binding = ["users", appName];
    const after = namesToken.decode(binding, request.pageToken);
    const page = await listNames((limit) => store.listUsers(appName, after, limit, signal), size);
    return {
      userIds: [...page.names],
      nextPageToken: page.next === undefined ? "" : namesToken.encode(binding, page.next),
    };
  };
}
