/**
 * Group commit: writes that arrive while a commit is in flight ride together in the next
 * one. An idle server adds no wait; under load one commit serves many callers.
 *
 * Each write has its own outcome, and those of one session are committed in the order of
 * their arrival. What waits is bounded in number and bytes; beyond that callers get
 * SERVER_BUSY at once instead of a growing wait.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { RpcError, shuttingDown } from "../rpc/errors.ts";
import { StoreError } from "../store/errors.ts";

/** How one write of a group ended. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: StoreError };

/** What a write counts for. */
export interface Weight {
  /** Rows, roughly: 1 for most writes. */
  readonly items: number;
  readonly bytes: number;
}

/** What is grouped, and the bounds of it. */
export interface GroupCommitOptions<Input, Out extends Outcome> {
  /**
   * Commits a group, with outcomes in its order. The signal aborts when nobody waits for
   * the group any more.
   */
  readonly commit: (group: readonly Input[], signal: AbortSignal) => Promise<readonly Out[]>;
  /** The session of a write, as text: no two commits in flight have one in common. */
  readonly sessionOf: (input: Input) => string;
  readonly weigh: (input: Input) => Weight;
  /** Most writes that wait, and their bytes. One that alone is larger is taken if nothing waits. */
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  /** Most items and bytes of one commit. A write that alone is larger is committed alone. */
  readonly maxGroupItems: number;
  readonly maxGroupBytes: number;
  /** Most commits at a time. */
  readonly maxCommits: number;
  /** Told of every group when it goes to the store. Must not throw. */
  readonly onCommit?: ((report: CommitReport) => void) | undefined;
}

/** A group that goes to the store. */
export interface CommitReport extends Weight {
  /** How long each write waited, in seconds. */
  readonly waitedSeconds: readonly number[];
}

interface Waiting<Input, Out> {
  readonly input: Input;
  readonly session: string;
  readonly weight: Weight;
  /** When it came, by `performance.now()`. */
  readonly since: number;
  /** Runs work in the async context of its caller. */
  readonly inContext: <T>(work: () => T) => T;
  readonly settle: (outcome: Out) => void;
  readonly fail: (error: unknown) => void;
  /** What its caller leaves when it gives up: the queue, then the commit. */
  leave: () => void;
  left: boolean;
}

/** Groups writes of one kind. */
export class GroupCommit<Input, Out extends Outcome> {
  private readonly options: GroupCommitOptions<Input, Out>;
  /** In order of arrival. */
  private readonly queue = new Set<Waiting<Input, Out>>();
  private queuedBytes = 0;
  /** The sessions of the commits in flight. */
  private readonly busySessions = new Set<string>();
  private commits = 0;
  /** How many callers add several writes just now. */
  private held = 0;
  private draining = false;
  private readonly idleListeners: (() => void)[] = [];

  constructor(options: GroupCommitOptions<Input, Out>) {
    this.options = options;
  }

