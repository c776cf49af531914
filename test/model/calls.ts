/** What clients of a history call, and what they are told. */
import type { AppendedEvent, Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import type { Session } from "../../gen/ts/sessiond/v1/session_pb.ts";
import type {
  BatchAppendEventsRequest,
  CreateSessionRequest,
  DeleteSessionRequest,
  GetSessionRequest,
  GetUserStateRequest,
  ListEventsRequest,
  ListSessionsRequest,
  StreamEventsRequest,
  StreamEventsResponse,
  UpdateSessionRequest,
  UpdateUserStateRequest,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Failure } from "../api/harness.ts";

/** The scopes of shared state. */
export type SharedScope = "user" | "app";

/** A request by its kind. Sent again as the same object it is a retry of the same call. */
export type Call =
  | { readonly kind: "create"; readonly request: CreateSessionRequest }
  /** AppendEvent where it is `single`, else BatchAppendEvents. */
  | { readonly kind: "append"; readonly request: BatchAppendEventsRequest; readonly single: boolean }
  | { readonly kind: "update"; readonly request: UpdateSessionRequest }
  | { readonly kind: "delete"; readonly request: DeleteSessionRequest }
  | { readonly kind: "setShared"; readonly request: UpdateUserStateRequest; readonly scope: SharedScope }
  | { readonly kind: "get"; readonly request: GetSessionRequest }
  | { readonly kind: "getShared"; readonly request: GetUserStateRequest; readonly scope: SharedScope }
  /** A whole walk from the first page. */
  | { readonly kind: "listSessions"; readonly request: ListSessionsRequest }
  /** A whole walk from the first page. */
  | { readonly kind: "listEvents"; readonly request: ListEventsRequest }
  | {
      readonly kind: "stream";
      readonly request: StreamEventsRequest;
      /** Where the cursor of the request is from. */
      readonly resumes?: StreamPosition;
    };

/** A kind of call. */
export type CallKind = Call["kind"];

/** A frame of a stream that was read. */
export interface StreamPosition {
  readonly uid: string;
  readonly cursor: string;
  /** All events up to this one were read. */
  readonly seq: number;
}

/** What each kind of call is told. */
export interface Answers {
  create: Session;
  append: { readonly uid: string; readonly events: readonly AppendedEvent[] };
  update: Session;
  delete: boolean;
  setShared: true;
  get: Session;
  getShared: Readonly<Record<string, string>>;
  listSessions: readonly Session[];
  listEvents: EventWalk;
  stream: readonly StreamEventsResponse[];
}

/** What the pages of a walk over events had. */
export interface EventWalk {
  readonly uid: string;
  readonly events: readonly Event[];
  /** The head that the first page and the last told. */
  readonly firstHead: number;
  readonly lastHead: number;
}

/** How one attempt of a call ended. */
export type Outcome =
  | { readonly ok: true; readonly answer: Answers[CallKind] }
  | {
      readonly ok: false;
      /** `UNAVAILABLE` */
      readonly code: string;
      /** Of ErrorInfo; empty where the failure is the client's own. */
      readonly reason: string;
      readonly facts: Readonly<Record<string, string>>;
      /** Of RetryInfo, in milliseconds. */
      readonly retryMs: number | undefined;
      readonly message: string;
    };

/** How a call or an append ended that failed. */
export function toOutcome({ code, reason, metadata: facts, retryMs, message }: Failure): Outcome {
  return { ok: false, code, reason, facts, retryMs, message };
}

/** One attempt of a call as its client saw it. Times are ticks of one clock of the history, all distinct. */
export interface Attempt {
  readonly client: number;
  readonly call: Call;
  readonly start: number;
  readonly end: number;
  readonly outcome: Outcome;
}

/** Everything that the clients of a round saw, in the order in which the attempts ended. */
export interface History {
  readonly attempts: readonly Attempt[];
  /** Whether something was broken on purpose, so that calls may fail for it. */
  readonly faults: boolean;
}

/** The request id of a call that has one. */
export function requestIdOf(call: Call): string {
  return "requestId" in call.request ? call.request.requestId : "";
}

/** Failures after which a client sends the call again; only that can tell what happened. */
const UNKNOWN = new Set([
  "STORE_UNAVAILABLE",
  "STORE_READ_ONLY",
  "SERVER_BUSY",
  "SHUTTING_DOWN",
  "CONTENTION",
  "DEADLINE_EXCEEDED",
  "CANCELLED",
  "INTERNAL",
  // The client's own: it left, or its connection broke.
  "",
]);

/** Whether an attempt left open what happened. */
export function isUnknown(outcome: Outcome): boolean {
  return !outcome.ok && UNKNOWN.has(outcome.reason);
}
