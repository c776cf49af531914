/**
 * One connection to a server: runs one thing at a time, knows when it is broken, and is
 * then never used again. Wraps the driver, which tells a lost connection to some of its
 * commands only.
 */
import mysql from "mysql2";
import { StoreError } from "../errors.ts";
import { ConnectionLost } from "./errors.ts";
import { type SqlValue, type Statement, weight } from "./sql.ts";
import type { DatabaseAddress } from "./url.ts";

/** What a statement gave: its rows, or how many it affected (matched, for UPDATE). */
export interface Result {
  readonly rows: readonly Row[];
  readonly affectedRows: number;
}

/** A row by column. */
export type Row = Readonly<Record<string, unknown>>;

/** How a connection is opened. */
export interface ConnectionOptions {
  readonly connectTimeoutMs: number;
  /** After so long without an answer the connection counts as lost; 0 for never. */
  readonly answerTimeoutMs: number;
  /** Statements that set up the session. */
  readonly setup: readonly string[];
  /** The server's max_allowed_packet, in bytes. */
  readonly maxPacketBytes: number;
  /** Whether several statements may go in one query. */
  readonly multiStatements: boolean;
}

/** Fewer than a server has for all its clients (16,382 by default on MySQL). */
const MAX_PREPARED_STATEMENTS = 64;

/** Statements that weigh more are bound instead of escaped: that neither copies nor grows them. */
const LARGE_STATEMENT_BYTES = 1 << 20;

/** Room in a packet for what is not values. */
export const PACKET_HEADROOM_BYTES = 64 << 10;

type Driver = mysql.Connection & { readonly stream: { destroy(): void } };

export class Connection {
  /** When it was opened, by `performance.now()`. */
  readonly openedAt = performance.now();
  /** What a statement should weigh at most, unless it has one row. */
  readonly maxStatementBytes: number;
  private readonly driver: Driver;
  private readonly options: ConnectionOptions;
  private broken: ConnectionLost | undefined;
  private rejectRunning: ((error: unknown) => void) | undefined;

  private constructor(driver: Driver, options: ConnectionOptions) {
    this.driver = driver;
    this.options = options;
    this.maxStatementBytes = Math.min(LARGE_STATEMENT_BYTES, Math.floor(options.maxPacketBytes / 4));
    // Streams hear of a lost connection only from here.
    driver.on("error", (error: Error) => this.destroy(error));
    driver.on("end", () => this.destroy());
  }

  /** Connects and sets up the session. @throws the driver's error */
  static async open(address: DatabaseAddress, options: ConnectionOptions): Promise<Connection> {
    const driver = mysql.createConnection({
      host: address.host,
      port: address.port,
      user: address.user,
      password: address.password,
      database: address.database,
      charset: "UTF8MB4_BIN",
      timezone: "Z",
      dateStrings: true,
      jsonStrings: true,
      supportBigNumbers: true,
      multipleStatements: options.multiStatements,
      maxPreparedStatements: MAX_PREPARED_STATEMENTS,
      connectTimeout: options.connectTimeoutMs,
      flags: ["-LOCAL_FILES"],
      keepAliveInitialDelay: 30_000,
    }) as Driver;
    const connection = new Connection(driver, options);
    try {
      await new Promise<void>((resolve, reject) => {
        driver.connect((error) => (error ? reject(error) : resolve()));
      });
      await connection.run(options.setup.map((sql) => ({ sql, values: [] })));
    } catch (error) {
      connection.destroy();
      throw error;
    }
    return connection;
  }

  /** The server's number of this connection, for KILL. */
  get threadId(): number {
    return this.driver.threadId;
  }

  /** Whether it can still be used. */
  get usable(): boolean {
    return this.broken === undefined;
  }

