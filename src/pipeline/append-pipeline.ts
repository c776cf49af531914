/**
 * The append pipeline: appends that arrive while a commit is in flight ride together in
 * the next one. An idle server adds no wait; under load one commit serves many callers.
 *
 * Each append has its own outcome, and those of one session are committed in the order
 * of their arrival. What waits is bounded in number and bytes; beyond that callers get
 * SERVER_BUSY at once instead of a growing wait.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { RpcError, shuttingDown } from "../rpc/errors.ts";
import { keyText } from "../store/append-plan.ts";
import { StoreError } from "../store/errors.ts";
import type { AppendInput, AppendOutcome, Store } from "../store/store.ts";

/** A successful append. */
export type Appended = Extract<AppendOutcome, { ok: true }>;

/** The bounds of a pipeline; sizes are in bytes of events. */
export interface AppendPipelineOptions {
  /** Most appends that wait, and their bytes. One that alone is larger is taken if nothing waits. */
  readonly maxQueuedAppends: number;
  readonly maxQueuedBytes: number;
  /**
   * Most events of one commit and their bytes, 1,024 and 16 MiB if absent: more would save little and
   * make everyone wait. An append that alone is larger is committed alone.
   */
  readonly maxGroupEvents?: number;
  readonly maxGroupBytes?: number;
  /** Most commits at a time, never two of one session; 1 if absent. */
  readonly maxCommits?: number;
  /** Told of every group when it goes to the store. Must not throw. */
  readonly onCommit?: (report: CommitReport) => void;
}

/** A group of appends that goes to the store. */
export interface CommitReport {
  readonly events: number;
  readonly bytes: number;
  /** How long each append waited, in seconds. */
  readonly waitedSeconds: readonly number[];
}

interface Waiting {
  readonly input: AppendInput;
  readonly session: string;
  readonly bytes: number;
  /** When it came, by `performance.now()`. */
  readonly since: number;
  /** Runs work in the async context of its caller. */
  readonly inContext: <T>(work: () => T) => T;
  readonly settle: (outcome: AppendOutcome) => void;
  readonly fail: (error: unknown) => void;
}

/** Runs all appends of a process. */
export class AppendPipeline {
  private readonly store: Pick<Store, "append" | "capabilities">;
  private readonly options: Required<Omit<AppendPipelineOptions, "onCommit">>;
  private readonly onCommit: AppendPipelineOptions["onCommit"];
  /** In order of arrival. */
  private readonly queue = new Set<Waiting>();
  private queuedBytes = 0;
  /** The sessions of the commits in flight. */
  private readonly busySessions = new Set<string>();
  private commits = 0;
  private draining = false;
  private readonly idleListeners: (() => void)[] = [];

  constructor(store: Pick<Store, "append" | "capabilities">, options: AppendPipelineOptions) {
    this.store = store;
    const maxGroupBytes = Math.min(16 * 1024 * 1024, store.capabilities.maxAppendBytes);
    const { onCommit, ...bounds } = options;
    this.onCommit = onCommit;
    this.options = { maxGroupEvents: 1_024, maxGroupBytes, maxCommits: 1, ...bounds };
  }

