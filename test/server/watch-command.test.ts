/** `sessiond watch` and `sessiond sessions` as a user runs them. */
import { expect, test } from "vitest";
import { sessions } from "../../src/cli/sessions.ts";
import { watch } from "../../src/cli/watch.ts";
import { UsageError } from "../../src/config/usage.ts";
import { newEvent, newKey, useServer } from "../api/harness.ts";
import { type RunningCommand, runCommand, sessiond } from "./run-command.ts";
import { cleanup } from "./support.ts";

const subject = useServer("sqlite");

/** Starts `sessiond` with these arguments. */
function run(...args: string[]): RunningCommand {
  const started = runCommand([...sessiond, ...args], { SESSIOND_SERVER: subject.server.httpUrl });
  cleanup(() => started.child.kill("SIGKILL"));
  return started;
}

async function ended(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const ran = run(...args);
  return { code: await ran.code, out: ran.out(), err: ran.err() };
}

test("watch: the newest sessions, then what happens, and a good end at Ctrl-C", async () => {
  const { appName } = newKey();
  const key = (sessionId: string, userId = "ana") => ({ appName, userId, sessionId });
  await subject
    .client("grpc-js")
    .createSession({ key: key("a"), displayName: "first \u001b[31m", labels: { l: "1" } });
  await subject.client("grpc-js").createSession({ key: key("b c"), ownerId: "acme" });
  const ran = run("watch", appName);
  await expect.poll(ran.out).toContain("ana / a");
  expect(ran.out()).toMatch(
    /^ {2}\S+Z {2}ana \/ "b c" {2}0 events {2}owner acme\n {2}\S+Z {2}ana \/ a {2}"first \\u001b\[31m" {2}0 events {2}l=1\n/,
  );
  await subject.client("grpc-js").createSession({ key: key("d", "ben") });
  await expect.poll(ran.out).toMatch(/^\+ \S+ {2}ben \/ d {2}0 events$/m);
  await subject.client("grpc-js").appendEvent({ key: key("a"), event: newEvent() });
  await expect.poll(ran.out).toMatch(/^~ \S+ {2}ana \/ a .* 1 event {2}l=1$/m);
  await subject.client("grpc-js").deleteSession({ key: key("b c") });
  await expect.poll(ran.out).toMatch(/^- ana \/ "b c"$/m);
  ran.child.kill("SIGINT");
  expect(await ran.code).toBe(0);
  expect(ran.out()).not.toContain("\u001b");
  expect(ran.err()).toBe("");
});

test("watch --user --listed --json: one line for each", async () => {
  const { appName } = newKey();
  const key = (sessionId: string, userId = "ana") => ({ appName, userId, sessionId });
  for (const id of ["a", "b", "c"]) await subject.client("grpc-js").createSession({ key: key(id) });
  const ran = run("watch", appName, "--json", "--user", "ana", "--listed", "1");
  await expect.poll(ran.out).toContain("\n");
  await subject.client("grpc-js").createSession({ key: key("x", "ben") });
  await subject.client("grpc-js").deleteSession({ key: key("a") });
  await expect.poll(ran.out).toContain("deleted");
  ran.child.kill("SIGTERM");
  expect(await ran.code).toBe(0);
  const lines = ran
    .out()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([{ listed: { key: key("c") } }, { deleted: { key: key("a") } }]);
});

test("sessions: lists, shows, deletes", async () => {
  const key = newKey();
  const { appName, userId, sessionId } = key;
  await subject
    .client("grpc-js")
    .createSession({ key, displayName: "title", state: { a: '{"b":1}', "user:c": "2" } });
  await subject.client("grpc-js").createSession({ key: { ...key, userId: "ben" } });
  const [listed, mine, shown, json] = await Promise.all([
    ended("sessions", "list", appName),
    ended("sessions", "list", appName, "--user", userId, "--json", "--limit", "1"),
    ended("sessions", "show", appName, userId, sessionId),
    ended("sessions", "show", appName, userId, sessionId, "--json"),
  ]);
  expect(listed).toMatchObject({ code: 0, err: "" });
  expect(listed.out).toMatch(/^\S+ {2}ben \/ s1 {2}0 events\n\S+ {2}ana \/ s1 {2}"title" {2}0 events\n$/);
  expect(JSON.parse(mine.out)).toMatchObject({ key, displayName: "title" });
  expect(shown.out).toMatch(
    / {2}uid \S+, revision 1\n[\s\S]* {2}state: a = \{"b":1\}\n {2}state: user:c = 2\n$/,
  );
  expect(JSON.parse(json.out)).toMatchObject({ key, state: { a: '{"b":1}' } });
  expect(await ended("sessions", "delete", appName, userId, sessionId)).toEqual({
    code: 0,
    out: "deleted\n",
    err: "",
  });
  const again = await Promise.all(
    ["show", "delete"].map((action) => ended("sessions", action, appName, userId, sessionId)),
  );
  for (const gone of again) {
    expect(gone).toMatchObject({ code: 1, out: "" });
    expect(gone.err).toMatch(/no (such )?session/i);
  }
  // Seven processes, which start slowly on a busy machine.
}, 120_000);

test.each([
  [["watch"], "watch takes an app"],
  [["watch", "a", "b"], "watch takes an app"],
  [["watch", "a", "--listed", "many"], "--listed is how many"],
  [["watch", "a", "--server", "localhost"], "--server is the URL"],
  [["sessions"], "needs one of list, show, delete"],
  [["sessions", "lsit", "a"], "did you mean"],
  [["sessions", "list"], "it takes APP"],
  [["sessions", "show", "a", "b"], "it takes APP USER SESSION"],
  [["sessions", "delete", "a", "b", "c", "--force"], "there is no flag --force"],
  [["sessions", "list", "a", "--limit", "0"], "--limit is how many"],
] as const)("%j is wrong usage", async ([command, ...args], text) => {
  const error = await { watch, sessions }[command](args).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as Error).message.toLowerCase()).toContain(text.toLowerCase());
});

test("wrong usage and a server that is not there have exit codes of their own", async () => {
  const [wrong, away] = await Promise.all([
    ended("sessions", "list"),
    ended("watch", "a", "--server", "http://127.0.0.1:1"),
  ]);
  expect(wrong).toMatchObject({ code: 2, out: "" });
  expect(away).toMatchObject({ code: 1, out: "" });
  expect(away.err).toContain("http://127.0.0.1:1: no server answers there");
});
