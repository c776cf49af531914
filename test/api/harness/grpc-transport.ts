/** @grpc/grpc-js as a client transport: what a Node agent has on its side. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import {
  type CallOptions,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import { type ClosableTransport, firstOf, type HeadersInit, pathOf } from "./transport.ts";
import { errorFromGrpc } from "./wire-error.ts";

const noLimit = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** A transport over one channel to `address`, without retries. */
export function grpcTransport(address: string): ClosableTransport {
  const client = new Client(address, credentials.createInsecure(), { ...noLimit, "grpc.enable_retries": 0 });
  const unary: Transport["unary"] = (method, signal, timeoutMs, header, input) => {
    return new Promise((resolve, reject) => {
      const call = client.makeUnaryRequest(
        pathOf(method),
        (message: Uint8Array) => Buffer.from(message),
        (bytes) => fromBinary(method.output, new Uint8Array(bytes)),
        toBinary(method.input, create(method.input, input)),
        toMetadata(header),
        callOptions(timeoutMs),
        (error, message) => {
          if (error) return reject(errorFromGrpc(error));
          resolve({
            stream: false,
            service: method.parent,
            method,
            header: new Headers(),
            message: message as never,
            trailer: new Headers(),
          });
        },
      );
      cancelOn(signal, call);
    });
  };
  const stream: Transport["stream"] = async (method, signal, timeoutMs, header, input) => {
    const request = await firstOf(input);
    const call = client.makeServerStreamRequest(
      pathOf(method),
      (message: Uint8Array) => Buffer.from(message),
      (bytes) => fromBinary(method.output, new Uint8Array(bytes)),
      toBinary(method.input, create(method.input, request)),
      toMetadata(header),
      callOptions(timeoutMs),
    );
    cancelOn(signal, call);
    return {
      stream: true,
      service: method.parent,
      method,
      header: new Headers(),
      trailer: new Headers(),
      message: messagesOf(call) as AsyncIterable<never>,
    };
  };
  return { unary, stream, close: async () => client.close() };
}

async function* messagesOf<T>(call: ClientReadableStream<T>): AsyncIterable<T> {
  try {
    yield* call as AsyncIterable<T>;
  } catch (error) {
    throw errorFromGrpc(error as ServiceError);
  } finally {
    call.cancel();
  }
}

function callOptions(timeoutMs: number | undefined): CallOptions {
  // As connect's own transports: 0 is no deadline.
  return timeoutMs === undefined || timeoutMs <= 0 ? {} : { deadline: Date.now() + timeoutMs };
}

function cancelOn(signal: AbortSignal | undefined, call: { cancel(): void }): void {
  if (signal?.aborted) call.cancel();
  else signal?.addEventListener("abort", () => call.cancel(), { once: true });
}

function toMetadata(header: HeadersInit | undefined): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of new Headers(header)) metadata.set(name, value);
  return metadata;
}
