import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { append } from "./append.ts";
import { toAppendedEvent } from "./convert/event.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { Violations } from "./validate/violations.ts";

/** Stores several events of one session, all or none. */
export function batchAppendEvents(deps: Deps): UnaryHandler<typeof SessionService.method.batchAppendEvents> {
  return async (request, context) => {
    const violations = new Violations();
    checkEvents(violations, request.events, deps.limits.maxBatchEvents);
    // So many events are not looked at one by one.
    const events = request.events.slice(0, deps.limits.maxBatchEvents);
    const fields = events.map((event, at) => ({ field: `events[${at}]`, event }));
    const appended = await append(deps, violations, request, fields, context);
    return { events: appended.events.map(toAppendedEvent), sessionUid: appended.uid };
  };
}

function checkEvents(violations: Violations, events: readonly Event[], maxEvents: number): void {
  if (events.length === 0) violations.add("events", `is empty; a batch has 1 to ${maxEvents} events`);
  if (events.length > maxEvents) {
    violations.add("events", `has ${events.length} events; the limit is ${maxEvents}`);
  }
  const places = new Map<string, number>();
  for (const [at, { id }] of events.entries()) {
    const first = places.get(id);
    if (id !== "" && first !== undefined) {
      violations.add(`events[${at}].id`, `is the id of events[${first}] too`);
    } else {
      places.set(id, at);
    }
  }
}
