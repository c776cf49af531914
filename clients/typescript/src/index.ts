/**
 * The client of sessiond for browsers and Node: the generated service, and tails that reconnect by themselves.
 * Transports come from @connectrpc/connect-web (browsers) or @connectrpc/connect-node.
 */

export { errorReason, retryDelay } from "./errors.ts";
export * from "./gen/sessiond/v1/error_pb.ts";
export * from "./gen/sessiond/v1/event_pb.ts";
export * from "./gen/sessiond/v1/session_pb.ts";
export * from "./gen/sessiond/v1/session_service_pb.ts";
export type { Backoff, Waiting } from "./reconnect.ts";
export { type TailEnd, type TailOptions, type TailUpdate, tail } from "./tail.ts";
export { type WatchOptions, type WatchUpdate, watch } from "./watch.ts";
