/** The kinds of clients that the suite runs its cases over, all behind the same generated interface. */
import { type Client, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { SessionService } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import { curlTransport } from "./curl-transport.ts";
import { grpcTransport } from "./grpc-transport.ts";
import { pythonTransport } from "./python-transport.ts";
import type { Server } from "./server.ts";
import type { ClosableTransport } from "./transport.ts";

const kinds = {
  "grpc-js": (server) => grpcTransport(server.grpcAddress),
  "Python grpcio": (server) => pythonTransport(server.grpcAddress),
  "connect-web binary": (server) =>
    closable(createConnectTransport({ baseUrl: server.httpUrl, useBinaryFormat: true })),
  "connect-web JSON": (server) => closable(createConnectTransport({ baseUrl: server.httpUrl })),
  "gRPC-Web": (server) => closable(createGrpcWebTransport({ baseUrl: server.httpUrl })),
  "curl JSON": (server) => closable(curlTransport(server.httpUrl)),
} as const satisfies Record<string, (server: Server) => ClosableTransport>;

/** A kind of client. */
export type ClientKind = keyof typeof kinds;

/** All kinds, those of the gRPC door first. */
export const clientKinds = Object.keys(kinds) as ClientKind[];

/** One kind for each door: for cases about the server rather than its clients. */
export const doors = ["grpc-js", "connect-web JSON"] as const satisfies ClientKind[];

/** A client of any kind. */
export interface Api extends Client<typeof SessionService> {
  close(): Promise<void>;
}

/** Connects a client. */
export function connect(kind: ClientKind, server: Server): Api {
  const transport = kinds[kind](server);
  return { ...createClient(SessionService, transport), close: () => transport.close() };
}

function closable(transport: Transport): ClosableTransport {
  return { ...transport, close: async () => {} };
}
