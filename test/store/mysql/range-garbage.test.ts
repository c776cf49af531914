/** What reading a range leaves to full collections: nothing of its rows may outlive the young ones. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import { keyOf, rangeOf, sessionWithEvents } from "../build.ts";
import { serverStore } from "./harness.ts";

const KiB = 1024;

test.each(serverEngines())(
  "%s: rows that weigh a range die young",
  { timeout: serverTimeout },
  async (kind) => {
    const made = await serverStore(await databaseServer(kind));
    try {
      const session = await sessionWithEvents(made.store, keyOf("weighed"), 2_000);
      // It gives few events of the rows that it weighs.
      const range = rangeOf(session, { maxRows: 2_000, maxBytes: 10_000 });
      // A young generation that is full several times in a read.
      const flags = ["--expose-gc", "--max-semi-space-size=1", "--disable-warning=ExperimentalWarning"];
      const child = join(import.meta.dirname, "range-garbage.ts");
      const run = promisify(execFile);
      const { stdout } = await run(process.execPath, [...flags, child, made.url, JSON.stringify(range)]);
      // Measured 0.1 MiB, and 3.5 where the rows came all together.
      expect(Number(stdout)).toBeLessThan(1_000 * KiB);
      expect(stdout).not.toBe("");
    } finally {
      await made.cleanup();
    }
  },
);
