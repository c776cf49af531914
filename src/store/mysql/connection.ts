/**
 * One connection to a server: runs one thing at a time, knows when it is broken, and is
 * then never used again. Wraps the driver, which tells a lost connection to some of its
 * commands only.
 */
import mysql from "mysql2";
import { StoreError } from "../errors.ts";
import type { StoreObserver } from "../observer.ts";
import type { Schema } from "../schema.ts";
import { openDriver } from "./driver.ts";
import { ConnectionLost } from "./errors.ts";
import { count, type SqlValue, type Statement, statement, weight } from "./sql.ts";
import { statementName } from "./statement-name.ts";
import type { DatabaseAddress, Host } from "./url.ts";

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
  /** After so long, less than that, another connection has the server end the statement; 0 for never. */
  readonly killAfterMs: number;
  /** A statement that comes before all others; empty for none. */
  readonly initSql: string;
  /** Statements that set up the session. */
  readonly setup: readonly string[];
  /** The server's max_allowed_packet, in bytes. */
  readonly maxPacketBytes: number;
  /** Whether several statements may go in one query. */
  readonly multiStatements: boolean;
  /** Whether lists of tuples are read by ranges of a key. */
  readonly tupleRanges: boolean;
  /** Told of every statement. */
  readonly observe?: StoreObserver | undefined;
  /** Its names go into every statement's text. */
  readonly schema: Schema;
}

/** Statements that weigh more are bound instead of escaped: that neither copies nor grows them. */
const LARGE_STATEMENT_BYTES = 1 << 20;

/** Room in a packet for what is not values. */
export const PACKET_HEADROOM_BYTES = 64 << 10;

/** Which server this is, and whether it takes writes. */
const PROBE = statement(
  "SELECT @@hostname AS hostname, @@port AS port, " +
    "@@global.read_only AS read_only, @@global.innodb_read_only AS innodb_read_only",
);

export class Connection {
  /** When it was opened, by `performance.now()`. */
  readonly openedAt = performance.now();
  /** What a statement should weigh at most, unless it has one row. */
  readonly maxStatementBytes: number;
  readonly schema: Schema;
  private readonly driver: mysql.Connection;
  private readonly address: DatabaseAddress;
  private readonly host: Host;
  private readonly options: ConnectionOptions;
  private probe: Row = {};
  /** Whether the server was told to end what runs: that may hit the next statement as well. */
  private killed = false;
  private broken: ConnectionLost | undefined;
  private rejectRunning: ((error: unknown) => void) | undefined;

  private constructor(
    driver: mysql.Connection,
    address: DatabaseAddress,
    host: Host,
    options: ConnectionOptions,
  ) {
    this.driver = driver;
    this.address = address;
    this.host = host;
    this.options = options;
    this.schema = options.schema;
    this.maxStatementBytes = Math.min(LARGE_STATEMENT_BYTES, Math.floor(options.maxPacketBytes / 4));
    // Streams hear of a lost connection only from here.
    driver.on("error", (error: Error) => this.destroy(error));
    driver.on("end", () => this.destroy());
  }

