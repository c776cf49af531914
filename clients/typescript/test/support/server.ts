/** A real sessiond server for the tests. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The checkout whose server is tested. */
const root = process.env["SESSIOND_TEST_ROOT"] ?? "";

/** Ports that nobody listens on at the moment. */
async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const probe of probes) {
    probe.listen(0, "127.0.0.1");
    await once(probe, "listening");
    const address = probe.address();
    if (address !== null && typeof address === "object") ports.push(address.port);
  }
  for (const probe of probes) {
    probe.close();
    await once(probe, "close");
  }
  return ports;
}

/** Whether somebody listens on a port. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, "127.0.0.1", () => probe.destroy());
    probe.on("error", () => resolve(false)).on("close", () => resolve(true));
  });
}

/** Whether a server is ready for calls. */
function answers(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** One server over a SQLite file, which can be killed and started again on the same ports. */
export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), "sessiond-ts-"));
  readonly #arguments: readonly string[];
  readonly #ports: readonly number[];
  /** What the command is started by. */
  #before: readonly string[] = [];
  #process: ChildProcess | undefined;

  private constructor(ports: readonly number[], args: readonly string[]) {
    this.#ports = ports;
    this.#arguments = args;
  }

  /** Starts a server with more arguments for its command line; `configure` gives those that need its folder. */
  static async start(...args: readonly string[]): Promise<Server> {
    const server = new Server(await freePorts(2), args);
    await server.start();
    return server;
  }

  /** A server that does not run yet. */
  static async prepare(...args: readonly string[]): Promise<Server> {
    return new Server(await freePorts(2), args);
  }

  /** Starts a server that has its data alone on a disk of so many MiB, which is gone with it. Needs Linux. */
  static async onSmallDisk(mebibytes: number): Promise<Server> {
    const server = await Server.prepare();
    const mount = `mount -t tmpfs -o size=${mebibytes}m none "$0" && exec "$@"`;
    server.#before = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, server.folder];
    await server.start();
    return server;
  }

  /** Where it listens for gRPC. */
  get target(): string {
    return `127.0.0.1:${this.#ports[0]}`;
  }

  /** Where it listens for Connect. */
  get url(): string {
    return `http://127.0.0.1:${this.#ports[1]}`;
  }

  async start(): Promise<void> {
    const log = join(this.folder, "server.log");
    const out = openSync(log, "a");
    const [grpc, http] = this.#ports;
    const [command = "", ...rest] = [
      ...this.#before,
      join(root, "node_modules/.bin/node"),
      "--disable-warning=ExperimentalWarning",
      ...["src/main.ts", "serve", "--store", `sqlite:${join(this.folder, "sessiond.db")}`],
      ...["--grpc-port", `${grpc}`, "--http-port", `${http}`, "--log-level", "warn"],
      ...this.#arguments,
    ];
    const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("SESSIOND_"));
    const child = spawn(command, rest, {
      cwd: root,
      stdio: ["ignore", out, out],
      env: Object.fromEntries(environment),
    });
    closeSync(out);
    this.#process = child;
    const isReady = this.#arguments.includes("--tls-cert")
      ? () => listens(grpc ?? 0)
      : () => answers(this.url);
    const end = performance.now() + 100_000;
    while (child.exitCode === null && performance.now() < end) {
      if (await isReady()) return;
      await sleep(50);
    }
    this.kill();
    throw new Error(`the server is not ready; it printed:\n${readFileSync(log, "utf8").slice(-4000)}`);
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Asks it to end, in good order. */
  async terminate(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
