/** The product: `sessiond serve` as its users start it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../../scripts/lib.ts";

/** How long it may take to listen, in milliseconds. */
const START_LIMIT_MS = 60_000;

/** A running server. */
export interface SessiondServer {
  readonly pid: number;
  /** `127.0.0.1:PORT` for gRPC. */
  readonly target: string;
  /** The origin of its HTTP port. */
  readonly http: string;
  /** The address of its inspector, where one was asked for. */
  readonly inspector: string | undefined;
  stop(): Promise<void>;
}

let started = 0;

/** How to start it; what is left out is free to be chosen. */
export interface ServerOptions {
  /** A folder for a CPU profile, written when it stops. */
  readonly profile?: string | undefined;
  /** The port for gRPC. */
  readonly port?: number;
  /** Flags of `sessiond serve` besides. */
  readonly flags?: readonly string[];
  /** Opens Node's inspector, on loopback. */
  readonly inspect?: boolean;
}

/**
 * Starts it with its default settings unless `flags` say otherwise; its log goes to a file in `.cache/bench`.
 * @throws Error with its log if it does not start
 */
export async function startSessiond(
  store: string,
  { profile, port = 0, flags = [], inspect = false }: ServerOptions = {},
): Promise<SessiondServer> {
  const log = join(root, `.cache/bench/sessiond-${process.pid}-${++started}.log`);
  const out = openSync(log, "w");
  const profiling = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const inspecting = inspect ? ["--inspect=127.0.0.1:0"] : [];
  const inherited = Object.entries(process.env).filter(([name]) => !/^(SESSIOND_|NODE_)/.test(name));
  const child = spawn(
    process.execPath,
    [
      ...["--disable-warning=ExperimentalWarning", ...profiling, ...inspecting, join(root, "src/main.ts")],
      ...["serve", "--grpc-port", String(port), "--http-port", "0", ...flags],
    ],
    {
      cwd: root,
      // A URL may hold a password, which an argument would show to everyone.
      env: { ...Object.fromEntries(inherited), SESSIOND_STORE: store },
      stdio: ["ignore", out, out],
    },
  );
  closeSync(out);
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const closed = once(child, "close");
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const text = readFileSync(log, "utf8");
    const target = /gRPC +(127\.0\.0\.1:\d+)/.exec(text)?.[1];
    const http = /HTTP, Connect +(http:\S+)\n/.exec(text)?.[1];
    if (target !== undefined && http !== undefined) {
      return {
        pid: child.pid as number,
        target,
        http,
        inspector: /Debugger listening on (ws:\S+)/.exec(text)?.[1],
        async stop() {
          process.removeListener("exit", kill);
          child.kill("SIGTERM");
          await closed;
        },
      };
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      kill();
      throw new Error(`sessiond did not start:\n${readFileSync(log, "utf8")}`);
    }
    await sleep(50);
  }
}