  /**
   * Commits one append. A signal that aborts before the commit began takes the append out;
   * later, the append may happen all the same, and a retry with its event ids tells.
   * @throws StoreError as `Store.append` has them, RpcError SERVER_BUSY or SHUTTING_DOWN,
   *   the signal's reason
   */
  append(input: AppendInput, signal?: AbortSignal): Promise<Appended> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.draining) return reject(shuttingDown());
      const bytes = input.events.reduce((sum, event) => sum + event.bytes, 0);
      if (this.isFull(bytes)) return reject(tooMuchWaiting());
      const onAbort = () => {
        this.remove(waiting);
        reject(signal?.reason);
      };
      const done = () => signal?.removeEventListener("abort", onAbort);
      const waiting: Waiting = {
        input,
        session: keyText(input.key),
        bytes,
        since: performance.now(),
        inContext: AsyncLocalStorage.snapshot() as Waiting["inContext"],
        settle: (outcome) => {
          done();
          if (outcome.ok) resolve(outcome);
          else reject(outcome.error);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.queue.add(waiting);
      this.queuedBytes += bytes;
      this.startCommits();
    });
  }

  /** Takes no more appends and resolves when those taken have ended. */
  drain(): Promise<void> {
    this.draining = true;
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.idleListeners.push(resolve));
  }

  /** What waits now, for metrics. */
  get waiting(): { readonly appends: number; readonly bytes: number } {
    return { appends: this.queue.size, bytes: this.queuedBytes };
  }

  private isFull(bytes: number): boolean {
    if (this.queue.size === 0) return false;
    return (
      this.queue.size >= this.options.maxQueuedAppends ||
      this.queuedBytes + bytes > this.options.maxQueuedBytes
    );
  }

  private isIdle(): boolean {
    return this.queue.size === 0 && this.commits === 0;
  }

  private remove(waiting: Waiting): void {
    if (this.queue.delete(waiting)) this.queuedBytes -= waiting.bytes;
    this.reportIdle();
  }

  private startCommits(): void {
    while (this.commits < this.options.maxCommits) {
      const group = this.nextGroup();
      if (group.length === 0) return;
      void this.commit(group);
    }
  }

  /** The next appends whose sessions have no commit in flight, oldest first. */
  private nextGroup(): Waiting[] {
    const { maxGroupEvents, maxGroupBytes } = this.options;
    const group: Waiting[] = [];
    let events = 0;
    let bytes = 0;
    for (const waiting of this.queue) {
      if (this.busySessions.has(waiting.session)) continue;
      events += waiting.input.events.length;
      if (group.length > 0 && (events > maxGroupEvents || bytes + waiting.bytes > maxGroupBytes)) break;
      group.push(waiting);
      bytes += waiting.bytes;
    }
    for (const waiting of group) this.queue.delete(waiting);
    this.queuedBytes -= bytes;
    return group;
  }

  private async commit(group: readonly Waiting[]): Promise<void> {
    this.commits++;
    const sessions = new Set(group.map((waiting) => waiting.session));
    for (const session of sessions) this.busySessions.add(session);
    this.report(group);
    // A trace shows a commit under the call that came first.
    await group[0]?.inContext(() => this.run(group));
    for (const session of sessions) this.busySessions.delete(session);
    this.commits--;
    this.startCommits();
    this.reportIdle();
  }

  /** Never rejects: every caller of the group gets its outcome or the group's failure. */
  private async run(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.store.append(group.map((waiting) => waiting.input));
      for (const [at, waiting] of group.entries()) {
        const outcome = outcomes[at];
        if (outcome === undefined) waiting.fail(new Error("The store gave no outcome for an append."));
        else waiting.settle(outcome);
      }
    } catch (error) {
      // A failure that may come from one append's data must not be that of its neighbours;
      // ids and digests make the second try safe even if the first was committed (I4).
      if (group.length > 1 && mayBeOneAppends(error)) {
        for (const waiting of group) await this.run([waiting]);
      } else {
        for (const waiting of group) waiting.fail(error);
      }
    }
  }

  private report(group: readonly Waiting[]): void {
    if (this.onCommit === undefined) return;
    const now = performance.now();
    this.onCommit({
      events: group.reduce((sum, { input }) => sum + input.events.length, 0),
      bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
      waitedSeconds: group.map(({ since }) => (now - since) / 1000),
    });
  }

  private reportIdle(): void {
    if (!this.isIdle()) return;
    for (const listener of this.idleListeners.splice(0)) listener();
  }
}

/** Whether a group's failure says nothing of the database, so that single appends may succeed. */
function mayBeOneAppends(error: unknown): boolean {
  return !(error instanceof StoreError) || error.reason === "INTERNAL" || error.reason === "TOO_LARGE";
}

function tooMuchWaiting(): RpcError {
  return new RpcError("SERVER_BUSY", "Too many appends are waiting. Retry after the delay in RetryInfo.");
}
