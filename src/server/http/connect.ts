/** Puts the RPCs behind connect-node: Connect (POST and GET) and gRPC-Web. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { DescMessage, DescMethod, Message } from "@bufbuild/protobuf";
import {
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type MethodImpl,
} from "@connectrpc/connect";
import type {
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import { compressionGzip, universalRequestFromNodeRequest } from "@connectrpc/connect-node";
import { SessionService } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import { answerMessage } from "../../rpc/encoded-message.ts";
import { RpcError } from "../../rpc/errors.ts";
import type { Handlers, StreamHandler, UnaryHandler } from "../../rpc/handler.ts";
import type { Status } from "../../rpc/status.ts";
import type { Call, Calls } from "../calls.ts";
import { endsInFailure, failureResponse, isJson, protocolOf, readFailure, wholeAnswer } from "./failures.ts";
import { writeResponse } from "./write.ts";

/** A request and a response as Node's HTTP/1.1 server or its HTTP/2 server has them. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** A call and whether its RPC began: until then failures are connect's own. */
interface Running {
  readonly call: Call;
  begun: boolean;
}

const runningKey = createContextKey<Running | undefined>(undefined);
const minCompressed = 16 * 1024;

/** The most that connect takes for a limit. */
const unlimited = 0xffff_ffff;

/** At most so many bytes of JSON stand for one of protobuf: a control character in a text becomes `\u0001`. */
const jsonGrowth = 6;

/** The handlers of requests in one format. */
interface Format {
  readonly byPath: ReadonlyMap<string, UniversalHandler>;
  /** The largest answer of a unary call, in bytes. */
  readonly maxAnswerBytes: number;
}

/** Answers a request if its path is that of an RPC, and says whether it is. */
export type RpcDoor = (request: HttpRequest, response: HttpResponse, path: string) => boolean;

/** Makes the door. */
export function connectDoor(calls: Calls, handlers: Handlers): RpcDoor {
  const { maxMessageBytes } = calls.config;
  const binary = formatOf(handlers, maxMessageBytes, maxMessageBytes);
  // What was stored over any door can be read in JSON too, however much longer it is there.
  const json = formatOf(handlers, maxMessageBytes, Math.min(jsonGrowth * maxMessageBytes, unlimited));
  return (request, response, path) => {
    const { byPath, maxAnswerBytes } = isJson(request) ? json : binary;
    const handler = byPath.get(path);
    if (handler === undefined) return false;
    serve(calls, handler, maxAnswerBytes, request, response).catch((cause) => {
      calls.log.error({ cause }, "a response could not be written");
      response.destroy();
    });
    return true;
  };
}

function formatOf(handlers: Handlers, maxMessageBytes: number, maxAnswerBytes: number): Format {
  const router = createConnectRouter({
    grpc: false,
    connect: true,
    grpcWeb: true,
    readMaxBytes: maxMessageBytes,
    writeMaxBytes: maxAnswerBytes,
    acceptCompression: [compressionGzip],
    compressMinBytes: minCompressed,
    // connect's options pass this decoder on, though its types do not say so: by default a byte
    // that is not UTF-8 would silently become U+FFFD.
    jsonOptions: {
      ignoreUnknownFields: false,
      textDecoder: new TextDecoder("utf-8", { fatal: true }),
    } as object,
    binaryOptions: { readUnknownFields: false },
  });
  addMethods(router, handlers);
  return {
    byPath: new Map(router.handlers.map((handler) => [handler.requestPath, handler])),
    maxAnswerBytes,
  };
}

function addMethods(router: ConnectRouter, handlers: Handlers): void {
  for (const method of SessionService.methods) {
    const handler = handlers[method.localName as keyof Handlers];
    const streaming = method.methodKind === "server_streaming";
    const implementation = streaming
      ? stream(method.output, handler as StreamHandler<DescMethod>)
      : unary(method.output, handler as UnaryHandler<DescMethod>);
    // A frame is as large as its one event, which may be older than the limit.
    const options = streaming ? { writeMaxBytes: unlimited } : {};
    router.rpc(method as DescMethod, implementation as MethodImpl<DescMethod>, options);
  }
}

function unary(output: DescMessage, handler: UnaryHandler<DescMethod>) {
  return async (request: Message, { values }: HandlerContext) => {
    const call = begun(values.get(runningKey), request);
    try {
      return answerMessage(output, await call.race(call.run(() => handler(request, call.context))));
    } catch (error) {
      throw connectError(call.fail(error));
    }
  };
}

