/** What the conformance suite needs of an engine, and what a case of it gets. */
import type { Engine, EngineOptions } from "../../src/store/engine.ts";
import type { Store } from "../../src/store/store.ts";
import type { CategoryName } from "./conformance/index.ts";

/** An empty database of its own, without our tables. */
export interface TestDatabase {
  /** The URL that an engine opens. */
  readonly url: string;
  /** Runs one statement past the store and gives its rows. Times and JSON come as text. */
  execute(sql: string): Promise<Record<string, unknown>[]>;
  /** Removes the database. */
  cleanup(): Promise<void>;
}

/** A store on a migrated database of its own. */
export interface TestStore {
  readonly store: Store;
  readonly url: string;
  readonly database: TestDatabase;
  /** Closes the store and removes the database. */
  cleanup(): Promise<void>;
}

/**
 * Cases that an engine is known to fail, by name, with the reason. They run all the same,
 * and one that passes fails the suite: an exception that is over must go.
 */
export type Exceptions = Readonly<Record<string, string>>;

/** An engine under test. */
export interface StoreHarness {
  readonly name: string;
  readonly engine: Engine;
  readonly options: EngineOptions;
  makeDatabase(): Promise<TestDatabase>;
  makeStore(): Promise<TestStore>;
  /** Every category must be named, so that a new one is thought about for every engine. */
  readonly exceptions: Readonly<Record<CategoryName, Exceptions>>;
}

/** What a case is run with. Cases of a category share a store; the app is the case's own. */
export interface CaseContext {
  readonly harness: StoreHarness;
  readonly store: Store;
  readonly database: TestDatabase;
  /** A name that no other case uses. */
  readonly app: string;
  /** Opens a second store over the same database; it is closed after the case. */
  openAnother(): Promise<Store>;
  /** A database of the case's own; it is removed after the case. */
  makeDatabase(): Promise<TestDatabase>;
}

/** Cases by name. */
export type Cases = Readonly<Record<string, (context: CaseContext) => Promise<void>>>;

/** A harness whose store is the engine's over a fresh, migrated database. */
export function makeHarness(parts: Omit<StoreHarness, "makeStore">): StoreHarness {
  const { engine, options } = parts;
  return {
    ...parts,
    async makeStore() {
      const database = await parts.makeDatabase();
      await engine.migrate(database.url, { ...options, dryRun: false });
      const store = await engine.open(database.url, options);
      return {
        store,
        url: database.url,
        database,
        async cleanup() {
          await store.close();
          await database.cleanup();
        },
      };
    },
  };
}
