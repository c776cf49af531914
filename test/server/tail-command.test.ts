/** `sessiond tail` as a user runs it. */
import { expect, test } from "vitest";
import { type Key, newEvent, newKey, useServer } from "../api/harness.ts";
import { type RunningCommand, runCommand, sessiond } from "./run-command.ts";
import { cleanup } from "./support.ts";

const subject = useServer("sqlite");

function run(command: readonly [string, ...string[]], env: Record<string, string> = {}): RunningCommand {
  const started = runCommand(command, { SESSIOND_SERVER: subject.server.httpUrl, ...env });
  cleanup(() => started.child.kill("SIGKILL"));
  return started;
}

const tail = (...args: string[]): RunningCommand => run([...sessiond, "tail", ...args]);

async function conversation(): Promise<Key> {
  const key = newKey({ appName: "shop" });
  await subject.client("grpc-js").createSession({ key: { ...key, sessionId: "" } });
  const parts = [
    { text: "first\nsecond \u001b[31mred" },
    { functionCall: { name: "search", args: { q: "shoes" } } },
    { functionResponse: { name: "search", response: { found: 2 } } },
    { inlineData: { mimeType: "image/png", data: "AAAA" } },
  ];
  const events = [
    newEvent({ author: "user", content: '{"role":"user","parts":[{"text":"hello"}]}' }),
    newEvent({ author: "agent", content: JSON.stringify({ parts }), stateDelta: { cart: "[1]" } }),
  ];
  const own = { ...key, sessionId: `s ${crypto.randomUUID()}` };
  await subject.client("grpc-js").batchAppendEvents({ key: own, events, createSession: true });
  return own;
}

const words = ({ appName, userId, sessionId }: Key): string[] => [appName, userId, sessionId];

test("prints a conversation readably, follows it, and ends well at Ctrl-C", async () => {
  const key = await conversation();
  const ran = tail(...words(key));
  await expect.poll(ran.out).toContain("cart = [1]");
  await subject
    .client("grpc-js")
    .appendEvent({ key, event: newEvent({ author: "agent", errorCode: "E", errorMessage: "broke" }) });
  await subject.client("grpc-js").updateSession({ key, displayName: "name" });
  await expect.poll(ran.out).toMatch(/changed display_name/);
  ran.child.kill("SIGINT");
  expect(await ran.code).toBe(0);
  const text = ran.out();
  expect(text).toMatch(
    /^#1 2025-\S+Z user\n {2}hello\n#2 \S+ agent\n {2}first\n {2}second \\u\{1b\}\[31mred\n/,
  );
  expect(text).toContain(
    '  → search({"q":"shoes"})\n  ← search: {"found":2}\n  [image/png, 3 bytes]\n  state: cart = [1]\n',
  );
  expect(text).toMatch(/#3 \S+ agent\n {2}hello\n {2}error E broke\n~3 \S+ changed display_name\n$/);
  expect(text).not.toContain("\u001b");
  expect(ran.err()).toBe("");
});

test("--from and --json: one line for each event and change", async () => {
  const key = await conversation();
  const ran = tail(...words(key), "--json", "--from", "2");
  await expect.poll(ran.out).toContain("\n");
  await subject.client("grpc-js").updateSession({ key, stateDelta: { a: "1" } });
  await expect.poll(ran.out).toContain("changed");
  await subject.client("grpc-js").deleteSession({ key });
  expect(await ran.code).toBe(0);
  const lines = ran
    .out()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { seq: "2", author: "agent" },
    { changed: { afterSeq: "2", stateDelta: { a: "1" } } },
  ]);
  expect(ran.err()).toBe("sessiond: the session was deleted\n");
});

test("a reader that has enough ends it", async () => {
  const key = await conversation();
  const line = [...sessiond, "tail", ...words(key)].map((word) => `'${word}'`).join(" ");
  const piped = run(["bash", "-c", `${line} | head -1; echo "\${PIPESTATUS[0]}"`]);
  await expect.poll(piped.out).toContain("#1");
  await subject.client("grpc-js").appendEvent({ key, event: newEvent() });
  expect(await piped.code).toBe(0);
  expect(piped.out().trim().split("\n").at(-1)).toBe("0");
});

test("mistakes are told, each with its exit code", async () => {
  const missing = tail("shop", "ana", "nowhere");
  expect([await missing.code, missing.out()]).toEqual([1, ""]);
  expect(missing.err()).toMatch(/^sessiond: http:\S+: No session has this key/);
  const away = tail("shop", "ana", "s", "--server", "http://127.0.0.1:1");
  expect(await away.code).toBe(1);
  expect(away.err()).toMatch(/^sessiond: http:\/\/127.0.0.1:1: no server answers there/);
  for (const args of [
    ["shop", "ana"],
    ["a", "b", "c", "d"],
    ["a", "b", "c", "--form"],
    ["a", "b", "c", "--from", "0"],
  ]) {
    const wrong = tail(...args);
    expect([await wrong.code, wrong.out()], args.join(" ")).toEqual([2, ""]);
  }
});
