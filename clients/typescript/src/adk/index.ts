/**
 * Keeps the sessions of Google ADK agents in sessiond, from Node: give a runner a
 * `new SessiondSessionService("localhost:50051")`.
 */

export type { CallMetadata, ConnectOptions, Options } from "../grpc/options.ts";
export type { TailPlace } from "./connection.ts";
export { eventFromProto } from "./conversion.ts";
export {
  AccessError,
  DeadlineError,
  type ErrorFacts,
  EventIdConflictError,
  InvalidRequestError,
  SessionAlreadyExistsError,
  SessiondError,
  SessionNotFoundError,
  StaleSessionError,
  TooLargeError,
  UnavailableError,
} from "./errors.ts";
export {
  type CreateSessionOptions,
  SessiondSessionService,
  type TailRequest,
} from "./session-service.ts";
