import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  AppendEventRequest,
  AppendEventResponseSchema,
  SessionService,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { append } from "./append.ts";
import type { RequestContext } from "./context.ts";
import { toAppendedEvent } from "./convert/event.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { Violations } from "./validate/violations.ts";

/** Stores one event with its state delta. */
export function appendEvent(deps: Deps): UnaryHandler<typeof SessionService.method.appendEvent> {
  return (request, context) => appendOne(deps, request, context);
}

/** The same, of a call or of one of the appends of a call. @throws as `append` does */
export async function appendOne(
  deps: Deps,
  request: AppendEventRequest,
  context: Pick<RequestContext, "signal" | "annotate">,
): Promise<MessageInitShape<typeof AppendEventResponseSchema>> {
  const violations = new Violations();
  const { event } = request;
  if (event === undefined) violations.add("event", "is missing");
  const fields = event === undefined ? [] : [{ field: "event", event }];
  const appended = await append(deps, violations, request, fields, context);
  return { event: appended.events.map(toAppendedEvent)[0], sessionUid: appended.uid };
}
