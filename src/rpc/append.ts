/** What the methods that append share. */
import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import type { SessionKey as ProtoKey } from "../../gen/ts/sessiond/v1/session_pb.ts";
import type { Appended } from "../pipeline/write-pipeline.ts";
import type { RequestContext } from "./context.ts";
import { toNewEvent } from "./convert/event.ts";
import type { Deps } from "./deps.ts";
import { checkEvent } from "./validate/event.ts";
import { checkKey } from "./validate/key.ts";
import { checkExpectation, checkOwnerId } from "./validate/session.ts";
import type { Violations } from "./validate/violations.ts";

/** The fields that both requests have. */
export interface AppendRequest {
  readonly key?: ProtoKey | undefined;
  readonly sessionUid: string;
  readonly expectedRevision?: bigint | undefined;
  readonly createSession: boolean;
  readonly ownerId: string;
}

/** An event and the path of its field in the request. */
export interface EventField {
  readonly field: string;
  readonly event: Event;
}

/**
 * Checks the whole request, also for what `violations` has already, and commits its events. It is
 * in the pipeline when this returns, so that appends of one session keep their order.
 */
export async function append(
  { pipeline, limits, clock, newUid }: Deps,
  violations: Violations,
  request: AppendRequest,
  fields: readonly EventField[],
  context: Pick<RequestContext, "signal" | "annotate">,
): Promise<Appended> {
  const key = checkKey(violations, request.key, "session");
  const expected = checkExpectation(violations, request);
  if (request.createSession && (request.sessionUid !== "" || request.expectedRevision !== undefined)) {
    violations.add("create_session", "is set together with session_uid or expected_revision");
  }
  checkOwnerId(violations, request.ownerId);
  const checked = fields.map(({ field, event }) => ({
    event,
    checked: checkEvent(violations, field, event, limits),
  }));
  violations.throwIfAny();
  const nowMicros = clock();
  const events = checked.map(({ event, checked }) =>
    toNewEvent(event, checked, { id: newUid(), timestamp: nowMicros / 1e6 }),
  );
  context.annotate({
    events: events.length,
    eventBytes: events.reduce((sum, event) => sum + event.bytes, 0),
  });
  const createUid = request.createSession ? newUid() : undefined;
  const createOwnerId = request.ownerId;
  return pipeline.append({ key, expected, nowMicros, events, createUid, createOwnerId }, context.signal);
}
