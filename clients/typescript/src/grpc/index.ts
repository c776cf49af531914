/** A connection to sessiond over gRPC, for Node: for tails and plain calls without ADK. */
import { type Client, createClient } from "@connectrpc/connect";
import { SessionService } from "../gen/sessiond/v1/session_service_pb.ts";
import { type ConnectOptions, defaultTarget, parseTarget } from "./options.ts";
import { createGrpcTransport } from "./transport.ts";

export { type CallMetadata, type ConnectOptions, defaultTarget } from "./options.ts";
export { createGrpcTransport, type GrpcTransport } from "./transport.ts";

/** A client of the service with the connection under it. */
export interface GrpcConnection {
  /** Makes calls; `tail` and `watch` take it. */
  readonly client: Client<typeof SessionService>;
  /** Ends the calls that run, and closes the connection. */
  close(): void;
}

/**
 * Makes a client over gRPC, which connects at its first call. Best one for tails and another for unary calls.
 * @param target `host:port`, `sessiond://host:port?option=value` or any gRPC target
 * @throws TypeError for a malformed target or option
 */
export function connect(target: string = defaultTarget, options: ConnectOptions = {}): GrpcConnection {
  const settings = parseTarget(target, options);
  const transport = createGrpcTransport(settings.target, settings, { keepalive: true });
  return { client: createClient(SessionService, transport), close: () => transport.close() };
}
