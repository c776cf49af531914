/** A bounded set of connections with a bounded queue for them. */
import type { PoolStats } from "../connections.ts";
import { StoreError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { PoolCounters } from "./pool-counters.ts";

export interface PoolOptions {
  /** For the statistics: `writes` or `reads`. */
  readonly name: string;
  /** Opens a connection. */
  readonly connect: () => Promise<Connection>;
  /** Connections that stay open though idle, and most at a time. */
  readonly min: number;
  readonly max: number;
  /** Calls that may wait for a connection; more are SERVER_BUSY at once. */
  readonly queue: number;
  /** How long a call waits for one before SERVER_BUSY, in milliseconds. */
  readonly acquireTimeoutMs: number;
  /** A connection beyond `min` that was idle for so long is closed. */
  readonly idleTimeoutMs: number;
  /** A connection is replaced at about this age, so that load moves to servers that came later; 0 is never. */
  readonly maxAgeMs: number;
  /** One that was idle for longer is asked whether it is still there. */
  readonly checkAfterMs: number;
  /** Called when a write succeeded after the server had refused one: writes lead to another server now. */
  readonly onMoved?: () => void;
  /** Told of every repetition, with its cause. */
  readonly onRetry?: ((cause: string) => void) | undefined;
}

/** How far ages differ, so that connections opened together are not replaced together. */
const AGE_JITTER = 0.2;
/** How often idle connections are looked at, at least and at most. */
const MIN_SWEEP_MS = 50;
const MAX_SWEEP_MS = 10_000;

interface Waiter {
  readonly since: number;
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: unknown) => void;
  readonly stop: () => void;
}

interface Idle {
  readonly connection: Connection;
  readonly since: number;
}

/** What the pool knows of a connection. */
interface Facts {
  readonly retireAt: number;
  readonly generation: number;
}

export class Pool {
  private readonly options: PoolOptions;
  /** The one used last is the last. */
  private readonly idle: Idle[] = [];
  private readonly waiters: Waiter[] = [];
  private readonly facts = new WeakMap<Connection, Facts>();
  private readonly counters = new PoolCounters();
  /** Connections that are open or being opened, and of them those that are being opened or checked. */
  private open = 0;
  private opening = 0;
  /** Connections of earlier generations lead to a server that is no longer the right one. */
  private generation = 0;
  private writesRefused = false;
  private closed: PromiseWithResolvers<void> | undefined;
  private readonly sweeper: NodeJS.Timeout;

  constructor(options: PoolOptions) {
    this.options = options;
    const shortest = Math.min(options.idleTimeoutMs, options.maxAgeMs || options.idleTimeoutMs);
    const every = Math.min(MAX_SWEEP_MS, Math.max(MIN_SWEEP_MS, shortest / 4));
    this.sweeper = setInterval(() => this.sweep(), every).unref();
    this.sweep();
  }

  /** Says that something on a connection of this pool failed for a cause that passes, and is run again. */
  retried(cause: string): void {
    this.options.onRetry?.(cause);
  }

  /**
   * Runs `work` on a connection of its own, which then goes back, or away if it broke.
   * @throws StoreError SERVER_BUSY, STORE_CLOSED; the signal's reason while it waits; the
   *   driver's error if no connection can be opened; what `work` throws
   */
  async use<T>(signal: AbortSignal | undefined, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.takeFresh(signal) ?? (await this.wait(signal));
    try {
      return await work(connection);
    } finally {
      this.give(connection);
      this.settleClose();
    }
  }

  /** The server refused a write, being read-only: its connections are not used again. */
  refusedWrite(): void {
    this.writesRefused = true;
    this.renew();
  }

  /** The server took a write. */
  tookWrite(): void {
    if (!this.writesRefused) return;
    this.writesRefused = false;
    this.options.onMoved?.();
  }

  /** Replaces every connection: idle ones now, those in use when they come back. */
  renew(): void {
    this.generation++;
    for (const { connection } of this.idle.splice(0)) this.drop(connection);
    this.supply();
  }

  /** What it holds now, and what it did since it was made. */
  stats(): PoolStats {
    return {
      name: this.options.name,
      max: this.options.max,
      inUse: this.open - this.opening - this.idle.length,
      idle: this.idle.length,
      opening: this.opening,
      waiting: this.waiters.length,
      ...this.counters.read(),
    };
  }

  /** Waits for what runs and waits, then closes every connection. */
  async close(): Promise<void> {
    clearInterval(this.sweeper);
    this.closed ??= Promise.withResolvers<void>();
    this.settleClose();
    await this.closed.promise;
  }

  /** The idle connection used last, if it needs no check. */
  private takeFresh(signal: AbortSignal | undefined): Connection | undefined {
    signal?.throwIfAborted();
    if (this.closed !== undefined) throw new StoreError("STORE_CLOSED", "The store is closed.");
    if (this.waiters.length > 0) return undefined;
    const idle = this.popIdle();
    if (idle === undefined) return undefined;
    if (this.isStale(idle)) {
      this.idle.push(idle);
      return undefined;
    }
    this.counters.acquired(0);
    return idle.connection;
  }

