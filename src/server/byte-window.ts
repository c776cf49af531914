/** Counts the bytes that were sent and not taken yet, so that a slow reader costs bounded memory. */

/** Room for bytes in flight. */
export class ByteWindow {
  readonly #limit: number;
  #inFlight = 0;
  #waiting: (() => void) | undefined;

  /** At most `limit` bytes, unless one message alone is larger. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that were sent and not taken. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether there is room for another message, whatever its size. */
  get open(): boolean {
    return this.#inFlight < this.#limit;
  }

  /** Resolves once there is room; one waiter at a time. */
  opened(): Promise<void> {
    if (this.open) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = resolve;
    return promise;
  }

  /** Counts bytes that are sent. */
  add(bytes: number): void {
    this.#inFlight += bytes;
  }

  /** Counts bytes that were taken. */
  remove(bytes: number): void {
    this.#inFlight -= bytes;
    if (!this.open) return;
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
