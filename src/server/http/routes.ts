/** What the HTTP port answers: RPCs, probes, metrics, the page. */
import type { ReadinessCheck } from "../readiness.ts";
import type { HttpRequest, HttpResponse, RpcDoor } from "./connect.ts";
import { isPreflight, type OriginCheck } from "./origins.ts";
import { pagePolicy } from "./page.ts";
import type { ViewerFiles } from "./viewer.ts";

/** What the routes lead to. */
export interface RouteOptions {
  readonly rpcs: RpcDoor;
  readonly checkOrigin: OriginCheck;
  readonly readiness: ReadinessCheck;
  /** The HTML at `/about`, and at `/` where there is no viewer. */
  readonly page: () => string;
  /** The viewer's files; undefined where it was not built. */
  readonly viewer: ViewerFiles | undefined;
  /** The metrics at `/metrics`; undefined where there are none. */
  readonly metrics: MetricsPage | undefined;
}

/** Gives the metrics as text, and the content type of its form. */
export type MetricsPage = () => Promise<{ readonly type: string; readonly text: string }>;

const securityHeaders = {
  "Content-Security-Policy":
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Cache-Control": "no-store",
};

/** Answers one request. */
export type Route = (request: HttpRequest, response: HttpResponse) => void;

/** Makes the one listener of the port, which never throws. */
export function routes(options: RouteOptions): Route {
  return (request, response) => {
    response.on("error", () => {});
    try {
      route(options, request, response);
    } catch {
      response.destroy();
    }
  };
}

function route(options: RouteOptions, request: HttpRequest, response: HttpResponse): void {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  const refused = options.checkOrigin(request, response);
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  if (refused !== undefined) answer(response, 403, `${refused}\n`);
  else if (isPreflight(request, response)) answer(response, 204, "");
  else if (!options.rpcs(request, response, path)) document(options, request, response, path);
}

function document(options: RouteOptions, request: HttpRequest, response: HttpResponse, path: string): void {
  if (options.viewer?.(request, response, path)) return;
  const get = documents[path];
  if (get === undefined) {
    answer(response, 404, "There is nothing here.\n");
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    answer(response, 405, "This is for reading.\n");
  } else {
    get(options, response);
  }
}

const documents: Readonly<Partial<Record<string, (options: RouteOptions, response: HttpResponse) => void>>> =
  {
    "/healthz": (_, response) => answer(response, 200, "ok\n"),
    "/readyz": ({ readiness }, response) => {
      readiness.check().then(
        (state) => answer(response, state === "ready" ? 200 : 503, `${texts[state]}\n`),
        () => answer(response, 503, "not ready\n"),
      );
    },
    "/metrics": ({ metrics }, response) => {
      if (metrics === undefined) return answer(response, 404, "There are no metrics here.\n");
      metrics().then(
        ({ type, text }) => answer(response, 200, text, type),
        () => answer(response, 500, "The metrics could not be read.\n"),
      );
    },
    "/": about,
    "/about": about,
  };

function about({ page }: RouteOptions, response: HttpResponse): void {
  response.setHeader("Content-Security-Policy", pagePolicy);
  answer(response, 200, page(), "text/html; charset=utf-8");
}

const texts = {
  ready: "ready",
  store: "not ready: the store does not answer",
  stopping: "not ready: shutting down",
};

function answer(
  response: HttpResponse,
  status: number,
  body: string,
  type = "text/plain; charset=utf-8",
): void {
  if (response.destroyed) return;
  response.statusCode = status;
  if (body !== "") response.setHeader("Content-Type", type);
  response.end(body);
}
