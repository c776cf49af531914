/** Transactions that are run again as a whole, and reads that outlive a lost connection. */
import { setTimeout as sleep } from "node:timers/promises";
import { StoreError } from "../errors.ts";
import type { Connection, Result } from "./connection.ts";
import { failureOf, isDuplicateKey, toStoreError } from "./errors.ts";
import type { Pool } from "./pool.ts";
import { type Statement, statement } from "./sql.ts";

const BEGIN = statement("START TRANSACTION");
const COMMIT = statement("COMMIT");

/** Tries of one transaction, and how long it may go on starting new ones. */
const MAX_TRIES = { contention: 20, moved: 5, lost: 5 } as const;
/** A row that came meanwhile is seen by the next try; one that still stands in the way then belongs to no session. */
const MAX_DUPLICATES = 6;
const MAX_RETRYING_MS = 20_000;
/** The longest pause before the first repetition; it doubles up to the last. */
const FIRST_PAUSE_MS = 5;
const LAST_PAUSE_MS = 500;

/** How a transaction is run. */
export interface TransactionOptions {
  /** Ends the wait for a connection and the repetitions; never a running transaction. */
  readonly signal: AbortSignal | undefined;
  /** Whether it may run again though it might have been committed: its own marks must tell. */
  readonly repeatable: boolean;
}

/** One try of a transaction: begins with the first statements and ends with the last, to save round trips. */
export class Transaction {
  readonly connection: Connection;
  /** Whether the try before this one may have been committed; of every other it is sure that it was not. */
  readonly afterDoubt: boolean;
  private state: "new" | "open" | "committing" | "done" = "new";

  constructor(connection: Connection, afterDoubt: boolean) {
    this.connection = connection;
    this.afterDoubt = afterDoubt;
  }

  /** What one statement of this connection should weigh at most, in bytes. */
  get maxStatementBytes(): number {
    return this.connection.maxStatementBytes;
  }

  /** Whether it may have been committed although it failed. */
  get inDoubt(): boolean {
    return this.state === "committing" && !this.connection.usable;
  }

  /** Runs statements in it and gives their results. */
  async run(statements: readonly Statement[]): Promise<Result[]> {
    if (this.state === "open" || statements.length === 0) return this.connection.run(statements);
    this.state = "open";
    const [, ...results] = await this.connection.run([BEGIN, ...statements]);
    return results;
  }

  /** Runs the last statements, commits, and gives the statements' results. */
  async commit(statements: readonly Statement[] = []): Promise<Result[]> {
    const first = this.state === "open" ? [] : [BEGIN];
    this.state = "committing";
    const results = await this.connection.run([...first, ...statements, COMMIT]);
    this.state = "done";
    return results.slice(first.length, -1);
  }

  /** Undoes what was done, so that another begins on the same connection. */
  async restart(): Promise<void> {
    await this.rollback();
    this.state = "new";
  }

  /** Ends it without a trace, if it did not end; a connection that cannot say so is dropped. */
  async rollback(): Promise<void> {
    if (this.state === "new" || this.state === "done" || !this.connection.usable) return;
    this.state = "done";
    try {
      await this.connection.run([statement("ROLLBACK")]);
    } catch (error) {
      this.connection.destroy(error);
    }
  }
}

/**
 * Runs `work` in a transaction and, where other writers or the connection made it fail,
 * again. What `work` leaves uncommitted is rolled back.
 * @throws StoreError; the signal's reason if it aborted before a try
 */
export async function transact<T>(
  pool: Pool,
  { signal, repeatable }: TransactionOptions,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  let inDoubt = false;
  for (let tries = 1; ; tries++) {
    try {
      return await pool.use(signal, async (connection) => {
        const transaction = new Transaction(connection, inDoubt);
        inDoubt = false;
        try {
          const done = await work(transaction);
          pool.tookWrite();
          return done;
        } catch (error) {
          inDoubt = transaction.inDoubt;
          // Read-only for good: this connection leads to a server that no longer takes writes.
          if (failureOf(error) === "moved") pool.refusedWrite();
          throw error;
        } finally {
          await transaction.rollback();
        }
      });
    } catch (error) {
      if (error instanceof StoreError) throw error;
      if (signal?.aborted === true && error === signal.reason) throw error;
      const failure = failureOf(error);
      const spent = performance.now() - started > MAX_RETRYING_MS;
      if (isDuplicateKey(error) && tries >= MAX_DUPLICATES) throw strayRow(error);
      if (failure === "final" || tries >= MAX_TRIES[failure] || spent || (inDoubt && !repeatable)) {
        throw toStoreError(error);
      }
      pool.retried(failure);
      await pause(tries, signal);
    }
  }
}

/** INTERNAL, by which a group knows to try each of its writes alone. */
function strayRow(cause: unknown): StoreError {
  return new StoreError("INTERNAL", "The database has a row of a session that is not there.", { cause });
}

/** How long an aborted read may still take, in milliseconds: most end sooner than a new connection is made. */
const ABORTED_READ_MS = 200;

/**
 * Runs a read, once more if its connection turns out to be lost. What an abort does not
 * let end soon loses its connection, so that the server stops working for nobody.
 * @throws StoreError, or the signal's reason
 */
export async function read<T>(
  pool: Pool,
  signal: AbortSignal | undefined,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await pool.use(signal, (connection) => abortable(connection, signal, work));
    } catch (error) {
      if (error instanceof StoreError) throw error;
      if (signal?.aborted === true) throw signal.reason;
      if (failureOf(error) !== "lost" || tries === MAX_TRIES.lost) throw toStoreError(error);
      pool.retried("lost");
      await pause(tries, signal);
    }
  }
}

/** Runs `work`, and drops the connection if the signal aborts and `work` does not end soon. */
async function abortable<T>(
  connection: Connection,
  signal: AbortSignal | undefined,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    timer = setTimeout(() => connection.destroy(signal?.reason), ABORTED_READ_MS);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await work(connection);
  } finally {
    signal?.removeEventListener("abort", onAbort);
    clearTimeout(timer);
  }
}

/** A random pause, so that those who met once do not meet again. */
async function pause(tries: number, signal: AbortSignal | undefined): Promise<void> {
  const longest = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
  try {
    await sleep(longest * (0.25 + 0.75 * Math.random()), undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted();
  }
}
