/** Puts the RPCs behind grpc-js: bytes in, bytes out, typed by the generated descriptor. */
import {
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type Message,
} from "@bufbuild/protobuf";
import type {
  Metadata,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { SessionService } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type Answer, answerBytes } from "../../rpc/encoded-message.ts";
import { RpcError } from "../../rpc/errors.ts";
import type { Handlers, StreamHandler, UnaryHandler } from "../../rpc/handler.ts";
import { ByteWindow } from "../byte-window.ts";
import type { Call, Calls } from "../calls.ts";
import { timeoutHeader } from "./http2.ts";
import { headerMetadata, statusError } from "./status.ts";

type Unary = ServerUnaryCall<Buffer, Buffer>;
type Stream = ServerWritableStream<Buffer, Buffer>;

/**
 * The service as grpc-js takes it. No listener here may throw, which would end the process.
 * grpc-js emits `cancelled` also after the end of every call. Messages pass through
 * it as bytes: decoding is ours, so that its errors are.
 */
export function sessionService(
  calls: Calls,
  handlers: Handlers,
): { readonly definition: ServiceDefinition; readonly implementation: UntypedServiceImplementation } {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const method of SessionService.methods) {
    definition[method.name] = {
      path: `/${SessionService.typeName}/${method.name}`,
      requestStream: false,
      responseStream: method.methodKind === "server_streaming",
      requestSerialize: asBuffer,
      requestDeserialize: asBuffer,
      responseSerialize: asBuffer,
      responseDeserialize: asBuffer,
    };
    const handler = handlers[method.localName as keyof Handlers];
    implementation[method.name] =
      method.methodKind === "server_streaming"
        ? serverStream(calls, method as DescMethodServerStreaming, handler as StreamHandler<DescMethod>)
        : unary(calls, method as DescMethodUnary, handler as UnaryHandler<DescMethod>);
  }
  return { definition, implementation };
}

function unary(calls: Calls, method: DescMethodUnary, handler: UnaryHandler<DescMethod>) {
  return (wire: Unary, callback: sendUnaryData<Buffer>): void => {
    const call = begin(calls, method, wire);
    wire.on("cancelled", () => call.cancel());
    answer(calls, call, method, handler, wire)
      .then((bytes) => {
        wire.sendMetadata(headerMetadata(call.headers));
        callback(null, bytes);
      })
      .catch((error) => callback(statusError(call.fail(error), call.headers)));
  };
}

async function answer(
  calls: Calls,
  call: Call,
  method: DescMethodUnary,
  handler: UnaryHandler<DescMethod>,
  wire: Unary,
): Promise<Buffer> {
  call.admit();
  const request = decode(method, wire.request, call);
  const response = await call.race(call.run(() => handler(request, call.context)));
  const bytes = encode(method, response);
  const { maxMessageBytes } = calls.config;
  if (bytes.byteLength > maxMessageBytes) {
    throw new RpcError(
      "TOO_LARGE",
      `The answer is larger than this server's limit: ${maxMessageBytes} bytes.`,
      {
        facts: { limit_bytes: String(maxMessageBytes) },
      },
    );
  }
  call.sent(bytes.byteLength);
  call.succeed();
  return bytes;
}

function serverStream(calls: Calls, method: DescMethodServerStreaming, handler: StreamHandler<DescMethod>) {
  return (wire: Stream): void => {
    const call = begin(calls, method, wire);
    wire.on("cancelled", () => call.cancel());
    send(calls, call, method, handler, wire)
      .then(() => {
        call.succeed();
        wire.end();
      })
      .catch((error) => {
        const status = statusError(call.fail(error), call.headers);
        if (!wire.destroyed && !wire.writableEnded) wire.emit("error", status);
      });
  };
}

/**
 * Sends what the handler yields. It is asked for the next message only while less than
 * `streamBytesInFlight` wait for the reader: grpc-js's own `write` counts messages.
 */
async function send(
  calls: Calls,
  call: Call,
  method: DescMethodServerStreaming,
  handler: StreamHandler<DescMethod>,
  wire: Stream,
): Promise<void> {
  call.admit();
  const request = decode(method, wire.request, call);
  const { streamBytesInFlight, stallTimeout } = calls.config;
  const window = new ByteWindow(streamBytesInFlight);
  const messages = call.run(() => handler(request, call.context))[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      if (!window.open) await roomFor(call, window, stallTimeout);
      const next = await call.race(call.run(() => messages.next()));
      if (next.done === true) {
        finished = true;
        return;
      }
      const bytes = encode(method, next.value);
      if (call.responseBytes === 0) wire.sendMetadata(headerMetadata(call.headers));
      call.sent(bytes.byteLength);
      window.add(bytes.byteLength);
      wire.write(bytes, () => window.remove(bytes.byteLength));
    }
  } finally {
    // Frees what the handler holds at once, also when it waits or the reader does not read.
    if (!finished) void Promise.resolve(messages.return?.()).catch(() => {});
  }
}

async function roomFor(call: Call, window: ByteWindow, stallTimeout: number): Promise<void> {
  const stalled = setTimeout(() => {
    call.abort(new RpcError("SLOW_READER", "Nothing was read for too long. Resume from the last cursor."));
  }, stallTimeout);
  try {
    await call.race(window.opened());
  } finally {
    clearTimeout(stalled);
  }
}

function begin(calls: Calls, method: DescMethod, wire: Unary | Stream): Call {
  const { metadata } = wire;
  const timeout = first(metadata, timeoutHeader);
  return calls.begin({
    method,
    caller: { protocol: "grpc", peer: wire.getPeer(), userAgent: first(metadata, "user-agent") ?? "" },
    requestId: first(metadata, "x-request-id"),
    timeoutMs: timeout === undefined ? undefined : Number(timeout),
    traceParent: first(metadata, "traceparent"),
    traceState: first(metadata, "tracestate"),
  });
}

function decode(method: DescMethod, bytes: Buffer, call: Call): Message {
  let request: Message;
  try {
    request = fromBinary(method.input, bytes, { readUnknownFields: false });
  } catch (cause) {
    const message = `The request is not a valid ${method.input.typeName}: ${(cause as Error).message}`;
    throw new RpcError("MALFORMED_MESSAGE", message, { cause });
  }
  call.received(request);
  call.requestBytes = bytes.byteLength;
  return request;
}

function encode(method: DescMethod, answer: Answer<DescMessage>): Buffer {
  return asBuffer(answerBytes(method.output, answer));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function first(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === "string" ? value : undefined;
}
