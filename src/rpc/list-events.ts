import {
  EventScope,
  type ListEventsRequest,
  type SessionService,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { listScopeEvents, listSessionEvents } from "../reads/list-events.ts";
import type { SessionKey } from "../store/store.ts";
import type { RequestContext } from "./context.ts";
import { encodePage } from "./convert/event-fields.ts";
import type { Deps } from "./deps.ts";
import type { Encodable } from "./digest.ts";
import type { UnaryHandler } from "./handler.ts";
import { scopeEventsToken, sessionEventsToken } from "./page-token.ts";
import { checkKey, type KeyShape } from "./validate/key.ts";
import { checkPageSize, checkSeq, checkTime } from "./validate/numbers.ts";
import { checkSessionUid } from "./validate/session.ts";
import { Violations } from "./validate/violations.ts";

type ListEvents = UnaryHandler<typeof SessionService.method.listEvents>;
type Answer = ReturnType<ListEvents>;

/** A checked request. */
interface Query {
  readonly shape: KeyShape;
  readonly key: SessionKey;
  readonly uid: string | undefined;
  readonly limit: number;
  readonly pageToken: string;
  readonly afterSeq: number | undefined;
  readonly beforeSeq: number | undefined;
  readonly descending: boolean;
  readonly afterTime: number | undefined;
}

/** Only a page that no append can change is kept, and that for as long as caches care to. */
const CLOSED_PAGE = "private, max-age=31536000, immutable";

/** Reads a page of events of one session, or of all sessions of a user or an app. */
export function listEvents(deps: Deps): ListEvents {
  return async (request, context) => {
    const query = checkRequest(deps, request);
    return query.shape === "session" ? ofSession(deps, query, context) : ofScope(deps, query, context);
  };
}

async function ofSession({ store, limits }: Deps, query: Query, context: RequestContext): Answer {
  const binding = bindingOf(query);
  const after = sessionEventsToken.decode(binding, query.pageToken);
  const page = await listSessionEvents(store, { ...query, after }, limits, context.signal);
  context.setHeader("cache-control", query.uid !== undefined && page.closed ? CLOSED_PAGE : "no-store");
  context.annotate({ events: page.events.length });
  return encodePage(page.events, {
    nextPageToken: page.next === undefined ? "" : sessionEventsToken.encode(binding, page.next),
    sessionUid: page.session.uid,
    firstSeq: BigInt(page.session.firstSeq),
    headSeq: BigInt(page.session.headSeq),
  });
}

async function ofScope({ store, limits }: Deps, query: Query, context: RequestContext): Answer {
  const binding = bindingOf(query);
  const after = scopeEventsToken.decode(binding, query.pageToken);
  const { key, afterTime, limit } = query;
  const scope = { appName: key.appName, userId: key.userId === "" ? undefined : key.userId };
  const page = await listScopeEvents(store, { scope, afterTime, after, limit }, limits, context.signal);
  context.setHeader("cache-control", "no-store");
  context.annotate({ events: page.events.length });
  return encodePage(page.events, {
    nextPageToken: page.next === undefined ? "" : scopeEventsToken.encode(binding, page.next),
  });
}

function checkRequest({ limits }: Deps, request: ListEventsRequest): Query {
  const violations = new Violations();
  const { pageToken, descending, afterTime } = request;
  const shape = checkScope(violations, request.scope);
  const key = checkKey(violations, request.key, shape);
  const uid = checkSessionUid(violations, request.sessionUid);
  const limit = checkPageSize(violations, request.pageSize, limits.defaultEventsPageSize, limits.maxPageSize);
  const afterSeq = checkSeq(violations, "after_seq", request.afterSeq);
  const beforeSeq = checkSeq(violations, "before_seq", request.beforeSeq);
  checkTime(violations, "after_time", afterTime);
  if (shape !== "session") {
    const ofOneSession = {
      session_uid: uid,
      after_seq: request.afterSeq,
      before_seq: request.beforeSeq,
      descending: descending || undefined,
    };
    for (const [field, value] of Object.entries(ofOneSession)) {
      if (value !== undefined) violations.add(field, "needs the scope of one session");
    }
  }
  violations.throwIfAny();
  return { shape, key, uid, limit, pageToken, afterSeq, beforeSeq, descending, afterTime };
}

/** The parts of the key that a scope wants. */
function checkScope(violations: Violations, scope: EventScope): KeyShape {
  switch (scope) {
    case EventScope.UNSPECIFIED:
      return "session";
    case EventScope.USER:
      return "user";
    case EventScope.APP:
      return "app";
    default:
      violations.add("scope", `has the unknown value ${scope}`);
      return "session";
  }
}

/** What page tokens are bound to: everything but the page's size. */
function bindingOf({ shape, key, uid, afterSeq, beforeSeq, descending, afterTime }: Query): Encodable {
  return [shape, key.appName, key.userId, key.sessionId, uid, afterSeq, beforeSeq, descending, afterTime];
}
