/** Which web pages may call: exact origins for CORS, known host names on loopback. */
import { cors } from "@connectrpc/connect";
import { type Config, isLoopback } from "../../config.ts";
import type { HttpRequest, HttpResponse } from "./connect.ts";

const allowedMethods = cors.allowedMethods.join(", ");
const allowedHeaders = [...cors.allowedHeaders, "X-Request-Id", "Traceparent", "Tracestate"].join(", ");
const exposedHeaders = [...cors.exposedHeaders, "X-Request-Id"].join(", ");
const preflightSeconds = 7200;

/** Why a request is refused, or undefined if it is not. */
export type OriginCheck = (request: HttpRequest, response: HttpResponse) => string | undefined;

/**
 * Checks a request's Host and Origin and sets the CORS headers of its response.
 * On loopback a page from elsewhere could have its own name point here (DNS rebinding) and
 * then be of one origin with this server: such names are refused. A page of another
 * origin is refused even where its browser would only keep the answer from it.
 */
export function originCheck(config: Pick<Config, "host" | "allowHost" | "allowOrigin">): OriginCheck {
  const hosts = isLoopback(config.host)
    ? new Set(config.allowHost.map((name) => name.toLowerCase()))
    : undefined;
  const origins = new Set(config.allowOrigin);
  return (request, response) => {
    const host = authorityOf(request);
    const name = hostName(host);
    if (hosts !== undefined && !isLoopback(name) && !hosts.has(name)) {
      return "This server listens on loopback and is not called by that name; see --allow-host.";
    }
    response.setHeader("Vary", "Origin");
    const { origin } = request.headers;
    if (origin === undefined) return undefined;
    if (origins.has(origin)) {
      response.setHeader("Access-Control-Allow-Origin", origin);
      response.setHeader("Access-Control-Expose-Headers", exposedHeaders);
      return undefined;
    }
    const scheme = "encrypted" in request.socket && request.socket.encrypted ? "https" : "http";
    if (origin === `${scheme}://${host}`) return undefined;
    return "Pages of this origin may not call this server; see --allow-origin.";
  };
}

/** Whether a request asks what a page may do; its response's headers are then set. */
export function isPreflight(request: HttpRequest, response: HttpResponse): boolean {
  const asks = request.headers["access-control-request-method"] !== undefined;
  if (request.method !== "OPTIONS" || !asks || request.headers.origin === undefined) return false;
  response.setHeader("Access-Control-Allow-Methods", allowedMethods);
  response.setHeader("Access-Control-Allow-Headers", allowedHeaders);
  response.setHeader("Access-Control-Max-Age", preflightSeconds);
  return true;
}

function authorityOf(request: HttpRequest): string {
  return ("authority" in request ? request.authority : undefined) || request.headers.host || "";
}

/** The name in `name:port`, in lower case, without the brackets of IPv6. */
function hostName(authority: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(authority);
  const [, name = ""] = bracketed ?? /^([^:]*)(?::\d*)?$/.exec(authority) ?? [];
  return name.toLowerCase();
}
