/** The newest entries of a feed, for those who read it at their own pace. */

/** An entry, and what a cursor may say once it has been told. */
export interface LogEntry<News> {
  readonly news: News;
  /** See `WatchCursor.through`. */
  readonly through: number;
}

/** Entries that were added longer ago are let go, in microseconds. */
const MAX_AGE_MICROS = 60_000_000;

/** A log whose entries have indexes that never change; the oldest are let go. */
export class FeedLog<News> {
  readonly #maxEntries: number;
  #entries: LogEntry<News>[] = [];
  /** The index of the first entry. */
  #first = 0;

  /** It keeps at least so many of the newest entries, and at most twice as many. */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** The index that the next entry will have. */
  get end(): number {
    return this.#first + this.#entries.length;
  }

  /** How many entries it has. */
  get size(): number {
    return this.#entries.length;
  }

  add(news: News, through: number): void {
    this.#entries.push({ news, through });
    // Some at a time, since each cut moves all the others.
    if (this.#entries.length >= 2 * this.#maxEntries) this.#cut(this.#maxEntries);
  }

  /** At most `limit` entries from an index on; undefined if the log no longer reaches back so far. */
  from(index: number, limit: number): readonly LogEntry<News>[] | undefined {
    if (index < this.#first) return undefined;
    return this.#entries.slice(index - this.#first, index - this.#first + limit);
  }

  /** Lets go what is old by the time that it is now. */
  forget(nowMicros: number): void {
    const kept = this.#entries.findIndex(({ through }) => through >= nowMicros - MAX_AGE_MICROS);
    this.#cut(kept === -1 ? this.#entries.length : kept);
  }

  #cut(count: number): void {
    if (count === 0) return;
    this.#entries = this.#entries.slice(count);
    this.#first += count;
  }
}