  /**
   * Runs statements in order, in as few round trips as the server and its packet size
   * allow, and stops at the first that fails. Doubles come back exactly.
   *
   * Several statements in one query are safe here: texts are constants, every value goes
   * through the driver's escaper, and the session's charset (utf8mb4) and SQL mode
   * (backslash escapes on) are those that the escaper takes for granted.
   */
  async run(statements: readonly Statement[]): Promise<Result[]> {
    const results: Result[] = [];
    let texts: string[] = [];
    let bytes = 0;
    const flush = async () => {
      if (texts.length === 0) return;
      const sent = texts;
      texts = [];
      bytes = 0;
      results.push(...(await this.query(sent)));
    };
    for (const statement of statements) {
      const weighs = weight(statement);
      if (weighs > this.maxStatementBytes) {
        // The server would close the connection, and that would look like a lost one.
        if (weighs > this.options.maxPacketBytes) throw tooLarge(this.options.maxPacketBytes);
        await flush();
        results.push(await this.bind(statement.sql, statement.values));
        continue;
      }
      const text = mysql.format(statement.sql, statement.values as SqlValue[]);
      const more = Buffer.byteLength(text);
      const full = bytes + more > this.options.maxPacketBytes - PACKET_HEADROOM_BYTES;
      if (texts.length > 0 && (full || !this.options.multiStatements)) await flush();
      texts.push(text);
      bytes += more;
    }
    await flush();
    return results;
  }

  /** Runs one prepared statement and gives its rows. */
  async execute<R extends object>(sql: string, values: readonly SqlValue[]): Promise<R[]> {
    return (await this.bind(sql, values)).rows as unknown as R[];
  }

  /** Runs one prepared query; `onRow` gets each row as it arrives, never held back. */
  stream<R>(sql: string, values: readonly SqlValue[], onRow: (row: R) => void): Promise<void> {
    return this.running((resolve, reject) => {
      const rows = this.driver.execute(sql, values as SqlValue[]).stream();
      rows.on("data", onRow);
      rows.on("error", reject);
      rows.on("end", () => resolve());
    });
  }

  /** Asks the server whether it is there. */
  ping(): Promise<void> {
    return this.running((resolve, reject) => {
      // Without an error the driver calls back with nothing at all.
      this.driver.ping((error) => (error ? reject(error) : resolve()));
    });
  }

  /** Says goodbye and closes; only when nothing runs. */
  async end(): Promise<void> {
    if (this.broken !== undefined) return;
    this.broken = new ConnectionLost("The connection was closed.");
    await new Promise<void>((resolve) => this.driver.end(() => resolve()));
  }

  /** Drops the connection at once; what runs on it fails. */
  destroy(cause?: unknown): void {
    this.broken ??= new ConnectionLost("The connection to the database was lost.", cause);
    this.driver.destroy();
    this.driver.stream.destroy();
    this.rejectRunning?.(this.broken);
  }

  private async query(texts: readonly string[]): Promise<Result[]> {
    const given = await this.running<unknown>((resolve, reject) => {
      this.driver.query({ sql: texts.join(";\n"), typeCast: exactDoubles }, (error, result) =>
        error ? reject(error) : resolve(result),
      );
    });
    // Of several statements the driver gives an array of results, of one its result.
    return (texts.length > 1 ? (given as unknown[]) : [given]).map(toResult);
  }

  private async bind(sql: string, values: readonly SqlValue[]): Promise<Result> {
    const given = await this.running<unknown>((resolve, reject) => {
      this.driver.execute(sql, values as SqlValue[], (error, result) =>
        error ? reject(error) : resolve(result),
      );
    });
    return toResult(given);
  }

  private running<T>(
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    if (this.broken !== undefined) return Promise.reject(this.broken);
    const { answerTimeoutMs } = this.options;
    return new Promise<T>((resolve, reject) => {
      const timer =
        answerTimeoutMs === 0
          ? undefined
          : setTimeout(() => this.destroy(new Error("no answer in time")), answerTimeoutMs);
      const settled = () => {
        clearTimeout(timer);
        this.rejectRunning = undefined;
      };
      this.rejectRunning = (error) => {
        settled();
        reject(error);
      };
      start(
        (value) => {
          settled();
          resolve(value);
        },
        (error) => {
          settled();
          if ((error as { fatal?: boolean }).fatal === true) this.destroy(error);
          reject(error);
        },
      );
    });
  }
}

function tooLarge(limit: number): StoreError {
  return new StoreError("TOO_LARGE", "A text is larger than the database takes.", {
    facts: { limit_bytes: String(limit) },
  });
}

/** The driver's own reading of a double's text is not exact. */
function exactDoubles(field: { type: string; string(): string | null }, next: () => unknown): unknown {
  if (field.type !== "DOUBLE") return next();
  const text = field.string();
  return text === null ? null : Number(text);
}

function toResult(given: unknown): Result {
  if (Array.isArray(given)) return { rows: given as Row[], affectedRows: 0 };
  return { rows: [], affectedRows: (given as { affectedRows: number }).affectedRows };
}
