/** The HTTP port: HTTP/1.1 and HTTP/2, with TLS by ALPN, without by the first bytes. */
import { createServer } from "node:http";
import {
  constants,
  createServer as createHttp2Server,
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
} from "node:http2";
import type { Server as NetServer, Socket } from "node:net";
import type { Config } from "../../config.ts";
import type { Door, DoorOptions } from "../grpc/server.ts";
import { http2Options } from "../http2-options.ts";
import { listen } from "../listen.ts";
import { connectDoor } from "./connect.ts";
import { originCheck } from "./origins.ts";
import { type MetricsPage, type Route, routes } from "./routes.ts";
import { viewerFiles } from "./viewer.ts";

const headersTimeoutMs = 20_000;
const keepAliveTimeoutMs = 75_000;
const http2Preface = Buffer.from("PRI");

/** What the HTTP port has beside the RPCs. */
export interface HttpOptions extends DoorOptions {
  /** Gives the HTML at `/about`. */
  readonly page: () => string;
  readonly metrics: MetricsPage | undefined;
}

/** Opens the HTTP port. @throws StartError */
export async function openHttp(options: HttpOptions): Promise<Door> {
  const { config, calls, handlers, readiness, tls, log } = options;
  const route = routes({
    rpcs: connectDoor(calls, handlers),
    checkOrigin: originCheck(config),
    readiness,
    page: options.page,
    viewer: viewerFiles(),
    metrics: options.metrics,
  });
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const server =
    tls === undefined ? cleartext(config, route, sessions) : secure(config, route, sessions, tls.current);
  tls?.onChange((pair) => (server.net as Http2SecureServer).setSecureContext(pair));
  server.net.maxConnections = config.maxConnections;
  server.net.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", (error) => log.debug({ cause: error }, "HTTP connection failed"));
  });
  const port = await listen(server.net, { host: config.host, port: config.httpPort, flag: "--http-port" });
  const closed = new Promise<void>((resolve) => server.net.once("close", () => resolve()));
  return {
    port,
    stopListening: () => void server.net.close(),
    async close(graceMs) {
      if (server.net.listening) server.net.close();
      for (const session of sessions) session.close();
      const idle = setInterval(() => server.closeIdle(), 20);
      server.closeIdle();
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearInterval(idle);
      clearTimeout(cut);
    },
  };
}

interface PortServer {
  readonly net: NetServer;
  /** Closes HTTP/1.1 connections without a request. */
  closeIdle(): void;
}

function cleartext(config: Config, route: Route, sessions: Set<ServerHttp2Session>): PortServer {
  const http1 = createServer(
    {
      maxHeaderSize: config.maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      noDelay: true,
    },
    route,
  );
  const http2 = createHttp2Server(http2Options(config), route);
  http2.on("session", (session) => keepSession(session, config, sessions));
  // Node has no server for both without TLS: the connection's first bytes tell which it is.
  const [onHttp1] = http1.listeners("connection") as ((this: NetServer, socket: Socket) => void)[];
  http1.removeAllListeners("connection");
  http1.on("connection", (socket: Socket) => {
    firstBytes(socket, (bytes) => {
      // The preface of HTTP/2 begins with a method that HTTP/1.1 does not have.
      if (bytes.equals(http2Preface)) http2.emit("connection", socket);
      else onHttp1?.call(http1, socket);
    });
  });
  return { net: http1, closeIdle: () => http1.closeIdleConnections() };
}

/** Calls back with a connection's first bytes, which stay to be read; one that sends none is closed. */
function firstBytes(socket: Socket, then: (bytes: Buffer) => void): void {
  let bytes = Buffer.alloc(0);
  const onTimeout = (): void => void socket.destroy();
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    bytes = Buffer.concat([bytes, chunk]);
    const first = bytes.subarray(0, http2Preface.length);
    if (first.length < http2Preface.length && http2Preface.subarray(0, first.length).equals(first)) return;
    socket.off("readable", onReadable);
    socket.setTimeout(0);
    socket.off("timeout", onTimeout);
    socket.unshift(bytes);
    then(first);
  };
  socket.setTimeout(headersTimeoutMs);
  socket.on("timeout", onTimeout);
  socket.on("readable", onReadable);
}

function secure(
  config: Config,
  route: Route,
  sessions: Set<ServerHttp2Session>,
  pair: { readonly cert: Buffer; readonly key: Buffer },
): PortServer {
  const server = createSecureServer(
    {
      ...http2Options(config),
      ...pair,
      allowHTTP1: true,
      minVersion: "TLSv1.2",
      // Goes on to the HTTP/1.1 side, though the types do not say so.
      ...({ maxHeaderSize: config.maxHeaderBytes } as object),
    },
    route,
  );
  server.on("session", (session) => keepSession(session, config, sessions));
  server.on("secureConnection", (socket) => socket.on("error", () => {}));
  return {
    net: server,
    closeIdle: () => (server as unknown as { closeIdleConnections?(): void }).closeIdleConnections?.(),
  };
}

/** Pings a connection, and tells its client to connect anew when it is old, as grpc-js does on its port. */
function keepSession(session: ServerHttp2Session, config: Config, sessions: Set<ServerHttp2Session>): void {
  sessions.add(session);
  let unanswered: NodeJS.Timeout | undefined;
  const ping = setInterval(() => {
    unanswered ??= setTimeout(() => session.destroy(), config.keepaliveTimeout);
    session.ping(() => {
      clearTimeout(unanswered);
      unanswered = undefined;
    });
  }, config.keepaliveTime);
  const jitter = 0.9 + Math.random() * 0.2;
  const old =
    config.maxConnectionAge === 0
      ? undefined
      : setTimeout(retire, Math.min(config.maxConnectionAge * jitter, 2 ** 31 - 1));
  let cut: NodeJS.Timeout | undefined;
  session.once("close", () => {
    sessions.delete(session);
    clearInterval(ping);
    clearTimeout(unanswered);
    clearTimeout(old);
    clearTimeout(cut);
  });

  function retire(): void {
    cut = setTimeout(() => session.destroy(), config.maxConnectionAgeGrace);
    // A notice first, and the end a round trip later: what the client sent before it knew is still answered.
    session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
    session.ping(() => session.close());
  }
}
