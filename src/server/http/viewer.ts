/** The viewer's files, as `npm run build:viewer` leaves them, held in memory. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { HttpRequest, HttpResponse } from "./connect.ts";

/** Answers a path that is one of the viewer's files; false where it is none. */
export type ViewerFiles = (request: HttpRequest, response: HttpResponse, path: string) => boolean;

/**
 * Nothing but this page's own files runs or loads. Pictures and sounds come out of events as blobs; no text of an
 * event can name a file elsewhere that would load.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "media-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const types: Readonly<Partial<Record<string, string>>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

interface File {
  readonly type: string;
  readonly body: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
  readonly caching: string;
}

/** Where the build puts the viewer: beside the built server, in a checkout below dist/. */
const folder = fileURLToPath(
  new URL(import.meta.url.includes("/dist/") ? "../../../viewer" : "../../../dist/viewer", import.meta.url),
);

/** The viewer's files, or undefined where it was not built. */
export function viewerFiles(from = folder): ViewerFiles | undefined {
  if (!existsSync(join(from, "index.html"))) return undefined;
  const files = new Map<string, File>();
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const name = `/${relative(from, path).split(sep).join("/")}`;
    files.set(name === "/index.html" ? "/" : name, toFile(readFileSync(path), type, name));
  }
  return (request, response, path) => {
    const file = files.get(path);
    if (file === undefined) return false;
    answer(file, request, response);
    return true;
  };
}

function toFile(body: Buffer, type: string, name: string): File {
  return {
    type,
    body,
    gzip: gzipSync(body),
    etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    // The names of assets have a hash of their content in them.
    caching: name.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
  };
}

function answer(file: File, request: HttpRequest, response: HttpResponse): void {
  response.setHeader("Content-Security-Policy", policy);
  response.setHeader("Cache-Control", file.caching);
  response.setHeader("ETag", file.etag);
  response.appendHeader("Vary", "Accept-Encoding");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    response.statusCode = 405;
    response.end();
  } else if (request.headers["if-none-match"] === file.etag) {
    response.statusCode = 304;
    response.end();
  } else {
    const zipped = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
    if (zipped) response.setHeader("Content-Encoding", "gzip");
    const body = zipped ? file.gzip : file.body;
    response.setHeader("Content-Type", file.type);
    response.setHeader("Content-Length", body.byteLength);
    if (request.method === "HEAD") response.end();
    else response.end(body);
  }
}
