/** `sessiond tail`, `watch` and `sessions` by somebody at a terminal, who ends them with Ctrl-C. */
import { beforeAll, describe, expect, test } from "vitest";
import { type Key, newEvent, newKey, startServer, useServer } from "../api/harness.ts";
import { switchboard } from "../support/switchboard.ts";
import { runInTerminal, sessiond, type TerminalCommand } from "./run-command.ts";
import { cleanup } from "./support.ts";

const ctrlC = "\u0003";
const bold = "\u001b[1m";

const subject = useServer("sqlite");
let key: Key;

function run(args: readonly string[], env: Record<string, string> = {}): TerminalCommand {
  const started = runInTerminal([...sessiond, ...args], { SESSIOND_SERVER: subject.server.httpUrl, ...env });
  cleanup(() => started.child.kill("SIGKILL"));
  return started;
}

async function conversation(): Promise<void> {
  key = newKey({ userId: "o'hara", sessionId: `it's ${crypto.randomUUID()}` });
  await subject.client("grpc-js").createSession({ key, displayName: "at a terminal" });
  await subject.client("grpc-js").appendEvent({ key, event: newEvent({ author: "agent" }) });
}

/** What each command prints first, and after another event. */
const commands = [
  {
    name: "tail",
    args: () => ["tail", key.appName, key.userId, key.sessionId],
    first: "#1",
    next: "#2",
    coloured: `${bold}agent\u001b[0m`,
  },
  {
    name: "watch",
    args: () => ["watch", key.appName],
    first: "at a terminal",
    next: "~ ",
    coloured: `${bold}`,
  },
] as const;

const [tail] = commands;

describe.each(commands)("sessiond $name", ({ args, first, next, coloured }) => {
  beforeAll(conversation);

  test("has colours, follows, and Ctrl-C ends it well", async () => {
    const ran = run(args());
    await expect.poll(ran.out).toContain(first);
    expect(ran.out()).toContain(coloured);
    await subject.client("grpc-js").appendEvent({ key, event: newEvent({ author: "agent" }) });
    await expect.poll(ran.out).toContain(next);
    ran.type(ctrlC);
    expect(await ran.code).toBe(0);
    // Nothing of what follows it in the terminal has its colours, and it says nothing of having been ended.
    expect(ran.out()).not.toMatch(/sessiond: |Error|at file:/);
    const escapes = ran.out().split("\u001b[").slice(1);
    expect(escapes.at(-1)).toMatch(/^0m/);
  });

  test("goes on when its server is back, and ends at Ctrl-C also while it is away", async () => {
    await conversation();
    let other = await startServer({ store: subject.data.url });
    const board = await switchboard(other.httpPort);
    try {
      const ran = run(args(), { SESSIOND_SERVER: board.url });
      await expect.poll(ran.out).toContain(first);
      await other.kill();
      await expect.poll(ran.out).toContain("connection lost");
      await subject.client("grpc-js").appendEvent({ key, event: newEvent({ author: "agent" }) });
      other = await startServer({ store: subject.data.url });
      board.target = other.httpPort;
      await expect.poll(ran.out).toContain(next);
      const before = ran.out().length;
      await other.kill();
      await expect.poll(() => ran.out().slice(before)).toContain("connection lost");
      ran.type(ctrlC);
      expect(await ran.code).toBe(0);
    } finally {
      await other.kill();
      await board.close();
    }
  });
});

test("there are no colours where somebody wants none", async () => {
  await conversation();
  const ran = run(tail.args(), { NO_COLOR: "1" });
  await expect.poll(ran.out).toContain(tail.first);
  ran.type(ctrlC);
  expect(await ran.code).toBe(0);
  expect(ran.out()).not.toContain("\u001b");
});

test("a mistake is told, with its exit code", async () => {
  await conversation();
  const wrong = run([...tail.args(), "--form"]);
  expect(await wrong.code).toBe(2);
  const away = run(tail.args(), { SESSIOND_SERVER: "http://127.0.0.1:1" });
  expect(await away.code).toBe(1);
  expect(away.out()).toContain("no server answers there");
});

test("sessions has colours at a terminal, and ends by itself", async () => {
  await conversation();
  for (const args of [
    ["list", key.appName],
    ["show", key.appName, key.userId, key.sessionId],
  ]) {
    const ran = run(["sessions", ...args]);
    expect(await ran.code).toBe(0);
    expect(ran.out()).toContain("at a terminal");
    expect(ran.out()).toContain(bold);
  }
});
