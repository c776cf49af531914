import type { GetSessionRequest, SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { readFirstEvents } from "../reads/first-events.ts";
import type { HistoryStart } from "../reads/history-start.ts";
import { requireSession } from "../reads/one-session.ts";
import { stateAsOf } from "../reads/state-as-of.ts";
import type { SessionKey } from "../store/store.ts";
import type { RequestContext } from "./context.ts";
import { encodeSession } from "./convert/event-fields.ts";
import { toAnswer } from "./convert/session.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { checkKey } from "./validate/key.ts";
import { checkCount, checkSeq } from "./validate/numbers.ts";
import { checkSessionUid } from "./validate/session.ts";
import { Violations } from "./validate/violations.ts";

type GetSession = UnaryHandler<typeof SessionService.method.getSession>;
type Answer = ReturnType<GetSession>;

/** A checked request. */
interface Query {
  readonly key: SessionKey;
  readonly uid: string | undefined;
  readonly asOfSeq: number | undefined;
  readonly omitState: boolean;
  readonly history: HistoryStart | undefined;
}

const TOO_LARGE = "Set omit_state, or read it with StreamEvents.";

/** Reads a session with its merged state or with its own as it was after an event, or with events of its history. */
export function getSession(deps: Deps): GetSession {
  return async (request, context) => {
    const query = checkRequest(request);
    if (query.history !== undefined) return withEvents(deps, query, query.history, context);
    return query.asOfSeq === undefined
      ? asOfNow(deps, query, context)
      : asOf(deps, query, query.asOfSeq, context);
  };
}

async function asOfNow({ store, limits }: Deps, query: Query, { signal }: RequestContext): Answer {
  const { key, uid, omitState } = query;
  const read = omitState ? store.getSessionRow(key, signal) : store.getSession(key, signal);
  return { session: toAnswer(requireSession(await read, uid), limits, TOO_LARGE) };
}

async function asOf({ store, limits }: Deps, query: Query, seq: number, { signal }: RequestContext): Answer {
  const session = requireSession(await store.getSessionRow(query.key, signal), query.uid);
  const state = await stateAsOf(store, session, seq, limits, signal);
  return { session: toAnswer({ ...session, state: query.omitState ? undefined : state }, limits, TOO_LARGE) };
}

async function withEvents(
  { store, limits }: Deps,
  { key, uid }: Query,
  start: HistoryStart,
  context: RequestContext,
): Answer {
  const read = await readFirstEvents(store, { key, uid, start }, limits, context.signal);
  context.annotate({ events: read.events.length });
  const session = toAnswer(read.session, limits, TOO_LARGE);
  return encodeSession(read.events, { session, historyComplete: read.complete });
}

function checkRequest(request: GetSessionRequest): Query {
  const violations = new Violations();
  const { omitState, history } = request;
  const key = checkKey(violations, request.key, "session");
  const uid = checkSessionUid(violations, request.sessionUid);
  const asOfSeq = checkSeq(violations, "as_of_seq", request.asOfSeq);
  const afterSeq = checkSeq(violations, "history.after_seq", history?.afterSeq);
  const numRecentEvents = history?.numRecentEvents;
  checkCount(violations, "history.num_recent_events", numRecentEvents);
  if (history !== undefined && (request.asOfSeq !== undefined || omitState)) {
    violations.add("history", "is set together with as_of_seq or omit_state");
  }
  violations.throwIfAny();
  const start = { cursor: undefined, afterSeq, afterTime: undefined, numRecentEvents };
  return { key, uid, asOfSeq, omitState, history: history && start };
}
