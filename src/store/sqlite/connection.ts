/** One connection to a database file: how it is opened, its statements and transactions. */
import { statSync } from "node:fs";
import Database from "better-sqlite3";
import { Schema, type SchemaOptions } from "../schema.ts";

/** What a statement takes and gives. Numbers are doubles; integers must be safe ones. */
export type SqlValue = string | number | Uint8Array | null;

/** How to open a database file. */
export interface ConnectionOptions {
  readonly path: string;
  /** How long a statement waits for another process's lock, in milliseconds. */
  readonly busyTimeoutMs: number;
  /** See `EngineOptions.schema`. */
  readonly schema?: SchemaOptions | undefined;
}

type Statement = Database.Statement<SqlValue[], unknown>;

/** A connection. Everything on it is synchronous: it belongs into a worker. */
export class Connection {
  readonly db: Database.Database;
  /** The file, and what it was when it was opened. */
  readonly path: string;
  readonly file: { readonly dev: number; readonly ino: number };
  readonly schema: Schema;
  private readonly statements = new Map<string, Statement>();
  private readonly transaction: Database.Transaction<(work: () => unknown) => unknown>;

  private constructor(db: Database.Database, schema: SchemaOptions | undefined) {
    this.db = db;
    this.schema = new Schema(schema);
    this.path = db.name;
    this.file = statSync(db.name);
    this.transaction = db.transaction((work: () => unknown) => work());
  }

  /**
   * Opens a file that must exist, without changing anything in it.
   * @throws SqliteError
   */
  static open(options: ConnectionOptions): Connection {
    return Connection.configure(
      new Database(options.path, { timeout: options.busyTimeoutMs, fileMustExist: true }),
      options.schema,
    );
  }

  /** The same, and makes an empty file where there is none. @throws SqliteError */
  static create(options: ConnectionOptions): Connection {
    return Connection.configure(
      new Database(options.path, { timeout: options.busyTimeoutMs }),
      options.schema,
    );
  }

  private static configure(db: Database.Database, schema: SchemaOptions | undefined): Connection {
    try {
      db.pragma("foreign_keys = ON");
      db.pragma("trusted_schema = OFF");
      // FULL flushes the log at every commit: what was acknowledged survives a power cut.
      db.pragma("synchronous = FULL");
      db.pragma("journal_size_limit = 67108864");
      return new Connection(db, schema);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** The first row. */
  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.statement(sql).get(...values) as Row | undefined;
  }

  /** All rows. */
  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.statement(sql).all(...values) as Row[];
  }

  /** Rows as they are read. Leaving the loop early ends the read. */
  each<Row>(sql: string, ...values: SqlValue[]): IterableIterator<Row> {
    return this.statement(sql).iterate(...values) as IterableIterator<Row>;
  }

  /** The number of rows changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.statement(sql).run(...values).changes;
  }

  /** Runs statements that give nothing. */
  exec(sql: string): void {
    this.db.exec(this.schema.sql(sql));
  }

  /** A setting's value. */
  pragma(name: string): string {
    return String(this.db.pragma(name, { simple: true }));
  }

  /** Runs `work` in a transaction that has the write lock from its beginning; a throw rolls back. */
  write<T>(work: () => T): T {
    return this.transaction.immediate(work) as T;
  }

  /** Runs `work` so that all its reads see one snapshot. */
  read<T>(work: () => T): T {
    return this.transaction.deferred(work) as T;
  }

  /**
   * Turns the write-ahead log on, which stays on in the file.
   * @throws Error if the file system does not bear it
   */
  enableWal(busyTimeoutMs: number): void {
    const deadline = Date.now() + busyTimeoutMs;
    for (;;) {
      try {
        const mode = this.pragma("journal_mode = WAL");
        if (mode !== "wal") throw new Error(`the journal mode stays ${mode}`);
        return;
      } catch (error) {
        // The switch does not heed the busy timeout, and another server may be at it too.
        if (!isBusy(error) || Date.now() > deadline) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      }
    }
  }

  close(): void {
    this.db.close();
  }

  private statement(sql: string): Statement {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    const made = this.db.prepare<SqlValue[]>(this.schema.sql(sql));
    // Texts with filters are many; the others are few and must stay.
    if (this.statements.size < MAX_STATEMENTS) this.statements.set(sql, made);
    return made;
  }
}

const MAX_STATEMENTS = 200;

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}
