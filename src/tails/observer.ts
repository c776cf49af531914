/** What live streams tell of themselves, for metrics. */

/** Told while they work; its methods are cheap and never throw. */
export interface TailObserver {
  /** A frame was sent. */
  frame(kind: string): void;
  /** A stream was closed in words of its own, for this reason of the contract. */
  closed(reason: string): void;
  /** A session was read for its tails. */
  read(): void;
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
