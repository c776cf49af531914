/** A bounded set of connections with a bounded queue for them. */
import { StoreError } from "../errors.ts";
import type { Connection } from "./connection.ts";

export interface PoolOptions {
  /** Opens a connection. */
  readonly connect: () => Promise<Connection>;
  /** Most connections at a time. */
  readonly size: number;
  /** How long a call waits for one before SERVER_BUSY, in milliseconds. */
  readonly acquireTimeoutMs: number;
}

/** Calls that may wait for each connection; more are SERVER_BUSY at once. */
const WAITING_PER_CONNECTION = 100;
/** A connection is replaced after this age, so that load moves to servers that came later. */
const MAX_AGE_MS = 30 * 60_000;
/** One that was idle for longer is asked whether it is still there. */
const CHECK_AFTER_IDLE_MS = 10_000;

interface Waiter {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
  readonly stop: () => void;
}

interface Idle {
  readonly connection: Connection;
  readonly since: number;
}

export class Pool {
  private readonly options: PoolOptions;
  private readonly idle: Idle[] = [];
  private readonly waiters: Waiter[] = [];
  /** Connections that are open or being opened. */
  private open = 0;
  private closed: PromiseWithResolvers<void> | undefined;
  private readonly retireAt = new WeakMap<Connection, number>();

  constructor(options: PoolOptions) {
    this.options = options;
  }

  /**
   * Runs `work` on a connection of its own, which then goes back, or away if it broke.
   * @throws StoreError SERVER_BUSY, STORE_CLOSED; the signal's reason while it waits; the
   *   driver's error if no connection can be opened; what `work` throws
   */
  async use<T>(signal: AbortSignal | undefined, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.acquire(signal);
    try {
      return await work(connection);
    } finally {
      this.release(connection);
    }
  }

  /** Closes connections that nobody uses now: the server they lead to is no longer the right one. */
  dropIdle(): void {
    for (const { connection } of this.idle.splice(0)) void this.drop(connection);
  }

  /** Waits for what runs and waits, then closes every connection. */
  async close(): Promise<void> {
    this.closed ??= Promise.withResolvers<void>();
    this.settleClose();
    await this.closed.promise;
  }

  private async acquire(signal: AbortSignal | undefined): Promise<Connection> {
    signal?.throwIfAborted();
    if (this.closed !== undefined) throw new StoreError("STORE_CLOSED", "The store is closed.");
    if (this.waiters.length === 0 && this.available()) return this.take();
    if (this.waiters.length >= this.options.size * WAITING_PER_CONNECTION) throw busy();
    const connection = await new Promise<Connection>((resolve, reject) => {
      const leave = (error: unknown) => {
        waiter.stop();
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        reject(error);
      };
      const timer = setTimeout(() => leave(busy()), this.options.acquireTimeoutMs);
      const onAbort = () => leave(signal?.reason);
      const stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = { resolve, reject, stop };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.waiters.push(waiter);
    });
    return connection;
  }

  private available(): boolean {
    return this.idle.length > 0 || this.open < this.options.size;
  }

  /** An idle connection that still lives, or a new one. Call only when one is available. */
  private async take(): Promise<Connection> {
    for (let idle = this.idle.pop(); idle !== undefined; idle = this.idle.pop()) {
      if (await isAlive(idle)) return idle.connection;
      this.open--;
    }
    this.open++;
    try {
      const connection = await this.options.connect();
      // Spread, so that connections opened together are not replaced together.
      this.retireAt.set(connection, performance.now() + MAX_AGE_MS * (0.8 + 0.4 * Math.random()));
      return connection;
    } catch (error) {
      this.open--;
      this.serve();
      throw error;
    }
  }

  private release(connection: Connection): void {
    const old = performance.now() > (this.retireAt.get(connection) ?? 0);
    if (!connection.usable || old) void this.drop(connection);
    else this.idle.push({ connection, since: performance.now() });
    this.serve();
  }

  private drop(connection: Connection): Promise<void> {
    this.open--;
    return connection.end();
  }

  private serve(): void {
    while (this.waiters.length > 0 && this.available()) {
      const waiter = this.waiters.shift() as Waiter;
      waiter.stop();
      this.take().then(waiter.resolve, waiter.reject);
    }
    this.settleClose();
  }

  private settleClose(): void {
    if (this.closed === undefined || this.waiters.length > 0 || this.idle.length < this.open) return;
    const ended = this.idle.splice(0).map(({ connection }) => this.drop(connection));
    this.closed.resolve(Promise.all(ended).then(() => undefined));
  }
}

async function isAlive({ connection, since }: Idle): Promise<boolean> {
  if (!connection.usable) return false;
  if (performance.now() - since < CHECK_AFTER_IDLE_MS) return true;
  try {
    await connection.ping();
    return true;
  } catch {
    connection.destroy();
    return false;
  }
}

function busy(): StoreError {
  return new StoreError("SERVER_BUSY", "All connections to the database are in use. Retry.");
}
