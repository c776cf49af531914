/**
 * Failures before an RPC begins (an unreadable or oversized message, a busy server),
 * written as each protocol wants them: connect-node has no place to give them details.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import {
  createAsyncIterable,
  encodeEnvelope,
  type UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import {
  codeFromString,
  codeToHttpStatus,
  createEndStreamSerialization,
  endStreamFlag,
  errorToJsonBytes,
} from "@connectrpc/connect/protocol-connect";
import {
  setTrailerStatus,
  trailerFlag,
  trailerParse,
  trailerSerialize,
} from "@connectrpc/connect/protocol-grpc-web";
import { RpcError } from "../../rpc/errors.ts";
import type { HttpRequest } from "./connect.ts";

/** How a request speaks. */
export type Protocol = "connect-unary" | "connect-stream" | "grpc-web";

/** The protocol of a request by its content type; undefined if it is none of ours. */
export function protocolOf(request: HttpRequest): Protocol | undefined {
  if (request.method === "GET") return "connect-unary";
  const type = request.headers["content-type"] ?? "";
  if (/^application\/connect\+(json|proto)\b/i.test(type)) return "connect-stream";
  if (/^application\/grpc-web(\+(json|proto))?\b/i.test(type)) return "grpc-web";
  if (/^application\/(json|proto)\b/i.test(type)) return "connect-unary";
  return undefined;
}

/** Whether a request's messages are JSON. */
export function isJson(request: HttpRequest): boolean {
  if (request.method === "GET") return /[?&]encoding=json\b/.test(request.url ?? "");
  return /\bjson\b/i.test(request.headers["content-type"] ?? "");
}

/** The whole answer to a call that failed before it began. */
export function failureResponse(
  protocol: Protocol | undefined,
  request: HttpRequest,
  error: ConnectError,
): UniversalServerResponse {
  const type = request.headers["content-type"] ?? "application/json";
  if (protocol === "connect-stream") {
    const data = createEndStreamSerialization(undefined).serialize({ metadata: new Headers(), error });
    return answer(200, type, encodeEnvelope(endStreamFlag, data));
  }
  if (protocol === "grpc-web") {
    const trailer = new Headers();
    setTrailerStatus(trailer, error);
    return answer(200, type, encodeEnvelope(trailerFlag, trailerSerialize(trailer)));
  }
  return answer(codeToHttpStatus(error.code), "application/json", errorToJsonBytes(error, undefined));
}

function answer(status: number, type: string, body: Uint8Array): UniversalServerResponse {
  return { status, header: new Headers({ "content-type": type }), body: createAsyncIterable([body]) };
}

/**
 * What connect-node found wrong with a message, from its answer. It calls an unreadable
 * binary message INTERNAL and an unreadable JSON message INVALID_ARGUMENT.
 */
export async function readFailure(
  protocol: Protocol,
  answer: UniversalServerResponse,
  limitBytes: number,
): Promise<unknown> {
  const { code, message } = decode(protocol, await bytesOf(answer.body));
  const cause = new ConnectError(message, code);
  switch (code) {
    case Code.ResourceExhausted:
      return new RpcError(
        "TOO_LARGE",
        `The message is larger than this server's limit: ${limitBytes} bytes.`,
        {
          facts: { limit_bytes: String(limitBytes) },
          cause,
        },
      );
    case Code.Internal:
    case Code.Unknown:
    case Code.InvalidArgument:
      return new RpcError("MALFORMED_MESSAGE", `The request cannot be read: ${message}`, { cause });
    default:
      return cause;
  }
}

function decode(protocol: Protocol, body: Buffer): { code: Code; message: string } {
  try {
    if (protocol === "grpc-web") {
      const trailer = trailerParse(body.subarray(5));
      const message = decodeURIComponent(trailer.get("grpc-message") ?? "");
      return { code: Number(trailer.get("grpc-status")), message };
    }
    const parsed = JSON.parse(body.subarray(protocol === "connect-stream" ? 5 : 0).toString());
    const { code, message } = protocol === "connect-stream" ? parsed.error : parsed;
    return { code: codeFromString(code) ?? Code.Internal, message: String(message ?? "") };
  } catch {
    return { code: Code.InvalidArgument, message: "it is not in the form that its content type names" };
  }
}

/** Reads a unary answer to its end, and gives it to be read again. */
export async function wholeAnswer(
  answer: UniversalServerResponse,
): Promise<{ readonly answer: UniversalServerResponse; readonly bytes: Buffer }> {
  const bytes = await bytesOf(answer.body);
  return { answer: { ...answer, body: createAsyncIterable([bytes]) }, bytes };
}

/** Whether a unary gRPC-Web body has no message: it begins with its trailers. */
export function endsInFailure(body: Buffer): boolean {
  return ((body[0] ?? 0) & trailerFlag) !== 0;
}

async function bytesOf(body: UniversalServerResponse["body"]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}
