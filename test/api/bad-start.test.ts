/** Each row of what stops `sessiond serve`: its exit code, its message, and that it touched nothing. */
import { afterEach, describe, expect, test } from "vitest";
import { serverTimeout } from "../support/databases/index.ts";
import { badStarts } from "./bad-input/start.ts";
import type { StartTarget } from "./bad-input/start-row.ts";
import {
  type Data,
  dump,
  newData,
  removeFolder,
  runSql,
  runToEnd,
  type StoreName,
  startServer,
  storeNames,
  temporaryFolder,
} from "./harness.ts";

const leftovers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const remove of leftovers.splice(0)) await remove();
});

function targetOn(store: StoreName, data: Data): StartTarget {
  return {
    store,
    data,
    async migrated() {
      const server = await startServer({ store: data.url });
      await server.stop();
      return data;
    },
    async serve({ store = data.url, args = [], ...options }) {
      const before = await dump(data.url);
      const ports = args.includes("--grpc-port") ? [] : ["--grpc-port", "0", "--http-port", "0"];
      const finished = await runToEnd(["serve", "--store", store, ...ports, ...args], options);
      expect(await dump(data.url)).toEqual(before);
      return finished;
    },
    sql: (...statements) => runSql(data.url, statements),
    async folder() {
      const folder = await temporaryFolder();
      leftovers.push(() => removeFolder(folder));
      return folder;
    },
  };
}

describe.each(storeNames)("%s", (store) => {
  const rows = badStarts.filter((row) => (row.store === "server") === (store !== "sqlite"));

  test.each(rows)("$what", { timeout: serverTimeout }, async ({ attempt, exit, says }) => {
    const data = await newData(store);
    leftovers.push(() => data.drop());
    const { code, stderr, stdout } = await attempt(targetOn(store, data));
    expect(stdout).toBe("");
    const last = stderr.trimEnd().split("\n").at(-1) ?? "";
    expect(last).toMatch(/^sessiond: /);
    let rest = last;
    for (const part of says.split("…")) {
      expect(rest).toContain(part);
      rest = rest.slice(rest.indexOf(part) + part.length);
    }
    expect(stderr).not.toMatch(/\n\s+at |[?&]password=|:wrong@/);
    expect(code).toBe(exit);
  });
});
