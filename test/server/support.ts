/** A server on free ports with handlers of the test's own, and clients for both front doors. */
import { type ClientHttp2Stream, connect as http2Connect } from "node:http2";
import { create, fromBinary, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { Client, type ClientReadableStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { afterEach } from "vitest";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/ts/google/rpc/status_pb.ts";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type Config, configWith } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import type { Handlers } from "../../src/rpc/handler.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../src/server/server.ts";

/** A log line as an object. */
export type LogLine = Record<string, unknown>;

/** What a test gets. */
export interface TestServer extends RunningServer {
  readonly log: readonly LogLine[];
  /** Resolves with the first line that matches, whether it came already or comes yet. */
  logged(matches: (line: LogLine) => boolean): Promise<LogLine>;
  /** A raw gRPC client: bytes in, bytes out. */
  grpc(options?: object): RawClient;
  /** A Connect client over HTTP/1.1. */
  connect(options?: {
    useBinaryFormat?: boolean;
    useHttpGet?: boolean;
    httpVersion?: "1.1" | "2";
  }): ConnectClient;
  /** A gRPC-Web client. */
  grpcWeb(): ConnectClient;
}

type ConnectClient = ReturnType<typeof createClient<typeof SessionService>>;

const cleanups: (() => unknown)[] = [];

/** Runs after the test, the last one first. */
export function cleanup(work: () => unknown): void {
  cleanups.push(work);
}

afterEach(async () => {
  for (const work of cleanups.splice(0).reverse()) await work();
});

/** Starts a server; methods without a handler fail as INTERNAL. It is closed after the test. */
export async function testServer(
  handlers: Partial<Handlers> = {},
  config: Partial<Config> = {},
  store: { ping(signal?: AbortSignal): Promise<void> } = { ping: async () => {} },
  watched: Pick<ServerOptions, "observer" | "metrics"> = {},
): Promise<TestServer> {
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  const log = createLog(
    { logLevel: config.logLevel ?? "debug" },
    {
      write(text: string) {
        lines.push(JSON.parse(text));
        for (const wake of waiting) wake();
      },
    },
  );
  const all = Object.fromEntries(
    SessionService.methods.map(({ localName }) => [
      localName,
      handlers[localName as keyof Handlers] ??
        (() => {
          throw new Error("this test has no such handler");
        }),
    ]),
  );
  const server = await startServer({
    config: configWith({ grpcPort: 0, httpPort: 0, ...config }),
    handlers: all as unknown as Handlers,
    store,
    storeDescription: "a <store>",
    log,
    ...watched,
  });
  cleanup(() => server.close(0));
  return {
    ...server,
    log: lines,
    async logged(matches) {
      for (;;) {
        const found = lines.find(matches);
        if (found !== undefined) return found;
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        await promise;
        waiting.delete(resolve);
      }
    },
    grpc(options) {
      const client = new RawClient(server.grpcTarget, options);
      cleanup(() => client.client.close());
      return client;
    },
    connect: (options) =>
      createClient(
        SessionService,
        createConnectTransport({ baseUrl: server.httpUrl, httpVersion: "1.1", ...options }),
      ),
    grpcWeb: () =>
      createClient(SessionService, createGrpcWebTransport({ baseUrl: server.httpUrl, httpVersion: "1.1" })),
  };
}

type Method = (typeof SessionService)["methods"][number];

/** A gRPC client that sends and receives bytes. */
export class RawClient {
  readonly client: Client;

  constructor(target: string, options: object = {}, channel = credentials.createInsecure()) {
    this.client = new Client(target, channel, options);
  }

  /** Calls a unary method with bytes. Rejects with a `Refusal`. */
  bytes(
    path: string,
    request: Uint8Array,
    options: { metadata?: Record<string, string>; deadline?: number } = {},
  ): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.client.makeUnaryRequest<Buffer, Buffer>(
      path.startsWith("/") ? path : `/${SessionService.typeName}/${path}`,
      (value) => value,
      (value) => value,
      Buffer.from(request),
      metadataOf(options.metadata),
      options.deadline === undefined ? {} : { deadline: options.deadline },
      (error, value) => (error ? reject(refusal(error)) : resolve(value as Buffer)),
    );
    return promise;
  }

  /** Calls a unary method with a message. Rejects with a `Refusal`. */
  async call<M extends Method>(
    method: M,
    request: MessageInitShape<M["input"]>,
    options: { metadata?: Record<string, string>; deadline?: number } = {},
  ): Promise<MessageShape<M["output"]>> {
    const bytes = toBinary(method.input, create(method.input, request as Record<string, unknown>));
    return fromBinary(method.output, await this.bytes(method.name, bytes, options)) as MessageShape<
      M["output"]
    >;
  }

  /** Opens StreamEvents. */
  stream(metadata?: Record<string, string>): ClientReadableStream<Buffer> {
    return this.client.makeServerStreamRequest<Buffer, Buffer>(
      `/${SessionService.typeName}/StreamEvents`,
      (value) => value,
      (value) => value,
      Buffer.alloc(0),
      metadataOf(metadata),
    );
  }
}

/** StreamEvents over bare HTTP/2, by a reader who takes nothing until it is told to. */
export function stalledStream(server: RunningServer): ClientHttp2Stream {
  const session = http2Connect(`http://${server.grpcTarget}`);
  session.on("error", () => {});
  cleanup(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": `/${SessionService.typeName}/StreamEvents`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => {});
  stream.end(Buffer.alloc(5));
  return stream;
}

/** A gRPC failure with its details. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly reason: string | undefined;
  readonly facts: Readonly<Record<string, string>>;
  readonly details: readonly string[];
  readonly trailers: Metadata;
}

/** Reads a failure of grpc-js. */
export function refusal(error: ServiceError): Refusal {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const status = bytes === undefined ? undefined : fromBinary(StatusSchema, bytes as Buffer);
  const info = status?.details
    .map((any) => anyUnpack(any, ErrorInfoSchema))
    .find((found) => found !== undefined);
  return {
    code: error.code,
    message: error.details,
    reason: info?.reason,
    facts: info?.metadata ?? {},
    details: status?.details.map((any) => any.typeUrl.replace(/^.*\./, "")) ?? [],
    trailers: error.metadata,
  };
}

function metadataOf(values: Record<string, string> = {}): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(values)) metadata.set(name, value);
  return metadata;
}

/** A promise and its settling, for steps of a test that wait for each other. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** A handler's work that ends only when its call is aborted. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
