/** The SQLite engine: `sqlite:PATH`. */
import { resolve } from "node:path";
import type { Engine, EngineOptions } from "../engine.ts";
import { StartError } from "../errors.ts";
import { doctor } from "./doctor.ts";
import { addStateIndex, dropStateIndex, listStateIndexes } from "./index-state.ts";
import { migrate } from "./open.ts";
import { WorkerPool } from "./pool.ts";
import { stats } from "./stats.ts";
import { SqliteStore } from "./store.ts";

const URL_FORM = "sqlite:PATH";

/** Readers beyond two gain nothing here: what they give passes through one thread. */
const MAX_READERS = 2;

/** SQLite in a file, for one machine. */
export const sqliteEngine: Engine = {
  schemes: ["sqlite"],
  urlForm: URL_FORM,

  displayUrl(url) {
    parsePath(url);
    return url;
  },

  async migrate(url, options) {
    if (options.schema !== undefined && Object.keys(options.schema.tableOptions).length > 0) {
      throw new StartError("--table-options: tables have no such options in SQLite. Leave them out.");
    }
    return migrate({
      path: parsePath(url),
      busyTimeoutMs: options.acquireTimeoutMs,
      dryRun: options.dryRun,
      onStep: options.onStep,
      schema: options.schema,
    });
  },

  async open(url, options) {
    const { acquireTimeoutMs, schema } = options;
    const file = { path: parsePath(url), busyTimeoutMs: acquireTimeoutMs, schema };
    const { observe } = options;
    const writer = new WorkerPool({
      worker: { ...file, role: "writer" },
      size: 1,
      acquireTimeoutMs,
      observe,
    });
    const readers = new WorkerPool({
      worker: { ...file, role: "reader" },
      size: Math.max(1, Math.min(MAX_READERS, options.readConnections)),
      acquireTimeoutMs,
      observe,
    });
    try {
      // The writer first: it turns the write-ahead log on.
      const info = await writer.start();
      await readers.start();
      return new SqliteStore(writer, readers, info);
    } catch (error) {
      await Promise.all([readers.close(), writer.close()]);
      throw error;
    }
  },

  async *doctor(url, options) {
    yield* doctor(fileOf(url, options));
  },

  async stats(url, { appName, largest, estimate, ...options }) {
    return stats({ ...fileOf(url, options), appName, largest, estimate });
  },

  stateIndexes: {
    add: async (url, { stateKey, type, dryRun, ...options }) =>
      addStateIndex({ ...fileOf(url, options), stateKey, type, dryRun }),
    list: async (url, options) => listStateIndexes(fileOf(url, options)),
    drop: async (url, { stateKey, dryRun, ...options }) =>
      dropStateIndex({ ...fileOf(url, options), stateKey, dryRun }),
  },
};

function fileOf(url: string, { acquireTimeoutMs, schema }: EngineOptions) {
  return { path: parsePath(url), busyTimeoutMs: acquireTimeoutMs, schema };
}

/** The absolute path in a URL. @throws StartError */
function parsePath(url: string): string {
  const path = url.slice("sqlite:".length);
  if (path === "" || path.startsWith("//") || path.startsWith(":") || path.includes("\0")) {
    throw new StartError(
      `"${url}" names no SQLite file. Write ${URL_FORM}, with a path as in sqlite:data/sessiond.db or ` +
        "sqlite:/var/lib/sessiond/sessiond.db.",
    );
  }
  return resolve(path);
}