  private wait(signal: AbortSignal | undefined): Promise<Connection> {
    const free = this.idle.length > 0 || this.open < this.options.max;
    if (!free && this.waiters.length >= this.options.queue) throw this.busy();
    return new Promise<Connection>((resolve, reject) => {
      const leave = (error: unknown) => {
        waiter.stop();
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        reject(error);
        this.settleClose();
      };
      const onTimeout = () => {
        // The first waiters get what is being opened, and the connect has a timeout of its own.
        if (this.waiters.indexOf(waiter) >= this.opening) leave(this.busy());
      };
      const timer = setTimeout(onTimeout, this.options.acquireTimeoutMs);
      const onAbort = () => leave(signal?.reason);
      const stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = { since: performance.now(), resolve, reject, stop };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.waiters.push(waiter);
      this.supply();
    });
  }

  private busy(): StoreError {
    this.counters.refused++;
    return new StoreError("SERVER_BUSY", "All connections to the database are in use. Retry.");
  }

  /** Starts what gives every waiter a connection, as far as the bound allows. */
  private supply(): void {
    while (this.waiters.length > this.opening) {
      const idle = this.popIdle();
      if (idle !== undefined) {
        void this.check(idle);
      } else if (this.open < this.options.max) {
        void this.connect();
      } else {
        return;
      }
    }
  }

  /** Opens a connection for whoever waits longest; a failure is theirs. */
  private async connect(): Promise<void> {
    const { generation } = this;
    this.open++;
    this.opening++;
    try {
      const connection = await this.options.connect();
      this.opening--;
      this.counters.opened++;
      this.facts.set(connection, { retireAt: this.retirement(), generation });
      this.give(connection);
    } catch (error) {
      this.opening--;
      this.open--;
      this.counters.openFailures++;
      const waiter = this.waiters.shift();
      waiter?.stop();
      waiter?.reject(error);
      this.supply();
    }
    this.settleClose();
  }

  private retirement(): number {
    const { maxAgeMs } = this.options;
    if (maxAgeMs === 0) return Number.POSITIVE_INFINITY;
    return performance.now() + maxAgeMs * (1 - AGE_JITTER + 2 * AGE_JITTER * Math.random());
  }

  private async check(idle: Idle): Promise<void> {
    const { connection } = idle;
    if (!this.isStale(idle)) return this.give(connection);
    this.opening++;
    // A connection that does not answer is broken then, which `give` sees.
    await connection.ping().catch((error: unknown) => connection.destroy(error));
    this.opening--;
    this.give(connection);
    this.settleClose();
  }

  private isStale({ since }: Idle): boolean {
    return performance.now() - since > this.options.checkAfterMs;
  }

  /** Hands a connection on to whoever waits longest, or keeps it, or closes it. */
  private give(connection: Connection): void {
    if (!this.isFit(connection)) {
      this.drop(connection);
      this.supply();
      return;
    }
    const waiter = this.waiters.shift();
    if (waiter === undefined) {
      this.idle.push({ connection, since: performance.now() });
      return;
    }
    waiter.stop();
    this.counters.acquired((performance.now() - waiter.since) / 1_000);
    waiter.resolve(connection);
  }

  private popIdle(): Idle | undefined {
    for (let idle = this.idle.pop(); idle !== undefined; idle = this.idle.pop()) {
      if (this.isFit(idle.connection)) return idle;
      this.drop(idle.connection);
    }
    return undefined;
  }

  private isFit(connection: Connection): boolean {
    const { retireAt, generation } = this.facts.get(connection) as Facts;
    return connection.usable && generation === this.generation && performance.now() < retireAt;
  }

  private drop(connection: Connection, idleTooLong = false): void {
    const { generation } = this.facts.get(connection) as Facts;
    this.open--;
    this.counters.closed[
      !connection.usable ? "lost" : generation !== this.generation ? "moved" : idleTooLong ? "idle" : "age"
    ]++;
    void connection.end();
  }

  /** Closes what is lost, old, or idle for too long, and opens what is missing to the minimum. */
  private sweep(): void {
    const now = performance.now();
    for (const idle of this.idle.splice(0)) {
      const { connection, since } = idle;
      if (!this.isFit(connection)) this.drop(connection);
      else if (now - since > this.options.idleTimeoutMs && this.open > this.options.min)
        this.drop(connection, true);
      else this.idle.push(idle);
    }
    while (this.open < this.options.min) void this.connect();
  }

  private settleClose(): void {
    if (this.closed === undefined || this.waiters.length > 0 || this.idle.length < this.open) return;
    const ended = this.idle.splice(0).map(({ connection }) => {
      this.open--;
      this.counters.closed.shutdown++;
      return connection.end();
    });
    this.closed.resolve(Promise.all(ended).then(() => undefined));
  }
}
