/** The gRPC port. */
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { Health } from "../../../gen/ts/health/v1/health_pb.ts";
import { SessionService } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Config } from "../../config.ts";
import type { Handlers } from "../../rpc/handler.ts";
import type { Calls } from "../calls.ts";
import { listen } from "../listen.ts";
import type { ReadinessCheck } from "../readiness.ts";
import type { KeyPair, KeyPairFiles } from "../tls.ts";
import { healthService } from "./health.ts";
import { limitConnections, watchStreams } from "./http2.ts";
import { sessionService } from "./methods.ts";
import { addReflection } from "./reflection.ts";

/** What a front door is made of. */
export interface DoorOptions {
  readonly config: Config;
  readonly calls: Calls;
  readonly handlers: Handlers;
  readonly readiness: ReadinessCheck;
  readonly tls: KeyPairFiles | undefined;
  readonly log: Logger;
}

/** An open port. */
export interface Door {
  readonly port: number;
  /** Takes no new connections; those that there are stay. */
  stopListening(): void;
  /** Tells clients to go (GOAWAY), waits for their calls, and cuts what is left after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const maxSessionMemoryMb = 512;

/** Opens the gRPC port. @throws StartError */
export async function openGrpc(options: DoorOptions): Promise<Door> {
  const { config, calls, handlers, readiness, log } = options;
  const server = new Server({
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": config.maxMessageBytes,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": config.maxStreamsPerConnection,
    "grpc.keepalive_time_ms": config.keepaliveTime,
    "grpc.keepalive_timeout_ms": config.keepaliveTimeout,
    ...(config.maxConnectionAge === 0 ? {} : { "grpc.max_connection_age_ms": config.maxConnectionAge }),
    "grpc.max_connection_age_grace_ms": config.maxConnectionAgeGrace,
    "grpc-node.max_session_memory": maxSessionMemoryMb,
  });
  limitConnections(server, config);
  const sessions = sessionService(calls, handlers);
  server.addService(sessions.definition, sessions.implementation);
  const health = healthService(readiness);
  server.addService(health.definition, health.implementation);
  if (config.reflection) addReflection(server, [SessionService, Health]);

  // The listening socket is ours and grpc-js gets its connections, so that they can be counted and
  // listening can stop before they are told to go.
  const injector = server.createConnectionInjector(credentials(options.tls));
  watchStreams(server);
  const sockets = new Set<Socket>();
  const net = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", (error) => log.debug({ cause: error }, "gRPC connection failed"));
    injector.injectConnection(socket);
  });
  net.maxConnections = config.maxConnections;
  const port = await listen(net, { host: config.host, port: config.grpcPort, flag: "--grpc-port" });
  return {
    port,
    stopListening: () => void net.close(),
    async close(graceMs) {
      health.end();
      injector.drain(graceMs);
      await allClosed(net, sockets, graceMs);
      server.forceShutdown();
    },
  };
}

/** Waits until the last socket is closed, and cuts what is left after `graceMs`. */
async function allClosed(net: NetServer, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (net.listening) net.close();
  const cut = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  net.getConnections((_error, open) => (open === 0 ? resolve() : net.once("close", () => resolve())));
  await promise;
  clearTimeout(cut);
}

function credentials(tls: KeyPairFiles | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const reloadable = new ReloadableCredentials(tls.current);
  tls.onChange((pair) => reloadable.use(pair));
  return reloadable;
}

/** A server certificate that can be exchanged; connections that are open keep theirs. */
class ReloadableCredentials extends ServerCredentials {
  constructor(pair: KeyPair) {
    super({ minVersion: "TLSv1.2" }, pair);
  }

  use(pair: KeyPair): void {
    this.updateSecureContextOptions({ cert: pair.cert, key: pair.key });
  }

  override _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}
