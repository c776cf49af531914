/** Calls over a gRPC channel in Node, under the interface that connect-es has for transports. */
import { readFileSync } from "node:fs";
import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
} from "@grpc/grpc-js";
import { type ConnectOptions, isEncrypted } from "./options.ts";
import { serviceConfig } from "./service-config.ts";
import { toConnectError } from "./status.ts";

/** A transport that can be closed. It connects at its first call. */
export interface GrpcTransport extends Transport {
  /** Ends its calls with an error and closes its connections. */
  close(): void;
}

/**
 * Makes a transport over a gRPC channel of its own. Does no I/O yet.
 * @param keepalive for a channel that is silent for long while it is used, as with tails
 */
export function createGrpcTransport(
  target: string,
  options: ConnectOptions,
  { keepalive }: { readonly keepalive: boolean },
): GrpcTransport {
  let client: Client | undefined;
  let closed = false;
  /** Ends each call that runs. */
  const running = new Set<() => void>();
  const open = () => {
    // A code that no tail takes for a reason to connect again.
    if (closed) throw new ConnectError("the connection was closed", Code.FailedPrecondition);
    client ??= new Client(target, credentialsOf(options), {
      ...channelOptions(keepalive),
      ...options.channelOptions,
    });
    return client;
  };
  const metadataOf = async (
    header: ConstructorParameters<typeof Headers>[0],
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
  ) => {
    const metadata = new Metadata();
    new Headers(header).forEach((value, name) => {
      metadata.add(name, value);
    });
    const { metadata: own } = options;
    const given = typeof own === "function" ? await inTime(own(), signal, running, timeoutMs) : own;
    for (const [name, value] of Object.entries(given ?? {})) {
      metadata.add(name, typeof value === "string" ? value : Buffer.from(value));
    }
    return metadata;
  };

  return {
    async unary(method, signal, timeoutMs, header, input) {
      const deadline = deadlineIn(timeoutMs);
      const metadata = await metadataOf(header, signal, timeoutMs);
      const call = prepare(method, open(), deadline);
      const message = await new Promise<MessageShape<typeof method.output>>((resolve, reject) => {
        const sent = call.client.makeUnaryRequest(
          call.path,
          call.serialize,
          call.deserialize,
          create(method.input, input),
          metadata,
          call.options,
          (error, answer) => {
            stop();
            if (error !== null) reject(toConnectError(error));
            else if (answer === undefined) reject(new ConnectError("no answer came", Code.Internal));
            else resolve(answer);
          },
        );
        const stop = endWith(signal, running, () => sent.cancel());
      });
      const { parent: service } = method;
      return { stream: false, service, method, message, header: new Headers(), trailer: new Headers() };
    },

    async stream(method, signal, timeoutMs, header, input) {
      if (method.methodKind !== "server_streaming") {
        throw new ConnectError("only the server may stream", Code.Unimplemented);
      }
      const deadline = deadlineIn(timeoutMs);
      const metadata = await metadataOf(header, signal, timeoutMs);
      let request: MessageShape<typeof method.input> | undefined;
      for await (const message of input) request = create(method.input, message);
      if (request === undefined) throw new ConnectError("there is no request", Code.Internal);
      const call = prepare(method, open(), deadline);
      const sent = call.client.makeServerStreamRequest(
        call.path,
        call.serialize,
        call.deserialize,
        request,
        metadata,
        call.options,
      );
      // A status that comes after the reader has left is nobody's to handle.
      sent.on("error", () => {});
      const stop = endWith(signal, running, () => sent.cancel());
      async function* messages() {
        try {
          for await (const message of sent) yield message as MessageShape<typeof method.output>;
        } catch (error) {
          throw toConnectError(error);
        } finally {
          stop();
          // Also when the reader leaves in the middle: the server is told at once.
          sent.cancel();
        }
      }
      const { parent: service } = method;
      return {
        stream: true,
        service,
        method,
        message: messages(),
        header: new Headers(),
        trailer: new Headers(),
      };
    },

    close() {
      closed = true;
      for (const end of running) end();
      client?.close();
    },
  };
}

/** The time at which a call ends that may take so long, in ms since 1970; undefined where it may take any time. */
function deadlineIn(timeoutMs: number | undefined): number | undefined {
  return timeoutMs === undefined || timeoutMs <= 0 ? undefined : Date.now() + timeoutMs;
}

/** What grpc-js wants to know of a call. */
function prepare<I extends DescMessage, O extends DescMessage>(
  method: { readonly parent: { readonly typeName: string }; readonly name: string; input: I; output: O },
  client: Client,
  deadline: number | undefined,
) {
  const options: CallOptions = deadline === undefined ? {} : { deadline };
  return {
    client,
    options,
    path: `/${method.parent.typeName}/${method.name}`,
    serialize: (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
    deserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
  };
}

/** Lets a call be ended by its signal, and by whoever ends all that run, until the returned function is called. */
function endWith(signal: AbortSignal | undefined, running: Set<() => void>, cancel: () => void): () => void {
  running.add(cancel);
  if (signal?.aborted === true) cancel();
  else signal?.addEventListener("abort", cancel, { once: true });
  return () => {
    running.delete(cancel);
    signal?.removeEventListener("abort", cancel);
  };
}

/** What a call waits for before it can be sent, unless it is over before that. */
function inTime<T>(
  awaited: T | Promise<T>,
  signal: AbortSignal | undefined,
  running: Set<() => void>,
  timeoutMs: number | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (code: Code) =>
      reject(new ConnectError("the metadata of the call did not come in time", code));
    const stop = endWith(signal, running, () => end(Code.Canceled));
    const timer = timeoutMs ? setTimeout(() => end(Code.DeadlineExceeded), timeoutMs) : undefined;
    Promise.resolve(awaited)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        stop();
      });
  });
}

function channelOptions(keepalive: boolean): ChannelOptions {
  return {
    "grpc.service_config": JSON.stringify(serviceConfig),
    // gRPC's own limit is 4 MiB. An event may have 16, and a page of sessions with large states more.
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // gRPC waits up to two minutes before it looks again whether a server is back.
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 2_000,
    // Channels to the same address would share one TCP connection otherwise.
    "grpc.use_local_subchannel_pool": 1,
    ...(keepalive ? { "grpc.keepalive_time_ms": 60_000, "grpc.keepalive_timeout_ms": 20_000 } : {}),
  };
}

function credentialsOf(options: ConnectOptions): ChannelCredentials {
  if (!isEncrypted(options)) return credentials.createInsecure();
  if (options.credentials !== undefined) {
    return typeof options.credentials === "function" ? options.credentials() : options.credentials;
  }
  return credentials.createSsl(pem(options.caFile), pem(options.keyFile), pem(options.certFile));
}

function pem(path: string | undefined): Buffer | null {
  return path === undefined ? null : readFileSync(path);
}
