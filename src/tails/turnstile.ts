/** Lets only so much of one kind of work run at a time; the rest waits in its order. */

/** A bound on work that would otherwise all begin at once. */
export class Turnstile {
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  /** At most `limit` at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `work` when its turn has come. @throws the reason of `signal` if it aborts before, and what `work` throws */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#running >= this.#limit) await this.#turn(signal);
    else this.#running++;
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  /** Waits for a place that somebody hands on. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const enter = (): void => {
      signal.removeEventListener("abort", leave);
      resolve();
    };
    const leave = (): void => {
      this.#waiting.delete(enter);
      reject(signal.reason);
    };
    this.#waiting.add(enter);
    signal.addEventListener("abort", leave, { once: true });
    await promise;
  }

  /** Hands the place to the next, if there is one. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#running--;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
