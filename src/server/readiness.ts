/** Whether this server should be sent calls: the store answers and nobody asked it to stop. */
import type { Store } from "../store/store.ts";

/** Why it is not ready, or that it is. */
export type Readiness = "ready" | "store" | "stopping";

/** Asks the store when asked, and tells those who watch. */
export class ReadinessCheck {
  readonly #store: Pick<Store, "ping">;
  readonly #timeoutMs: number;
  readonly #watchers = new Set<(state: Readiness) => void>();
  #stopping = false;
  #asking: Promise<Readiness> | undefined;
  #last: Readiness = "ready";
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Pick<Store, "ping">, timeoutMs: number) {
    this.#store = store;
    this.#timeoutMs = timeoutMs;
  }

  /** The state at the last look. */
  get last(): Readiness {
    return this.#last;
  }

  /** Looks now; probes that come meanwhile share the one question to the store. */
  check(): Promise<Readiness> {
    if (this.#stopping) return Promise.resolve("stopping");
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Calls back at every change from now on, until the returned function is called. */
  watch(onChange: (state: Readiness) => void): () => void {
    this.#watchers.add(onChange);
    return () => void this.#watchers.delete(onChange);
  }

  /** Looks again and again, for those who watch. */
  poll(everyMs: number): void {
    this.#timer = setInterval(() => void this.check(), everyMs).unref();
  }

  /** From now on it is not ready, for good. */
  stop(): void {
    this.#stopping = true;
    clearInterval(this.#timer);
    this.#tell("stopping");
  }

  async #ask(): Promise<Readiness> {
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    const late = new Promise<never>((_, reject) =>
      timeout.addEventListener("abort", () => reject(timeout.reason), { once: true }),
    );
    const state = await Promise.race([this.#store.ping(timeout), late]).then(
      () => "ready" as const,
      () => "store" as const,
    );
    if (!this.#stopping) this.#tell(state);
    return this.#last;
  }

  #tell(state: Readiness): void {
    if (state === this.#last) return;
    this.#last = state;
    for (const watcher of this.#watchers) watcher(state);
  }
}
