/** SQLite for the conformance suite: a file in a folder of its own for every database. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { pino } from "pino";
import { engineOptions } from "../../src/cli/migrate.ts";
import { configWith } from "../../src/config.ts";
import type { EngineOptions } from "../../src/store/engine.ts";
import { sqliteEngine } from "../../src/store/sqlite/index.ts";
import { makeHarness, type TestDatabase } from "./harness.ts";

export const ENGINE_OPTIONS: EngineOptions = {
  ...engineOptions(configWith(), pino({ level: "silent" })),
  writeConnections: 4,
  readConnections: 4,
  acquireTimeoutMs: 20_000,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 30_000,
};

/** An empty file database; `path` is where it is. */
export async function makeSqliteDatabase(): Promise<TestDatabase & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), "sessiond-sqlite-"));
  const path = join(folder, "test.db");
  return {
    url: `sqlite:${path}`,
    path,
    async execute(sql) {
      const db = new Database(path);
      try {
        const statement = db.prepare(sql);
        if (statement.reader) return statement.all() as Record<string, unknown>[];
        statement.run();
        return [];
      } finally {
        db.close();
      }
    },
    cleanup: () => rm(folder, { recursive: true, force: true }),
  };
}

export const sqliteHarness = makeHarness({
  name: "SQLite",
  engine: sqliteEngine,
  options: ENGINE_OPTIONS,
  makeDatabase: makeSqliteDatabase,
  exceptions: {
    create: {},
    "create groups": {},
    get: {},
    update: {},
    delete: {},
    append: {},
    "append groups": {},
    idempotency: {},
    state: {},
    lists: {},
    events: {},
    streams: {},
    changes: {},
    requests: {},
    tombstones: {},
    ids: {},
    exactness: {},
    concurrency: {},
    migrations: {},
    errors: {},
  },
});
