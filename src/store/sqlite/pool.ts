/**
 * Workers that run calls in the order in which they came, one at a time each. Calls wait
 * here and not in a worker, so that an abort or a timeout still takes them back.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { Worker } from "node:worker_threads";
import { StartError, StoreError } from "../errors.ts";
import type { StatementEnd, StoreObserver } from "../observer.ts";
import type { OperationInput, OperationName, OperationOutput } from "./operations.ts";
import {
  type FromWorker,
  fromErrorData,
  type OpenedInfo,
  type ToWorker,
  type WorkerOptions,
} from "./wire.ts";

/** How a pool is made. */
export interface PoolOptions {
  readonly worker: WorkerOptions;
  readonly size: number;
  /** How long a call waits for a worker before SERVER_BUSY, in milliseconds. */
  readonly acquireTimeoutMs: number;
  readonly observe?: StoreObserver | undefined;
}

interface Call {
  readonly message: ToWorker;
  /** Tells the observer that a worker begins with it, in the async context of its caller. */
  readonly observe: (() => StatementEnd) | undefined;
  readonly settle: (answer: { readonly output: unknown } | { readonly error: unknown }) => void;
}

/** A pool of workers. A worker that dies fails its call; the next call starts another one. */
export class WorkerPool {
  private readonly options: PoolOptions;
  private readonly workers = new Set<PoolWorker>();
  private readonly idle: PoolWorker[] = [];
  private readonly waiting = new Set<Call>();
  private closed: Promise<void> | undefined;
  private drained: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.options = options;
  }

  /** Starts all workers. @throws StartError of the first that does not open the database */
  async start(): Promise<OpenedInfo> {
    const infos = await Promise.all(Array.from({ length: this.options.size }, () => this.startWorker()));
    const [info] = infos;
    if (info === undefined) throw new Error("a pool has at least one worker");
    return info;
  }

  /**
   * Runs an operation in the next free worker. `signal` takes it back while it waits.
   * @throws StoreError, or the signal's reason
   */
  call<K extends OperationName>(
    name: K,
    input: OperationInput<K>,
    signal: AbortSignal | undefined,
  ): Promise<OperationOutput<K>> {
    if (this.closed !== undefined)
      return Promise.reject(new StoreError("STORE_CLOSED", "The store is closed."));
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const answered = Promise.withResolvers<OperationOutput<K>>();
    const { observe } = this.options;
    const call: Call = {
      message: { kind: "call", name, input },
      observe: observe && AsyncLocalStorage.bind(() => observe.statement(name)),
      settle: (answer) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        if ("error" in answer) answered.reject(answer.error);
        else answered.resolve(answer.output as OperationOutput<K>);
      },
    };
    const takeBack = (error: unknown): void => {
      if (this.waiting.delete(call)) call.settle({ error });
    };
    const onAbort = (): void => takeBack(signal?.reason);
    const timer = setTimeout(
      () => takeBack(new StoreError("SERVER_BUSY", "Too many calls wait for the database. Retry.")),
      this.options.acquireTimeoutMs,
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    this.waiting.add(call);
    this.dispatch();
    return answered.promise;
  }

  /** Waits for the calls made so far, then ends all workers. */
  close(): Promise<void> {
    this.closed ??= this.drain().then(async () => {
      await Promise.all([...this.workers].map((worker) => worker.close()));
    });
    return this.closed;
  }

  private async drain(): Promise<void> {
    if (this.waiting.size === 0 && this.idle.length === this.workers.size) return;
    await new Promise<void>((resolve) => {
      this.drained = resolve;
    });
  }

  private async startWorker(): Promise<OpenedInfo> {
    const worker = new PoolWorker(this.options.worker, {
      freed: () => {
        this.idle.push(worker);
        this.dispatch();
      },
      ended: () => {
        this.workers.delete(worker);
        const at = this.idle.indexOf(worker);
        if (at !== -1) this.idle.splice(at, 1);
        this.dispatch();
      },
    });
    this.workers.add(worker);
    return worker.opened;
  }

  private dispatch(): void {
    for (const call of this.waiting) {
      const worker = this.idle.pop();
      if (worker === undefined) break;
      this.waiting.delete(call);
      worker.run(call);
    }
    if (this.waiting.size > 0 && this.workers.size < this.options.size) this.replaceWorker();
    if (this.waiting.size === 0 && this.idle.length === this.workers.size) this.drained?.();
  }

  /** Starts a worker for one that died. If it cannot, all that waits fails: nobody would come for it. */
  private replaceWorker(): void {
    this.startWorker().catch((cause: unknown) => {
      if (this.workers.size > 1) return; // another one lives and serves
      const error = new StoreError("STORE_UNAVAILABLE", "The database cannot be opened.", { cause });
      const calls = [...this.waiting];
      this.waiting.clear();
      for (const call of calls) call.settle({ error });
    });
  }
}

/** What a worker tells its pool. */
interface WorkerEvents {
  /** It is open, or its call is done. */
  readonly freed: () => void;
  /** It is gone. */
  readonly ended: () => void;
}

class PoolWorker {
  readonly opened: Promise<OpenedInfo>;
  private readonly worker: Worker;
  private readonly exited: Promise<void>;
  private readonly events: WorkerEvents;
  private call: Call | undefined;
  private ended: StatementEnd | undefined;

  constructor(options: WorkerOptions, events: WorkerEvents) {
    this.events = events;
    // Runs from source as well as from what tsc built; flags of the main thread are not its own.
    const suffix = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.worker = new Worker(new URL(`./worker.${suffix}`, import.meta.url), {
      workerData: options,
      name: `sqlite-${options.role}`,
      execArgv: [],
    });
    const opened = Promise.withResolvers<OpenedInfo>();
    const exited = Promise.withResolvers<void>();
    this.opened = opened.promise;
    this.exited = exited.promise;
    let crash: unknown;
    this.worker.on("error", (error) => {
      crash = error;
    });
    this.worker.on("message", (message: FromWorker) => {
      if (message.kind === "opened") {
        opened.resolve(message.info);
        this.events.freed();
      } else if (message.kind === "refused") {
        opened.reject(new StartError(message.message, { cause: message.cause }));
      } else this.answer(message.kind === "done" ? message : { error: fromErrorData(message.error) });
    });
    this.worker.on("exit", () => {
      const cause = crash ?? new Error("the worker ended by itself");
      const error = new StoreError("STORE_UNAVAILABLE", "The database connection was lost.", { cause });
      opened.reject(error);
      const call = this.call;
      this.call = undefined;
      this.tellEnd(true);
      this.events.ended();
      call?.settle({ error });
      exited.resolve();
    });
  }

  run(call: Call): void {
    this.call = call;
    this.ended = call.observe?.();
    try {
      this.worker.postMessage(call.message);
    } catch (cause) {
      // The input is no plain data: the caller's fault, and the worker heard nothing of it.
      this.answer({ error: new StoreError("INTERNAL", "The store failed.", { cause }) });
    }
  }

  async close(): Promise<void> {
    this.worker.postMessage({ kind: "close" } satisfies ToWorker);
    await this.exited;
  }

  private answer(answer: { readonly output: unknown } | { readonly error: unknown }): void {
    const call = this.call;
    this.call = undefined;
    this.tellEnd("error" in answer);
    this.events.freed();
    call?.settle(answer);
  }
  private tellEnd(failed: boolean): void {
    this.ended?.(failed);
    this.ended = undefined;
  }
}
