import {
  type ListSessionsRequest,
  SessionOrder,
  type SessionService,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Limits } from "../config/limits.ts";
import { canonicalHash } from "../json/canonical.ts";
import { listSessions as readSessions } from "../reads/list-sessions.ts";
import { APP_PREFIX, TEMP_PREFIX, USER_PREFIX } from "../store/state.ts";
import type { ListSessionsInput, State } from "../store/store.ts";
import { toSession } from "./convert/session.ts";
import type { Deps } from "./deps.ts";
import type { Encodable } from "./digest.ts";
import type { UnaryHandler } from "./handler.ts";
import { sessionsToken } from "./page-token.ts";
import { checkKey } from "./validate/key.ts";
import { checkPageSize } from "./validate/numbers.ts";
import { checkLabels, checkOwnerId } from "./validate/session.ts";
import { checkState } from "./validate/state.ts";
import { entryPath, Violations } from "./validate/violations.ts";

/** Lists the sessions of an app or of one of its users. */
export function listSessions({
  store,
  limits,
}: Deps): UnaryHandler<typeof SessionService.method.listSessions> {
  return async (request, context) => {
    const { input, binding } = checkRequest(request, limits);
    const page = await readSessions(store, input, limits, context.signal);
    context.annotate({ sessions: page.sessions.length });
    return {
      sessions: page.sessions.map(toSession),
      nextPageToken: page.next === undefined ? "" : sessionsToken.encode(binding, page.next),
    };
  };
}

function checkRequest(
  request: ListSessionsRequest,
  limits: Limits,
): { readonly input: ListSessionsInput; readonly binding: Encodable } {
  const violations = new Violations();
  const { appName, userId } = checkKey(violations, request.key, "scope");
  const limit = checkPageSize(violations, request.pageSize, limits.defaultPageSize, limits.maxPageSize);
  const order = checkOrder(violations, request.order);
  const labels = checkLabels(violations, request.labels);
  const stateEquals = checkStateEquals(violations, request.stateEquals, limits);
  if (request.ownerId !== undefined) checkOwnerId(violations, request.ownerId);
  violations.throwIfAny();
  const { ownerId, includeState } = request;
  const binding = [
    [appName, userId],
    [order.orderBy, order.descending],
    [ownerId, labels, stateEquals, includeState],
  ];
  const input = {
    scope: { appName, userId: userId === "" ? undefined : userId },
    ...order,
    after: sessionsToken.decode(binding, request.pageToken),
    limit,
    ownerId,
    labels,
    stateEquals: new Map([...stateEquals].map(([key, value]) => [key, canonicalHash(value)])),
    includeState,
  };
  return { input, binding };
}

function checkOrder(
  violations: Violations,
  order: SessionOrder,
): Pick<ListSessionsInput, "orderBy" | "descending"> {
  switch (order) {
    case SessionOrder.UNSPECIFIED:
    case SessionOrder.UPDATE_TIME_DESC:
      return { orderBy: "updateMicros", descending: true };
    case SessionOrder.UPDATE_TIME_ASC:
      return { orderBy: "updateMicros", descending: false };
    case SessionOrder.CREATE_TIME_DESC:
      return { orderBy: "createMicros", descending: true };
    case SessionOrder.CREATE_TIME_ASC:
      return { orderBy: "createMicros", descending: false };
    default:
      violations.add("order", `has the unknown value ${order}`);
      return { orderBy: "updateMicros", descending: true };
  }
}

/** Each pair is a condition of the query, and engines bound how many they take. */
const MAX_STATE_CONDITIONS = 16;

function checkStateEquals(
  violations: Violations,
  stateEquals: ListSessionsRequest["stateEquals"],
  limits: Limits,
): State {
  const checked = checkState(violations, "state_equals", stateEquals, limits);
  if (checked.size > MAX_STATE_CONDITIONS) {
    violations.add("state_equals", `has ${checked.size} keys; the limit is ${MAX_STATE_CONDITIONS}`);
  }
  for (const key of checked.keys()) {
    if ([USER_PREFIX, APP_PREFIX, TEMP_PREFIX].some((prefix) => key.startsWith(prefix))) {
      violations.add(entryPath("state_equals", key), "is not a key of a session's own state");
    }
  }
  return checked;
}