function stream(output: DescMessage, handler: StreamHandler<DescMethod>) {
  return async function* (request: Message, { values }: HandlerContext) {
    const call = begun(values.get(runningKey), request);
    const messages = call.run(() => handler(request, call.context))[Symbol.asyncIterator]();
    // At once, also while the response waits for its reader and nobody asks for the next message.
    const free = (): void => void Promise.resolve(messages.return?.()).catch(() => {});
    call.signal.addEventListener("abort", free, { once: true });
    try {
      for (;;) {
        const next = await call.race(call.run(() => messages.next()));
        if (next.done === true) return;
        yield answerMessage(output, next.value);
      }
    } catch (error) {
      throw connectError(call.fail(error));
    } finally {
      call.signal.removeEventListener("abort", free);
      free();
    }
  };
}

function begun(running: Running | undefined, request: Message): Call {
  if (running === undefined) throw new Error("a call came in without its context");
  running.begun = true;
  running.call.received(request);
  return running.call;
}

async function serve(
  calls: Calls,
  handler: UniversalHandler,
  maxAnswerBytes: number,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const protocol = protocolOf(request);
  const running: Running = {
    call: begin(calls, handler.method, request, protocol === "grpc-web"),
    begun: false,
  };
  const { call } = running;
  let answer: UniversalServerResponse;
  try {
    call.admit();
    const values = createContextValues().set(runningKey, running);
    const wire = universalRequestFromNodeRequest(request, response, undefined, values);
    wire.signal.addEventListener("abort", () => call.cancel(), { once: true });
    answer = await handler({ ...wire, body: received(call, wire.body) });
    // What it refuses before the RPC begins, and an answer that it cannot write, are connect's own failures.
    if (!running.begun || (answer.status !== 200 && !call.over)) {
      const limit = running.begun ? maxAnswerBytes : calls.config.maxMessageBytes;
      answer = await refusal(call, protocol, request, answer, limit);
    } else if (protocol === "grpc-web" && !call.streaming && !call.over) {
      // Its status is always 200: only the whole body tells whether the answer could be written.
      const whole = await wholeAnswer(answer);
      answer = endsInFailure(whole.bytes)
        ? await refusal(call, protocol, request, whole.answer, maxAnswerBytes)
        : whole.answer;
    }
  } catch (error) {
    answer = failureResponse(protocol, request, connectError(call.fail(error)));
  }
  await writeResponse(answer, response, call, calls.config.stallTimeout);
  if (call.over) return;
  // What could not be written any more: its reader stalled or went away.
  if (call.signal.aborted) call.fail(call.signal.reason);
  else call.succeed();
}

/** Replaces what connect answers to a message that it cannot read by an answer with our reason and details. */
async function refusal(
  call: Call,
  protocol: ReturnType<typeof protocolOf>,
  request: HttpRequest,
  answer: UniversalServerResponse,
  limit: number,
): Promise<UniversalServerResponse> {
  if (protocol === undefined || answer.status === 405 || answer.status === 415) {
    call.fail(new RpcError("UNIMPLEMENTED", "The HTTP method or content type is none of this RPC's."));
    return answer;
  }
  const error = call.signal.aborted ? call.signal.reason : await readFailure(protocol, answer, limit);
  return failureResponse(protocol, request, connectError(call.fail(error)));
}

function begin(calls: Calls, method: DescMethod, request: HttpRequest, web: boolean): Call {
  return calls.begin({
    method,
    caller: {
      protocol: web ? "grpc-web" : "connect",
      peer: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
      userAgent: request.headers["user-agent"] ?? "",
    },
    requestId: header(request, "x-request-id"),
    timeoutMs: takeTimeout(request, web),
    traceParent: header(request, "traceparent"),
    traceState: header(request, "tracestate"),
  });
}

const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** Takes the timeout away from connect, whose timer fires at once for one over 24 days. */
function takeTimeout(request: HttpRequest, web: boolean): number | undefined {
  const name = web ? "grpc-timeout" : "connect-timeout-ms";
  const given = header(request, name);
  if (given === undefined) return undefined;
  delete request.headers[name];
  const [, digits, unit = ""] = (web ? /^(\d{1,8})([HMSmun])$/ : /^(\d{1,10})()$/).exec(given) ?? [];
  return Number(digits) * (web ? (units[unit] ?? Number.NaN) : 1);
}

function header(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

/** A status as connect takes it from an implementation. */
function connectError(status: Status): ConnectError {
  const error = new ConnectError(status.message.toWellFormed(), status.code);
  error.details = status.details.map(({ desc, value }) => ({ desc, value }));
  return error;
}

/** The request's body: its bytes are counted, and it ends when the call does. */
async function* received(call: Call, body: UniversalServerRequest["body"]): AsyncIterable<Uint8Array> {
  if (!isByteStream(body)) return;
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await call.race(chunks.next());
      if (next.done === true) return;
      call.requestBytes += next.value.byteLength;
      yield next.value;
    }
  } finally {
    void Promise.resolve(chunks.return?.()).catch(() => {});
  }
}

function isByteStream(body: UniversalServerRequest["body"]): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
