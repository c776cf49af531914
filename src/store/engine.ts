/**
 * What an engine's folder exports (`src/store/<engine>/index.ts`), and how one is
 * chosen. Nothing outside the engines' folders and this file's registry names one.
 */
import type { Logger } from "pino";
import type { ConnectionSettings } from "./connections.ts";
import type { Finding } from "./finding.ts";
import type { StoreObserver } from "./observer.ts";
import type { SchemaOptions } from "./schema.ts";
import type { StateIndexes } from "./state-index.ts";
import type { StatsOptions, StoreStats } from "./stats.ts";
import type { Store } from "./store.ts";

/** What every engine is opened with; an engine ignores what does not concern it. */
export interface EngineOptions extends ConnectionSettings {
  readonly log: Logger;
  /** Most connections for writes, and apart from them for reads and tails. */
  readonly writeConnections: number;
  readonly readConnections: number;
  /** How long a call waits for a connection before SERVER_BUSY, in milliseconds. */
  readonly acquireTimeoutMs: number;
  /** How long a connect may take, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long one statement may run on the server, in milliseconds. */
  readonly statementTimeoutMs: number;
  /** Told of statements and repetitions of a store that is open; nobody is if it is left out. */
  readonly observe?: StoreObserver;
  /** How the schema is named and made; `DEFAULT_SCHEMA` where it is left out. */
  readonly schema?: SchemaOptions;
}

/** One numbered step of a schema; never edited once released. */
export interface MigrationStep {
  readonly version: number;
  readonly name: string;
  readonly sql: readonly string[];
}

/** What `migrate` did, or with `dryRun` would do. */
export interface MigrationReport {
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly steps: readonly MigrationStep[];
}

/** An engine as the commands use it. */
export interface Engine {
  /** The URL schemes that select it, such as `sqlite`. */
  readonly schemes: readonly string[];
  /** The form of its URL, for messages: `sqlite:PATH`. */
  readonly urlForm: string;
  /** The URL without its password, for logs. @throws StartError if it is malformed */
  displayUrl(url: string): string;
  /**
   * Brings an empty or older schema to this version, in one process at a time.
   * @throws StartError if the schema is newer, was changed by hand (checksums), or a table
   *   of our names exists that we did not make; nothing is touched then.
   */
  migrate(
    url: string,
    options: EngineOptions & { readonly dryRun: boolean; readonly onStep?: (step: MigrationStep) => void },
  ): Promise<MigrationReport>;
  /**
   * Connects and checks the server's version, settings and the schema.
   * @throws StartError that says what is wrong and what to do
   */
  open(url: string, options: EngineOptions): Promise<Store>;
  /**
   * Checks a database and how it is set, changing nothing, and gives each finding as it
   * comes. What cannot be reached or used is a finding too.
   * @throws StartError if the URL is malformed
   */
  doctor(url: string, options: EngineOptions): AsyncIterable<Finding>;
  /** Counts what a store has. @throws StartError as `open`, and if counting takes too long */
  stats(url: string, options: EngineOptions & StatsOptions): Promise<StoreStats>;
  /** Indexes over single keys of state; missing where the engine has none. */
  readonly stateIndexes?: StateIndexes<EngineOptions>;
}
