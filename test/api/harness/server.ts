/** The real server as a child process. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");

/** How long a server may take to come up on a busy machine, in milliseconds. */
const startLimit = 60_000;

/** What a finished `sessiond` left behind. */
export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running server. */
export interface Server {
  readonly pid: number;
  readonly grpcPort: number;
  readonly httpPort: number;
  /** `127.0.0.1:PORT` of the gRPC door. */
  readonly grpcAddress: string;
  /** `http://127.0.0.1:PORT` of the HTTP door. */
  readonly httpUrl: string;
  /** Everything it has printed on both streams. */
  output(): string;
  /** Its resident memory in bytes. */
  memory(): number;
  /** SIGKILL; resolves once the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves to how it ended. */
  stop(): Promise<Finished>;
}

/** How to start a server; what is left out has the harness's or the product's default. */
export interface ServeOptions {
  /** For `--store`. */
  readonly store: string;
  /** Further arguments of `serve`. */
  readonly args?: readonly string[];
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program that starts the server in its place, such as `["prlimit", "--fsize=1048576"]`. */
  readonly wrapper?: readonly string[];
}

/**
 * Starts `sessiond serve` on free ports and resolves when it listens.
 * @throws Error with all that it printed if it ends instead, or takes too long
 */
export async function startServer(options: ServeOptions): Promise<Server> {
  const args = ["serve", "--store", options.store, "--grpc-port", "0", "--http-port", "0"];
  const run = launch([...args, ...(options.args ?? [])], options);
  const timer = setTimeout(() => run.child.kill("SIGKILL"), startLimit);
  const ports = await Promise.race([portsOf(run), run.finished]);
  clearTimeout(timer);
  if (!("grpcPort" in ports)) throw new Error(`sessiond did not start:\n${run.output()}`);
  const pid = run.child.pid as number;
  return {
    ...ports,
    pid,
    grpcAddress: `127.0.0.1:${ports.grpcPort}`,
    httpUrl: `http://127.0.0.1:${ports.httpPort}`,
    output: run.output,
    memory: () => residentBytes(pid),
    async kill() {
      run.child.kill("SIGKILL");
      await run.finished;
    },
    stop() {
      run.child.kill("SIGTERM");
      return run.finished;
    },
  };
}

/** Runs `sessiond` with these arguments to its end; one that runs longer than a start may take is killed. */
export async function runToEnd(
  args: readonly string[],
  options: Omit<ServeOptions, "store" | "args"> = {},
): Promise<Finished> {
  const run = launch(args, options);
  const timer = setTimeout(() => run.child.kill("SIGKILL"), startLimit);
  const finished = await run.finished;
  clearTimeout(timer);
  return finished;
}

interface Run {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  readonly output: () => string;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

function launch(args: readonly string[], options: Omit<ServeOptions, "store" | "args">): Run {
  const command = [
    ...(options.wrapper ?? []),
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    join(root, "src/main.ts"),
    ...args,
  ] as [string, ...string[]];
  // The settings of whoever runs the tests are not the server's.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(SESSIOND_|VITEST|NODE_)/.test(name));
  const child = spawn(command[0], command.slice(1), {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const finished = once(child, "close").then(([code, signal]) => {
    running.delete(child);
    return { code, signal, stdout, stderr } as Finished;
  });
  return { child, finished, output: () => stdout + stderr };
}

/** Resolves to the ports when the server has said that it listens on both. */
function portsOf({ child, output }: Run): Promise<{ grpcPort: number; httpPort: number }> {
  return new Promise((resolve) => {
    const look = () => {
      const grpc = /gRPC\W[^\n]*?127\.0\.0\.1:(\d+)\s/i.exec(output());
      const http = /http:\/\/127\.0\.0\.1:(\d+)\s/i.exec(output());
      if (grpc && http) resolve({ grpcPort: Number(grpc[1]), httpPort: Number(http[1]) });
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
  });
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}
