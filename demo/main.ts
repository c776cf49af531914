/**
 * `npm run demo`: a server with a few rich conversations, one of them growing, and the viewer's address. Everything
 * is in a folder that is removed at the end (Ctrl-C).
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { SessionService } from "../gen/ts/sessiond/v1/session_service_pb.ts";
import { conversations } from "./conversations.ts";
import { growing } from "./growing.ts";

const folder = mkdtempSync(join(tmpdir(), "sessiond-demo-"));
const httpPort = process.env["SESSIOND_HTTP_PORT"] ?? "8080";
const grpcPort = process.env["SESSIOND_GRPC_PORT"] ?? "50051";
const main = join(import.meta.dirname, "../src/main.ts");
const server = spawn(
  process.execPath,
  [
    ...["--disable-warning=ExperimentalWarning", main, "serve", "--log-level", "warn"],
    ...["--store", `sqlite:${join(folder, "demo.db")}`, "--http-port", httpPort, "--grpc-port", grpcPort],
  ],
  { stdio: ["ignore", "pipe", "inherit"] },
);
const stop = new AbortController();
process.on("SIGINT", () => stop.abort());
process.on("SIGTERM", () => stop.abort());
server.on("exit", (code) => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(code ?? 0);
});

const url = await new Promise<string>((resolve) => {
  createInterface(server.stdout).on("line", (line) => {
    const found = /https?:\/\/\S+/.exec(line)?.[0];
    if (found !== undefined) resolve(found);
  });
});
const client = createClient(
  SessionService,
  createConnectTransport({ baseUrl: url.replace(/\/$/, ""), httpVersion: "1.1" }),
);
for (const { session, events } of conversations()) {
  await client.createSession(session);
  if (events.length > 0) await client.batchAppendEvents({ key: session.key, events });
}
console.log(`\nThe viewer: ${url.replace(/\/$/, "")}/?app=travel-demo\nStop with Ctrl-C.\n`);

try {
  for await (const { key, event } of growing(stop.signal)) {
    await client.appendEvent({ key, event, createSession: true });
    await delay(1_500, undefined, { signal: stop.signal });
  }
} catch (error) {
  if (!stop.signal.aborted) throw error;
} finally {
  server.kill("SIGTERM");
}
