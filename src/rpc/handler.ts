/** The shape of an RPC, typed by the generated descriptors and free of transport. */
import type { DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { RequestContext } from "./context.ts";
import type { Answer } from "./encoded-message.ts";

/** Answers one request. Throws RpcError or StoreError; anything else is INTERNAL. */
export type UnaryHandler<M extends DescMethod> = (
  request: MessageShape<M["input"]>,
  context: RequestContext,
) => Promise<Answer<M["output"]>>;

/**
 * Answers one request with a stream. The front door asks for the next message only
 * when the reader took the ones before, and calls `return` when the call ends early.
 */
export type StreamHandler<M extends DescMethod> = (
  request: MessageShape<M["input"]>,
  context: RequestContext,
) => AsyncIterable<Answer<M["output"]>>;

type Methods = (typeof SessionService)["method"];

/** Every RPC of the service by its descriptor's local name. */
export type Handlers = {
  readonly [K in keyof Methods]: Methods[K]["methodKind"] extends "server_streaming"
    ? StreamHandler<Methods[K]>
    : UnaryHandler<Methods[K]>;
};
