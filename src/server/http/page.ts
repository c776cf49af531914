/** The page at `/about`: what runs, where, and the first call to make. */
import { createHash } from "node:crypto";
import { SessionService } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import { version } from "../../version.ts";

/** What the page tells. */
export interface PageFacts {
  readonly store: string;
  readonly grpcTarget: string;
  readonly httpUrl: string;
  readonly tls: boolean;
  /** Whether there is a page of metrics. */
  readonly metrics: boolean;
}

const style = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { opacity: .7; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { padding: .75rem 1rem; overflow-x: auto; border: 1px solid #8886; border-radius: 6px; font-size: .85rem; }
`;

/** Allows this page's own style and nothing else. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page as HTML. */
export function page({ store, grpcTarget, httpUrl, tls, metrics }: PageFacts): string {
  const list = `${httpUrl}/${SessionService.typeName}/ListApps`;
  const create = `${httpUrl}/${SessionService.typeName}/CreateSession`;
  const key = '{"key": {"appName": "demo", "userId": "me"}}';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sessiond</title>
<style>${style}</style>
</head>
<body>
<h1>sessiond</h1>
<p>Sessions, events and state of agents made with the Agent Development Kit.</p>
<dl>
<dt>Version</dt><dd>${escapeHtml(version)}</dd>
<dt>Store</dt><dd>${escapeHtml(store)}</dd>
<dt>gRPC</dt><dd><code>${escapeHtml(grpcTarget)}</code>${tls ? " (TLS)" : ""}</dd>
<dt>Connect, gRPC-Web</dt><dd><code>${escapeHtml(httpUrl)}</code></dd>
<dt>Probes</dt><dd><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a></dd>${metrics ? '\n<dt>Metrics</dt><dd><a href="/metrics">/metrics</a></dd>' : ""}
</dl>
<h2>The first call</h2>
<p>Make a session, then list the apps:</p>
<pre>curl ${escapeHtml(create)} \\
  -H 'content-type: application/json' \\
  -d '${escapeHtml(key)}'

curl '${escapeHtml(list)}?encoding=json&amp;message=%7B%7D'</pre>
<p>Over gRPC, without proto files:</p>
<pre>buf curl --protocol grpc${tls ? "" : " --http2-prior-knowledge"} \\
  ${tls ? "https" : "http"}://${escapeHtml(grpcTarget)}/${SessionService.typeName}/ListApps</pre>
<p>From a Python agent:</p>
<pre>from sessiond.adk import SessiondSessionService

session_service = SessiondSessionService("${escapeHtml(grpcTarget)}")</pre>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
}
