/**
 * What grpc-js has no option for, done on the HTTP/2 server inside it. It is the only
 * place that reaches into grpc-js's private parts; tests hold each effect, so that an
 * upgrade that moves them is noticed.
 */
import type {
  Http2Server,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Stream,
  ServerOptions,
} from "node:http2";
import { Code } from "@connectrpc/connect";
import type { Server } from "@grpc/grpc-js";
import type { Config } from "../../config.ts";
import { RpcError } from "../../rpc/errors.ts";
import { toStatus } from "../../rpc/status.ts";
import { statusMessage } from "../../rpc/status-bytes.ts";
import { http2Options, windowBytes } from "../http2-options.ts";
import { statusTrailers } from "./status.ts";

/** Carries a call's timeout in milliseconds from the headers to the handler, `NaN` if it is malformed. */
export const timeoutHeader = "sessiond-timeout-ms";

/** Sets what connections may ask for. To be called before the first port is opened. */
export function limitConnections(server: Server, config: Config): void {
  const inside = server as unknown as { commonServerOptions: ServerOptions };
  inside.commonServerOptions = { ...inside.commonServerOptions, ...http2Options(config) };
}

/** Attaches to every HTTP/2 server of `server`. To be called once its ports are open. */
export function watchStreams(server: Server): void {
  const inside = server as unknown as { http2Servers: Map<Http2Server, unknown> };
  for (const http2 of inside.http2Servers.keys()) {
    http2.on("session", (session) => session.setLocalWindowSize(4 * windowBytes));
    http2.prependListener("stream", (stream, headers) => {
      takeTimeout(headers);
      explainStatuses(stream, headers);
    });
  }
}

const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * Takes the timeout away from grpc-js, which turns one over 24 days into one that has
 * passed, and answers a passed one without details.
 */
function takeTimeout(headers: IncomingHttpHeaders): void {
  delete headers[timeoutHeader];
  const given = headers["grpc-timeout"];
  if (given === undefined) return;
  delete headers["grpc-timeout"];
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(String(given)) ?? [];
  headers[timeoutHeader] = String(Number(digits) * (units[unit] ?? Number.NaN));
}

/** Adds our details to the statuses that grpc-js makes itself: an oversized message, an unknown method. */
function explainStatuses(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const path = String(headers[":path"]);
  const respond = stream.respond.bind(stream);
  const sendTrailers = stream.sendTrailers.bind(stream);
  stream.respond = (response, options) => respond(explained(response as OutgoingHttpHeaders, path), options);
  stream.sendTrailers = (trailers) => sendTrailers(explained(trailers, path));
}

function explained<H extends OutgoingHttpHeaders | undefined>(headers: H, path: string): H {
  const code = Number(headers?.["grpc-status"] ?? 0);
  if (code === 0 || headers?.["grpc-status-details-bin"] !== undefined) return headers;
  const given = String(headers?.["grpc-message"] ?? "");
  const error = errorOf(code, given, path);
  if (error === undefined) return headers;
  const status = toStatus(error, "");
  return {
    ...headers,
    "grpc-status": status.code,
    "grpc-message": encodeURI(statusMessage(status)).replaceAll("%20", " "),
    ...Object.fromEntries(
      statusTrailers(status).map(([name, value]) => [
        name,
        typeof value === "string" ? value : value.toString("base64"),
      ]),
    ),
  };
}

/** The failures that grpc-js reports of messages and methods; other services' own statuses stay as they are. */
function errorOf(code: number, given: string, path: string): RpcError | undefined {
  const message = decoded(given);
  const [, limit] = /larger than (?:max \(\d+ vs )?(\d+)/.exec(message) ?? [];
  if (code === Code.ResourceExhausted && limit !== undefined) {
    return new RpcError("TOO_LARGE", `The message is larger than this server's limit: ${limit} bytes.`, {
      facts: { limit_bytes: limit },
    });
  }
  if (code === Code.Unimplemented && message.startsWith("The server does not implement the method")) {
    return new RpcError("UNIMPLEMENTED", `This server does not have the method ${path.slice(0, 200)}.`);
  }
  if (code === Code.Unimplemented) return new RpcError("UNIMPLEMENTED", message);
  if (code === Code.Internal && /decompress/.test(message)) {
    return new RpcError("MALFORMED_MESSAGE", "The message cannot be decompressed.");
  }
  return undefined;
}

function decoded(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}
