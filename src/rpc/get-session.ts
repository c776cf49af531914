import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { requireSession } from "../reads/one-session.ts";
import { stateAsOf } from "../reads/state-as-of.ts";
import { toAnswer } from "./convert/session.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { checkKey } from "./validate/key.ts";
import { checkSeq } from "./validate/numbers.ts";
import { checkSessionUid } from "./validate/session.ts";
import { Violations } from "./validate/violations.ts";

const TOO_LARGE = "Set omit_state, or read it with StreamEvents.";

/** Reads a session with its merged state, or with its own state as it was after an event. */
export function getSession({ store, limits }: Deps): UnaryHandler<typeof SessionService.method.getSession> {
  return async (request, { signal }) => {
    const violations = new Violations();
    const key = checkKey(violations, request.key, "session");
    const uid = checkSessionUid(violations, request.sessionUid);
    const asOfSeq = checkSeq(violations, "as_of_seq", request.asOfSeq);
    violations.throwIfAny();
    if (asOfSeq === undefined) {
      const read = request.omitState ? store.getSessionRow(key, signal) : store.getSession(key, signal);
      return { session: toAnswer(requireSession(await read, uid), limits, TOO_LARGE) };
    }
    const session = requireSession(await store.getSessionRow(key, signal), uid);
    const state = await stateAsOf(store, session, asOfSeq, limits, signal);
    return {
      session: toAnswer({ ...session, state: request.omitState ? undefined : state }, limits, TOO_LARGE),
    };
  };
}