  /** Connects to a host of the address and sets up the session. @throws the driver's error, StartError */
  static async open(
    address: DatabaseAddress,
    options: ConnectionOptions,
    host: Host = address.hosts[0] as Host,
  ): Promise<Connection> {
    const driver = await openDriver(address, host, options);
    const connection = new Connection(driver, address, host, options);
    const timer = setTimeout(() => connection.destroy(timedOut()), options.connectTimeoutMs);
    try {
      if (options.initSql !== "") await connection.run([statement(options.initSql)]);
      const results = await connection.run([...options.setup.map((sql) => statement(sql)), PROBE]);
      connection.probe = results.at(-1)?.rows[0] ?? {};
    } catch (error) {
      connection.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return connection;
  }

  /** Whether the server took no writes when the connection was opened. */
  get readOnly(): boolean {
    const { read_only, innodb_read_only } = this.probe;
    return [read_only, innodb_read_only].some((value) => !["0", "OFF"].includes(String(value)));
  }

  /** The server's number of this connection, for KILL. */
  get threadId(): number {
    return this.driver.threadId;
  }

  /** See `Dialect.tupleRanges`. */
  get tupleRanges(): boolean {
    return this.options.tupleRanges;
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
    let templates: string[] = [];
    let bytes = 0;
    const flush = async () => {
      if (texts.length === 0) return;
      const sent = texts;
      const made = templates;
      texts = [];
      templates = [];
      bytes = 0;
      results.push(...(await this.query(sent, made)));
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
      const text = mysql.format(this.schema.sql(statement.sql), statement.values as SqlValue[]);
      const more = Buffer.byteLength(text);
      const full = bytes + more > this.options.maxPacketBytes - PACKET_HEADROOM_BYTES;
      if (texts.length > 0 && (full || !this.options.multiStatements)) await flush();
      texts.push(text);
      templates.push(statement.sql);
      bytes += more;
    }
    await flush();
    return results;
  }

  /** Runs one prepared statement and gives its rows. */
  async execute<R extends object>(sql: string, values: readonly SqlValue[]): Promise<R[]> {
    return (await this.bind(sql, values)).rows as unknown as R[];
  }

  /**
   * Runs one prepared query; `onRow` gets each row's values as they arrive, never held back. An object of many
   * columns, which the driver builds one by one, takes several times the memory of its values.
   */
  stream<V extends readonly unknown[]>(
    sql: string,
    values: readonly SqlValue[],
    onRow: (row: V) => void,
  ): Promise<void> {
    return this.running([sql], (resolve, reject) => {
      const query = { sql: this.schema.sql(sql), rowsAsArray: true };
      const command = this.driver.execute(query, values as SqlValue[]);
      let failed = false;
      command.on("result", onRow);
      command.on("error", (error) => {
        failed = true;
        reject(error);
      });
      // It comes after an error, too.
      command.on("end", () => {
        if (!failed) resolve();
      });
    });
  }

  /** Asks the server whether it is there, for as long as a connect may take. */
  async ping(): Promise<void> {
    const timer = setTimeout(() => this.destroy(timedOut()), this.options.connectTimeoutMs);
    try {
      await this.running<void>([], (resolve, reject) => {
        // Without an error the driver calls back with nothing at all.
        this.driver.ping((error) => (error ? reject(error) : resolve()));
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says goodbye and closes; only when nothing runs. */
  async end(): Promise<void> {
    if (this.broken !== undefined) return;
    this.broken = new ConnectionLost("The connection was closed.");
    const timer = setTimeout(() => this.destroy(), this.options.connectTimeoutMs);
    await new Promise<void>((resolve) => this.driver.end(() => resolve()));
    clearTimeout(timer);
  }

  /** Drops the connection at once; what runs on it fails. */
  destroy(cause?: unknown): void {
    this.broken ??= new ConnectionLost("The connection to the database was lost.", cause);
    this.driver.destroy();
    (this.driver as unknown as { stream: { destroy(): void } }).stream.destroy();
    this.rejectRunning?.(this.broken);
  }

  private async query(texts: readonly string[], templates: readonly string[]): Promise<Result[]> {
    const given = await this.running<unknown>(templates, (resolve, reject) => {
      this.driver.query({ sql: texts.join(";\n"), typeCast: exactDoubles }, (error, result) =>
        error ? reject(error) : resolve(result),
      );
    });
    // Of several statements the driver gives an array of results, of one its result.
    return (texts.length > 1 ? (given as unknown[]) : [given]).map(toResult);
  }

  private async bind(sql: string, values: readonly SqlValue[]): Promise<Result> {
    const given = await this.running<unknown>([sql], (resolve, reject) => {
      this.driver.execute(this.schema.sql(sql), values as SqlValue[], (error, result) =>
        error ? reject(error) : resolve(result),
      );
    });
    return toResult(given);
  }

  /** Starts what the driver does for statements, whose texts are for their name alone. */
  private running<T>(
    templates: readonly string[],
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    if (this.broken !== undefined) return Promise.reject(this.broken);
    const { answerTimeoutMs, killAfterMs, observe } = this.options;
    const ended =
      observe === undefined || templates.length === 0
        ? undefined
        : observe.statement(statementName(templates));
    return new Promise<T>((resolve, reject) => {
      const drop = () => this.destroy(timedOut());
      const kill = () => {
        void this.killQuery();
        timer = setTimeout(drop, answerTimeoutMs - killAfterMs);
      };
      let timer: NodeJS.Timeout | undefined;
      if (killAfterMs > 0) timer = setTimeout(kill, killAfterMs);
      else if (answerTimeoutMs > 0) timer = setTimeout(drop, answerTimeoutMs);
      const settled = (failed: boolean) => {
        ended?.(failed);
        clearTimeout(timer);
        this.rejectRunning = undefined;
      };
      this.rejectRunning = (error) => {
        settled(true);
        reject(error);
      };
      start(
        (value) => {
          settled(false);
          if (this.killed) this.destroy();
          resolve(value);
        },
        (error) => {
          settled(true);
          if (this.killed || (error as { fatal?: boolean }).fatal === true) this.destroy(error);
          reject(error);
        },
      );
    });
  }

  /** Ends what runs on the server. If that cannot be, the answer's timeout drops the connection. */
  private async killQuery(): Promise<void> {
    try {
      const { address, host, options } = this;
      const other = await Connection.open(
        address,
        { ...options, initSql: "", setup: [], answerTimeoutMs: options.connectTimeoutMs, killAfterMs: 0 },
        host,
      );
      try {
        // Behind a balancer it may be another server, where the number is another's.
        const same = ["hostname", "port"].every((name) => other.probe[name] === this.probe[name]);
        if (!same || this.rejectRunning === undefined) return;
        this.killed = true;
        await other.run([statement(`KILL QUERY ${count(this.threadId)}`)]);
      } finally {
        await other.end();
      }
    } catch {
      // The connection is dropped in any case.
    }
  }
}

function timedOut(): Error {
  return Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" });
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
