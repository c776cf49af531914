/** Both front doors over one store: opening and closing them in the right order. */
import { hostname } from "node:os";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { Handlers } from "../rpc/handler.ts";
import type { Store } from "../store/store.ts";
import type { CallObserver } from "./call-observer.ts";
import { Calls } from "./calls.ts";
import { type Door, openGrpc } from "./grpc/server.ts";
import { page } from "./http/page.ts";
import type { MetricsPage } from "./http/routes.ts";
import { openHttp } from "./http/server.ts";
import { checkPort, hostPort } from "./listen.ts";
import { ReadinessCheck } from "./readiness.ts";
import { KeyPairFiles } from "./tls.ts";

/** What a server serves. */
export interface ServerOptions {
  readonly config: Config;
  readonly handlers: Handlers;
  readonly store: Pick<Store, "ping">;
  /** The store's name and version, for the page. */
  readonly storeDescription: string;
  readonly log: Logger;
  /** Follows calls; nobody does if it is left out. */
  readonly observer?: CallObserver;
  /** What `/metrics` shows; nothing if it is left out. */
  readonly metrics?: MetricsPage;
}

/** A running server. */
export interface RunningServer {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** `HOST:PORT` for gRPC clients on this machine. */
  readonly grpcTarget: string;
  /** The origin of the HTTP port. */
  readonly httpUrl: string;
  /** Calls and streams in flight. */
  readonly running: { readonly unary: number; readonly streams: number };
  /** Whether it was ready at the last look. */
  readonly ready: boolean;
  /**
   * Says that it is not ready, stops accepting, tells streams to move, lets unary calls
   * finish, tells connections to go. What is left after `graceMs` in all is cut.
   */
  close(graceMs: number): Promise<void>;
}

const readinessPollMs = 5_000;
/** What is kept of the grace for the last answers to leave. */
const lastWordsMs = 1_000;

/**
 * Looks whether both ports can be had and the TLS files can be used: before a database is made or migrated for
 * a server that then does not start.
 * @throws StartError as `startServer`
 */
export async function checkServer(config: Config, log: Logger): Promise<void> {
  (await openKeyPair(config, log))?.close();
  await checkPort({ host: config.host, port: config.grpcPort, flag: "--grpc-port" });
  await checkPort({ host: config.host, port: config.httpPort, flag: "--http-port" });
}

/** Opens both ports, or none. @throws StartError */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, handlers, log } = options;
  const calls = new Calls(config, log, options.observer);
  const readiness = new ReadinessCheck(options.store, config.readyTimeout);
  const tls = await openKeyPair(config, log);
  const doors = { config, calls, handlers, readiness, tls, log };
  const host = reachableHost(config.host);
  const grpc = await openGrpc(doors);
  const grpcTarget = hostPort(host, grpc.port);
  let http: Door | undefined;
  const url = (port: number): string => `${tls === undefined ? "http" : "https"}://${hostPort(host, port)}`;
  try {
    http = await openHttp({
      ...doors,
      page: () =>
        page({
          store: options.storeDescription,
          grpcTarget,
          httpUrl: url(http?.port ?? config.httpPort),
          tls: tls !== undefined,
          metrics: options.metrics !== undefined,
        }),
      metrics: options.metrics,
    });
  } catch (error) {
    tls?.close();
    await grpc.close(0);
    throw error;
  }
  readiness.poll(readinessPollMs);
  return {
    grpcPort: grpc.port,
    httpPort: http.port,
    grpcTarget,
    httpUrl: url(http.port),
    get running() {
      return calls.running;
    },
    get ready() {
      return readiness.last === "ready";
    },
    async close(graceMs) {
      const end = performance.now() + graceMs;
      const left = (): number => Math.max(0, end - performance.now());
      readiness.stop();
      tls?.close();
      for (const door of [grpc, http]) door.stopListening();
      await calls.close(Math.max(0, graceMs - Math.min(lastWordsMs, graceMs / 4)));
      await Promise.all([grpc, http].map((door) => door.close(left())));
    },
  };
}

async function openKeyPair({ tlsCert, tlsKey }: Config, log: Logger): Promise<KeyPairFiles | undefined> {
  return tlsCert === "" ? undefined : KeyPairFiles.open(tlsCert, tlsKey, log);
}

/** A name under which this machine reaches an address that stands for all of its own. */
function reachableHost(host: string): string {
  return host === "0.0.0.0" || host === "::" ? hostname() : host;
}
