/** Where a server under test keeps its data, so that it can be killed and started again on it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { databaseServer, type Engine, testEngines } from "../../support/databases/index.ts";

/** A store's name for test titles. */
export type StoreName = "sqlite" | Engine;

/** The stores of this run; SQLite first. */
export const storeNames: readonly StoreName[] = testEngines();

/** Data that outlives the server processes on it. */
export interface Data {
  /** For `--store`. */
  readonly url: string;
  /** Removes it. */
  drop(): Promise<void>;
}

/** New, empty data of a store. Give a hook that calls this the time limit `serverTimeout`. */
export async function newData(store: StoreName): Promise<Data> {
  if (store === "sqlite") {
    const folder = await temporaryFolder();
    return { url: `sqlite:${join(folder, "sessiond.db")}`, drop: () => removeFolder(folder) };
  }
  const server = await databaseServer(store);
  const database = await server.createDatabase();
  return { url: urlFor(store, database.url), drop: () => database.drop() };
}

/** A database's address under the scheme of its engine. */
export function urlFor(engine: Engine, url: string): string {
  return url.replace(/^mysql:/, `${engine}:`);
}

/** A folder of a test's own. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "sessiond-api-"));
}

/** Removes a folder with all that is in it. */
export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}
