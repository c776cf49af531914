/** What live streams tell of themselves, for metrics. */

/** Told while they work; its methods are cheap and never throw. */
export interface TailObserver {
  /** A frame was sent. */
  frame(kind: string): void;
  /** A stream was closed in words of its own, for this reason of the contract. */
  closed(reason: string): void;
  /** A session was read for its tails: from the store, or out of what this process had just appended. */
  read(source: "store" | "appended"): void;
  /** The database was asked which sessions moved. */
  polled(poll: Poll): void;
  /** It could not be asked. */
  pollFailed(cause: unknown): void;
}

/** One round of questions to the database. */
export interface Poll {
  /** How long it took. */
  readonly seconds: number;
  /** From the beginning of the one before; undefined after a rest. */
  readonly gapSeconds: number | undefined;
  /** Sessions that it found changed. */
  readonly moved: number;
}

/** Tells nobody. */
export const unobserved: TailObserver = {
  frame: () => {},
  closed: () => {},
  read: () => {},
  polled: () => {},
  pollFailed: () => {},
};

/** What feeds of live lists tell of themselves; the same holds for its methods. */
export interface FeedObserver {
  /** A feed read what happened in its app. */
  looked(look: Look): void;
  /** It could not. */
  lookFailed(cause: unknown): void;
  /** A live list read for itself: what there is, what it missed while it was away, or what it was too slow for. */
  readAlone(why: "listing" | "resumed" | "behind"): void;
}

/** One read of a feed. */
export interface Look {
  /** From a second before the newest change on, or the whole overlap; a feed's first is of the overlap, too. */
  readonly kind: "new" | "overlap";
  /** How long it took. */
  readonly seconds: number;
  /** Pages that it asked the database for, and the sessions and tombstones in them. */
  readonly queries: number;
  readonly rows: number;
  /** Those of them that it tells: the others had been seen. */
  readonly found: number;
}

/** Tells nobody. */
export const unobservedFeed: FeedObserver = { looked: () => {}, lookFailed: () => {}, readAlone: () => {} };