  /**
   * Commits one write. A signal that aborts before the commit began takes the write out;
   * later, it may happen all the same, and a retry tells.
   * @throws StoreError of its outcome or of the whole commit, RpcError SERVER_BUSY or
   *   SHUTTING_DOWN, the signal's reason
   */
  add(input: Input, signal?: AbortSignal): Promise<Extract<Out, { ok: true }>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.draining) return reject(shuttingDown());
      const weight = this.options.weigh(input);
      if (this.isFull(weight.bytes)) return reject(tooMuchWaiting());
      const onAbort = () => {
        waiting.left = true;
        waiting.leave();
        reject(signal?.reason);
      };
      const done = () => signal?.removeEventListener("abort", onAbort);
      const waiting: Waiting<Input, Out> = {
        input,
        session: this.options.sessionOf(input),
        weight,
        since: performance.now(),
        inContext: AsyncLocalStorage.snapshot() as Waiting<Input, Out>["inContext"],
        settle: (outcome) => {
          done();
          if (outcome.ok) resolve(outcome as Extract<Out, { ok: true }>);
          else reject(outcome.error);
        },
        fail: (error) => {
          done();
          reject(error);
        },
        leave: () => this.remove(waiting),
        left: false,
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.queue.add(waiting);
      this.queuedBytes += weight.bytes;
      this.startCommits();
    });
  }

  /** Starts no commit before `work`, which adds several writes, has returned: they ride together. */
  together<T>(work: () => T): T {
    this.held++;
    try {
      return work();
    } finally {
      this.held--;
      this.startCommits();
    }
  }

  /** Takes no more writes and resolves when those taken have ended. */
  drain(): Promise<void> {
    this.draining = true;
    if (this.isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.idleListeners.push(resolve));
  }

  /** What waits now, for metrics. */
  get waiting(): { readonly calls: number; readonly bytes: number } {
    return { calls: this.queue.size, bytes: this.queuedBytes };
  }

  private isFull(bytes: number): boolean {
    if (this.queue.size === 0) return false;
    return (
      this.queue.size >= this.options.maxQueued || this.queuedBytes + bytes > this.options.maxQueuedBytes
    );
  }

  private isIdle(): boolean {
    return this.queue.size === 0 && this.commits === 0;
  }

  private remove(waiting: Waiting<Input, Out>): void {
    if (this.queue.delete(waiting)) this.queuedBytes -= waiting.weight.bytes;
    this.reportIdle();
  }

  private startCommits(): void {
    while (this.held === 0 && this.commits < this.options.maxCommits) {
      const group = this.nextGroup();
      if (group.length === 0) return;
      void this.commit(group);
    }
  }

  /** The next writes whose sessions have no commit in flight, oldest first. */
  private nextGroup(): Waiting<Input, Out>[] {
    const { maxGroupItems, maxGroupBytes } = this.options;
    const group: Waiting<Input, Out>[] = [];
    let items = 0;
    let bytes = 0;
    for (const waiting of this.queue) {
      if (this.busySessions.has(waiting.session)) continue;
      const { weight } = waiting;
      const full = items + weight.items > maxGroupItems || bytes + weight.bytes > maxGroupBytes;
      if (group.length > 0 && full) break;
      group.push(waiting);
      items += weight.items;
      bytes += weight.bytes;
    }
    for (const waiting of group) this.queue.delete(waiting);
    this.queuedBytes -= bytes;
    return group;
  }

  private async commit(group: readonly Waiting<Input, Out>[]): Promise<void> {
    this.commits++;
    const sessions = new Set(group.map((waiting) => waiting.session));
    for (const session of sessions) this.busySessions.add(session);
    this.report(group);
    // A trace shows a commit under the call that came first.
    const answers = await group[0]?.inContext(() => this.run(group));
    for (const session of sessions) this.busySessions.delete(session);
    this.commits--;
    // First, so that the database works while the answers go out.
    this.startCommits();
    for (const answer of answers ?? []) answer();
    this.reportIdle();
  }

  /** Never rejects: for every caller of the group, what gives it its outcome or the group's failure. */
  private async run(group: readonly Waiting<Input, Out>[]): Promise<(() => void)[]> {
    try {
      const outcomes = await this.options.commit(
        group.map((waiting) => waiting.input),
        this.signalOf(group),
      );
      return group.map((waiting, at) => () => {
        const outcome = outcomes[at];
        if (outcome === undefined) waiting.fail(new Error("The store gave no outcome for a write."));
        else waiting.settle(outcome);
      });
    } catch (error) {
      if (group.length === 1 || !mayBeOneWrites(error)) {
        return group.map((waiting) => () => waiting.fail(error));
      }
      // A failure that may come from one write's data must not be that of its neighbours;
      // the store's marks make the second try safe even if the first was committed (I4).
      const answers: (() => void)[] = [];
      for (const waiting of group) if (!waiting.left) answers.push(...(await this.run([waiting])));
      return answers;
    }
  }

  /** Aborts when every caller of a group has left. */
  private signalOf(group: readonly Waiting<Input, Out>[]): AbortSignal {
    const abandoned = new AbortController();
    let staying = 0;
    const leave = () => {
      staying--;
      if (staying === 0) abandoned.abort();
    };
    for (const waiting of group) {
      if (waiting.left) continue;
      staying++;
      waiting.leave = leave;
    }
    return abandoned.signal;
  }

  private report(group: readonly Waiting<Input, Out>[]): void {
    const { onCommit } = this.options;
    if (onCommit === undefined) return;
    const now = performance.now();
    onCommit({
      items: group.reduce((sum, { weight }) => sum + weight.items, 0),
      bytes: group.reduce((sum, { weight }) => sum + weight.bytes, 0),
      waitedSeconds: group.map(({ since }) => (now - since) / 1000),
    });
  }

  private reportIdle(): void {
    if (!this.isIdle()) return;
    for (const listener of this.idleListeners.splice(0)) listener();
  }
}

/** Whether a group's failure says nothing of the database, so that single writes may succeed. */
function mayBeOneWrites(error: unknown): boolean {
  return !(error instanceof StoreError) || error.reason === "INTERNAL" || error.reason === "TOO_LARGE";
}

function tooMuchWaiting(): RpcError {
  return new RpcError("SERVER_BUSY", "Too many writes are waiting. Retry after the delay in RetryInfo.");
}
