/** Blocks of shell that a document marks as runnable run, against a server. */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Data, newData, type Server, startServer } from "../api/harness.ts";
import { blocksOf, documents, readDocument } from "./markdown.ts";

const runnable = documents().flatMap((path) =>
  blocksOf(readDocument(path))
    .filter(({ note }) => note.split(" ")[0] === "runnable")
    .map((block) => ({ path, ...block })),
);

describe("runnable blocks", () => {
  let data: Data;
  let server: Server;
  beforeAll(async () => {
    data = await newData("sqlite");
    server = await startServer({ store: data.url });
  });
  afterAll(async () => {
    await server?.kill();
    await data?.drop();
  });

  test("README has one", () => {
    expect(runnable.map(({ path }) => path)).toContain("README.md");
  });

  test.each(runnable)("$path: $code", ({ code }) => {
    const here = code.replaceAll("http://127.0.0.1:8080", server.httpUrl);
    expect(here).not.toBe(code);
    const done = spawnSync("bash", ["-euo", "pipefail", "-c", here], { encoding: "utf8", timeout: 20_000 });
    expect(done.stderr).toBe("");
    expect(done.status).toBe(0);
    expect(done.stdout).toContain("{");
  });
});
