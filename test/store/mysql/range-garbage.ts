/** A process that reads ranges of a history, and says what that left in the old generation: `node … URL RANGE`. */
import { getHeapSpaceStatistics } from "node:v8";
import pino from "pino";
import { engineOptions } from "../../../src/cli/migrate.ts";
import { configWith } from "../../../src/config.ts";
import { mysqlEngine } from "../../../src/store/mysql/index.ts";
import type { EventRange } from "../../../src/store/store.ts";

const READS = 20;

const [url = "", range = ""] = process.argv.slice(2);
const store = await mysqlEngine.open(url, engineOptions(configWith(), pino({ level: "silent" })));

async function readAll(): Promise<number> {
  globalThis.gc?.();
  const before = oldBytes();
  for (let read = 0; read < READS; read++) {
    for await (const _ of store.readEvents(JSON.parse(range) as EventRange)) void _;
  }
  return oldBytes() - before;
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === "old_space")?.space_used_size ?? 0;
}

// The first time compiles.
await readAll();
process.stdout.write(String(await readAll()));
await store.close();
