import type { MessageInitShape } from "@bufbuild/protobuf";
import { ErrorReason } from "../../gen/ts/sessiond/v1/error_pb.ts";
import type {
  AppendErrorSchema,
  AppendEventRequest,
  AppendOutcomeSchema,
  SessionService,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { appendOne } from "./append-event.ts";
import type { RequestContext } from "./context.ts";
import type { Deps } from "./deps.ts";
import type { UnaryHandler } from "./handler.ts";
import { isFault, type Status, toStatus } from "./status.ts";
import { statusBytes, statusMessage } from "./status-bytes.ts";
import { Violations } from "./validate/violations.ts";

/** Makes many appends, each of which succeeds or fails alone. */
export function appendToSessions(deps: Deps): UnaryHandler<typeof SessionService.method.appendToSessions> {
  return async (request, context) => {
    checkCount(request.appends.length, deps.limits.maxBatchEvents);
    const told = new Told(context);
    const outcomes = await Promise.all(
      deps.pipeline.together(() => request.appends.map((append) => outcomeOf(deps, append, context, told))),
    );
    told.annotate(outcomes.length);
    return { outcomes };
  };
}

function checkCount(appends: number, most: number): void {
  const violations = new Violations();
  if (appends === 0) violations.add("appends", `is empty; a call has 1 to ${most} appends`);
  if (appends > most) violations.add("appends", `has ${appends} appends; the limit is ${most}`);
  violations.throwIfAny();
}

async function outcomeOf(
  deps: Deps,
  append: AppendEventRequest,
  { signal }: RequestContext,
  told: Told,
): Promise<MessageInitShape<typeof AppendOutcomeSchema>> {
  try {
    const value = await appendOne(deps, append, { signal, annotate: told.add });
    return { outcome: { case: "appended", value } };
  } catch (error) {
    // A call that is over has no answer: all its appends end in its own error.
    signal.throwIfAborted();
    return { outcome: { case: "error", value: told.failed(error) } };
  }
}

/** What the call's one line in the log says of its appends. */
class Told {
  readonly #context: RequestContext;
  #eventBytes = 0;
  #failed = 0;

  constructor(context: RequestContext) {
    this.#context = context;
  }

  readonly add: RequestContext["annotate"] = ({ eventBytes }) => {
    this.#eventBytes += Number(eventBytes);
  };

  failed(error: unknown): MessageInitShape<typeof AppendErrorSchema> {
    this.#failed++;
    const status: Status = toStatus(error, this.#context.requestId);
    this.#log(status);
    const { code, reason } = status;
    return { code, reason: ErrorReason[reason], message: statusMessage(status), status: statusBytes(status) };
  }

  /** What a call's own line would say of the failure, which the line of this call, a success, does not. */
  #log(status: Status): void {
    if (!isFault(status)) return;
    const { reason, cause } = status;
    this.#context.log[reason === "INTERNAL" ? "error" : "warn"](
      { reason, cause },
      "an append of a call failed",
    );
  }

  annotate(events: number): void {
    const failed = this.#failed === 0 ? undefined : { failed: this.#failed };
    this.#context.annotate({ events, eventBytes: this.#eventBytes, ...failed });
  }
}
