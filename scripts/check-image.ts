/**
 * Does what the Dockerfile says without Docker: copies what it copies into empty folders, runs its commands there, and
 * starts its entry point as a user who can write to the data folder only. The image's Node is this one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { environmentOf, execForm, instructionsOf, readDockerfile, type Stage } from "./dockerfile.ts";
import { buildStage } from "./image-build.ts";
import { root } from "./lib.ts";

/** Nobody, where we are root and may become him; else we stay who we are and the folders are made read-only. */
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;
const startSeconds = 60;

const folder = mkdtempSync(join(tmpdir(), "sessiond-image-"));
chmodSync(folder, 0o755);

/** A folder with nothing but this Node, to be first on PATH. */
function nodeFolder(): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  // The file itself, since it may lie where another user cannot look.
  cpSync(process.execPath, join(bin, "node"));
  return bin;
}

/** Changes the modes of all files and folders in a tree. */
function chmodTree(path: string, change: (mode: number) => number): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  if (stat.isDirectory()) for (const name of readdirSync(path)) chmodTree(join(path, name), change);
  chmodSync(path, change(stat.mode & 0o777));
}

/** Ports that nobody listens on now. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Starts the image's command, waits until its own health check passes, makes a session and stops it. */
async function start(image: Stage, at: string, path: string): Promise<void> {
  const [grpcPort = 0, httpPort = 0] = await freePorts(2);
  const app = join(at, instructionsOf(image, "WORKDIR").at(-1)?.text ?? "/");
  const data = join(at, instructionsOf(image, "VOLUME")[0]?.text ?? "/data");
  if (nobody !== undefined) chownSync(data, nobody.uid, nobody.gid);
  else chmodTree(app, (mode) => mode & ~0o222);
  const variables = [...environmentOf(image)].map(([name, value]) => [name, value.replace("/data", data)]);
  const env = {
    ...Object.fromEntries(variables),
    PATH: path,
    SESSIOND_GRPC_PORT: String(grpcPort),
    SESSIOND_HTTP_PORT: String(httpPort),
  };
  const command = [
    ...execForm(instructionsOf(image, "ENTRYPOINT")[0]),
    ...execForm(instructionsOf(image, "CMD")[0]),
  ];
  await refusedWithoutTheFlag(command, { cwd: app, env });
  const server = launch(command, { cwd: app, env: { ...env, SESSIOND_INSECURE_NO_AUTH: "true" } });
  try {
    await healthy(image, { cwd: app, env }, server);
    await makeSession(httpPort);
    server.child.kill(instructionsOf(image, "STOPSIGNAL")[0]?.text as NodeJS.Signals);
    const code = await server.ended;
    if (code !== 0) throw new Error(`stopping it ended with ${code}:\n${server.output()}`);
    if (readdirSync(data).length === 0) throw new Error("nothing was written to the data folder");
  } finally {
    server.child.kill("SIGKILL");
  }
}

interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output(): string;
}

function launch(command: readonly string[], place: Place): Running {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { ...place, ...nobody, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { child, ended, output: () => text };
}

async function refusedWithoutTheFlag(command: readonly string[], place: Place): Promise<void> {
  const run = launch(command, place);
  const code = await run.ended;
  if (code === 0 || !run.output().includes("--insecure-no-auth")) {
    throw new Error(`without the flag it should refuse to listen, and ended with ${code}:\n${run.output()}`);
  }
}

async function healthy(image: Stage, place: Place, server: Running): Promise<void> {
  const check = execForm(instructionsOf(image, "HEALTHCHECK")[0]);
  const until = Date.now() + startSeconds * 1_000;
  for (;;) {
    const run = launch(check, place);
    if ((await run.ended) === 0) return;
    if (server.child.exitCode !== null || Date.now() > until) {
      throw new Error(`it does not become healthy: ${run.output()}\n${server.output()}`);
    }
    await delay(200);
  }
}

async function makeSession(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/sessiond.v1.SessionService/CreateSession`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ key: { appName: "image", userId: "check" } }),
  });
  if (answer.status !== 200)
    throw new Error(`CreateSession answered ${answer.status}: ${await answer.text()}`);
}

try {
  const stages = readDockerfile(readFileSync(join(root, "Dockerfile"), "utf8"));
  const path = [nodeFolder(), process.env["PATH"] ?? ""].join(delimiter);
  const built = new Map<string, string>();
  for (const [at, stage] of stages.entries()) {
    const stageFolder = join(folder, `stage-${at}`);
    buildStage(stage, stageFolder, built, path);
    built.set(stage.name ?? String(at), stageFolder);
  }
  const image = stages.at(-1);
  if (image === undefined) throw new Error("the Dockerfile has no stage");
  await start(image, join(folder, `stage-${stages.length - 1}`), path);
  console.log("ok     the image's steps give a server that starts, is healthy, stores a session and stops");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  if (nobody === undefined) chmodTree(folder, (mode) => mode | 0o200);
  rmSync(folder, { recursive: true, force: true });
}
