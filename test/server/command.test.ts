/** The command as a user runs it: a process of its own over a SQLite file. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { HealthCheckResponseSchema } from "../../gen/ts/health/v1/health_pb.ts";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { cleanup, RawClient } from "./support.ts";

const main = join(import.meta.dirname, "../../src/main.ts");

interface Run {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string | null>;
  /** Resolves once stdout and stderr together match. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

function sessiond(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  cleanup(() => child.kill("SIGKILL"));
  const texts = { out: "", err: "" };
  const waiting = new Set<() => void>();
  for (const [name, stream] of [
    ["out", child.stdout],
    ["err", child.stderr],
  ] as const) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<number | string | null>((resolve) => {
    child.on("close", (code, signal) => {
      resolve(code ?? signal);
      for (const look of waiting) look();
    });
  });
  return {
    child,
    out: () => texts.out,
    err: () => texts.err,
    ended,
    says(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = (): void => {
        const found = pattern.exec(texts.out + texts.err);
        if (found !== null) resolve(found);
        else if (child.exitCode !== null) reject(new Error(`exited with ${child.exitCode}: ${texts.err}`));
      };
      waiting.add(look);
      look();
      return promise.finally(() => waiting.delete(look));
    },
  };
}

function storeUrl(): string {
  const folder = mkdtempSync(join(tmpdir(), "sessiond-command-"));
  cleanup(() => rmSync(folder, { recursive: true, force: true }));
  return `sqlite:${join(folder, "new/sessiond.db")}`;
}

const freePorts = ["--grpc-port", "0", "--http-port", "0"];

async function started(run: Run): Promise<{ grpc: string; http: string }> {
  const grpc = (await run.says(/gRPC +(127\.0\.0\.1:\d+)/))[1] ?? "";
  const http = (await run.says(/(http:\/\/127\.0\.0\.1:\d+)/))[1] ?? "";
  return { grpc, http };
}

describe("serve", () => {
  test("starts from nothing, answers, and exits 0 on SIGTERM with a stream open", async () => {
    const run = sessiond(["serve", "--store", storeUrl(), ...freePorts]);
    const { grpc, http } = await started(run);
    const client = new RawClient(grpc);
    cleanup(() => client.client.close());
    const key = { appName: "a", userId: "u", sessionId: "s" };
    await client.call(SessionService.method.createSession, { key });
    expect(await (await fetch(`${http}/readyz`)).text()).toBe("ready\n");
    const watch = client.client.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      (value: Buffer) => value,
      (bytes) => fromBinary(HealthCheckResponseSchema, bytes),
      Buffer.alloc(0),
    );
    watch.on("error", () => {});
    await new Promise((resolve) => watch.once("data", resolve));
    run.child.kill("SIGTERM");
    expect(await run.ended).toBe(0);
    expect(run.err()).toContain('"msg":"stopped"');
    expect(run.out().split("\n").filter(Boolean).length).toBeLessThanOrEqual(3);
  });

  test("keeps what was stored over a restart", async () => {
    const store = storeUrl();
    const key = { appName: "a", userId: "u", sessionId: "s" };
    const first = sessiond(["serve", "--store", store, ...freePorts]);
    const before = new RawClient((await started(first)).grpc);
    cleanup(() => before.client.close());
    await before.call(SessionService.method.createSession, { key, state: { a: "1.0" } });
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(0);
    const second = sessiond(["serve", "--no-migrate", ...freePorts], { SESSIOND_STORE: store });
    const after = new RawClient((await started(second)).grpc);
    cleanup(() => after.client.close());
    const { session } = await after.call(SessionService.method.getSession, { key });
    expect(session?.state).toEqual({ a: "1.0" });
  });

  test("exits at once on a second signal", async () => {
    const run = sessiond(["serve", "--store", storeUrl(), ...freePorts, "--shutdown-grace", "5m"]);
    const { http } = await started(run);
    // A request whose body never comes keeps the shutdown waiting; the server asks for the body once it has begun.
    const { hostname, port } = new URL(http);
    const socket = connect(Number(port), hostname);
    cleanup(() => socket.destroy());
    socket.on("error", () => {});
    socket.write(
      "POST /sessiond.v1.SessionService/ListApps HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n",
    );
    const asked = await new Promise((resolve) => socket.once("data", resolve));
    expect(String(asked)).toContain("100 Continue");
    run.child.kill("SIGTERM");
    await run.says(/shutting down/);
    // One that comes within half a second counts as npm's echo of the first, so it is said again until it is heard.
    const again = setInterval(() => run.child.kill("SIGTERM"), 100);
    expect(await run.ended).toBe(1);
    clearInterval(again);
  });

  test.each([
    ["exception", 'throw new Error("SECRET fault")'],
    ["rejection", 'void Promise.reject(new Error("SECRET fault"))'],
  ])(
    "logs an uncaught %s as fatal and exits 1; callers see a lost connection and nothing else",
    async (_, fault) => {
      const script = `process.on("SIGUSR2", () => { ${fault} });`;
      const run = sessiond(["serve", "--store", storeUrl(), ...freePorts], {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}`,
      });
      const { grpc } = await started(run);
      const client = new RawClient(grpc);
      cleanup(() => client.client.close());
      await client.call(SessionService.method.listApps, {});
      run.child.kill("SIGUSR2");
      expect(await run.ended).toBe(1);
      expect(run.err()).toMatch(/"level":"fatal".*SECRET fault/);
      const lost = await client.call(SessionService.method.listApps, {}).catch((error: unknown) => error);
      expect(lost).toMatchObject({ code: 14 });
      expect(JSON.stringify(lost)).not.toContain("SECRET");
    },
  );

  test.each([
    ["bounded", {}, /memory .*"--max-semi-space-size=8"\] 2$/m],
    ["as Node's options say", { NODE_OPTIONS: "--max-semi-space-size=4" }, /memory \[\] undefined$/m],
    ["as malloc's variable says", { MALLOC_ARENA_MAX: "3" }, /memory .*"--max-semi-space-size=8"\] 3$/m],
  ])("has memory that is %s", async (_, env: Record<string, string>, pattern) => {
    const script =
      'process.on("SIGUSR2",()=>console.log("memory",JSON.stringify(process.execArgv),process.env.MALLOC_ARENA_MAX))';
    const run = sessiond(["serve", "--store", storeUrl(), ...freePorts], {
      ...env,
      NODE_OPTIONS: `${env["NODE_OPTIONS"] ?? ""} --import=data:text/javascript,${encodeURIComponent(script)}`,
    });
    await started(run);
    run.child.kill("SIGUSR2");
    await run.says(pattern);
    run.child.kill("SIGTERM");
    expect(await run.ended).toBe(0);
  });

  test.each<[string, string[], RegExp]>([
    ["an unknown flag", ["--strore", "x"], /^sessiond: unknown flag --strore \(did you mean --store\?\)/],
    ["a contradiction", ["--tls-cert", "x"], /^sessiond: --tls-cert and --tls-key belong together/],
  ])("stops on %s with exit code 2 and one line", async (_, args, message) => {
    const run = sessiond(["serve", ...args]);
    expect(await run.ended).toBe(2);
    expect(run.err()).toMatch(message);
    expect(run.err().trim().split("\n")).toHaveLength(1);
  });

  test.each<[string, string[], RegExp]>([
    ["an unknown store", ["--store", "nosuch:x"], /sqlite:PATH/],
    [
      "a missing certificate",
      ["--tls-cert", "/nowhere", "--tls-key", "/nowhere"],
      /\/nowhere cannot be used/,
    ],
  ])("stops on %s with exit code 1 and no stack", async (_, args, message) => {
    const store = args.includes("--store") ? [] : ["--store", storeUrl()];
    const run = sessiond(["serve", ...store, ...freePorts, "--log-level", "silent", ...args]);
    expect(await run.ended).toBe(1);
    expect(run.err()).toMatch(message);
    expect(run.err()).not.toMatch(/\n +at /);
  });
});

describe("the other commands", () => {
  test("migrate --dry-run prints SQL and makes nothing; migrate makes the schema, twice without harm", async () => {
    const store = storeUrl();
    const dry = sessiond(["migrate", "--dry-run", "--store", store]);
    expect(await dry.ended).toBe(0);
    expect(dry.out()).toMatch(/CREATE TABLE adk_sessions/);
    expect(existsSync(store.slice("sqlite:".length))).toBe(false);
    for (const says of [/schema version 0 to \d+/, /up to date/]) {
      const run = sessiond(["migrate", "--store", store]);
      expect(await run.ended).toBe(0);
      expect(run.out()).toMatch(says);
    }
  });

  test("version and --help answer", async () => {
    const version = sessiond(["version"]);
    expect(await version.ended).toBe(0);
    expect(version.out()).toMatch(/^sessiond \d+\.\d+\.\d+\nnode \d+/);
    expect(version.out()).toMatch(/better-sqlite3 \d/);
    for (const args of [["--help"], ["serve", "--help"], ["migrate", "-h"], ["version", "--help"]]) {
      const run = sessiond(args);
      expect(await run.ended).toBe(0);
      expect(run.out()).toContain("Usage: sessiond");
    }
    const unknown = sessiond(["srve"]);
    expect(await unknown.ended).toBe(2);
    expect(unknown.err()).toContain("did you mean serve?");
  });
});
