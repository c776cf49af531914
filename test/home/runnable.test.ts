/** Blocks of shell and Python that a document marks as runnable run, against a server. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { preparePython, pythonOfStubs } from "../api/harness/python-transport.ts";
import { connect, type Data, newData, type Server, startServer } from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { type Block, blocksOf, documents, readDocument, root } from "./markdown.ts";

const runnable = documents().flatMap((path) =>
  blocksOf(readDocument(path))
    .filter(({ note }) => note.split(" ")[0] === "runnable")
    .map((block) => ({ path, ...block })),
);

describe("runnable blocks", () => {
  let data: Data;
  let server: Server;
  beforeAll(async () => {
    await preparePython();
    data = await newData("sqlite");
    server = await startServer({ store: data.url });
  }, serverTimeout);
  afterAll(async () => {
    await server?.kill();
    await data?.drop();
  });

  test("README has both kinds", () => {
    const languages = runnable.filter(({ path }) => path === "README.md").map(({ language }) => language);
    expect(languages.sort()).toEqual(["python", "sh"]);
  });

  test.each(runnable)("$path: $code", (block) => {
    const here = block.code
      .replaceAll("http://127.0.0.1:8080", server.httpUrl)
      .replaceAll("localhost:50051", server.grpcAddress);
    expect(here).not.toBe(block.code);
    const [command, ...args] = commandFor(block);
    const done = spawnSync(command, [...args, here], {
      encoding: "utf8",
      timeout: 50_000,
      env: { ...process.env, PYTHONPATH: join(root, "clients/python/src") },
    });
    expect(done.stderr).toBe("");
    expect(done.status).toBe(0);
  });

  test("what they stored is there", async () => {
    const api = connect("connect-web JSON", server);
    const { sessions } = await api.listSessions({ key: { appName: "shop" } });
    expect(sessions.map(({ key, headSeq }) => [key?.sessionId, headSeq]).sort()).toEqual([
      ["s1", 1n],
      ["s2", 1n],
    ]);
  });
});

function commandFor({ language }: Block): [string, ...string[]] {
  if (language === "python") return [pythonOfStubs, "-W", "error", "-c"];
  if (language === "sh") return ["bash", "--norc", "-euo", "pipefail", "-c"];
  throw new Error(`nothing runs ${language}`);
}
