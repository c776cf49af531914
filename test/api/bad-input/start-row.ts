/** A row of what stops `sessiond serve` from starting. */
import type { Data, StoreName } from "../harness/data.ts";
import type { Finished, ServeOptions } from "../harness/server.ts";

/** Where a row is tried. */
export interface StartTarget {
  readonly store: StoreName;
  /** Empty data of the row's store. */
  readonly data: Data;
  /** Data that a server has been started on once. */
  migrated(): Promise<Data>;
  /** Runs `sessiond serve` to its end; `--store` and free ports unless the arguments have them. */
  serve(options: Partial<ServeOptions>): Promise<Finished>;
  /** Runs SQL on the row's data. */
  sql(...statements: string[]): Promise<void>;
  /** A folder of the row's own. */
  folder(): Promise<string>;
}

/** One row. */
export interface BadStart {
  readonly what: string;
  /** The store that the row is about: any (tried on SQLite), a file, or a server (tried on each engine). */
  readonly store: "any" | "sqlite" | "server";
  /** 2 for a mistake in the command, 1 for what it met. */
  readonly exit: 1 | 2;
  /** What it prints, in part; `…` stands for any text. */
  readonly says: string;
  readonly action: string;
  readonly attempt: (target: StartTarget) => Promise<Finished>;
}
