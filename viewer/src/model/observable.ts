/** A value that React components follow by useSyncExternalStore: changes are told once a frame, however many came. */
export abstract class Observable {
  #listeners = new Set<() => void>();
  #version = 0;
  #scheduled = false;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Grows with every change that was told. */
  readonly version = (): number => this.#version;

  protected changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A hidden page has no frames, and nobody who would see them: the timer keeps it going all the same.
    const tell = () => {
      if (!this.#scheduled) return;
      this.#scheduled = false;
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      this.#version++;
      for (const listener of this.#listeners) listener();
    };
    const frame = requestAnimationFrame(tell);
    const timer = setTimeout(tell, 250);
  }
}
