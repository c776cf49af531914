/** What engines tell of their work while they do it, for metrics, traces and the log of slow statements. */

/** Told by an engine. Its methods are on the hot path: they are cheap and never throw. */
export interface StoreObserver {
  /**
   * A statement goes to the database, or several that go together; the returned function is called once
   * when they are over. `name` says what they do and to which tables, from a small set of constants:
   * never a value of a caller's, since it becomes a label.
   */
  statement(name: string): StatementEnd;
  /** A transaction or a read is run again; `cause` is one of a few words of the engine's. */
  retry(cause: string): void;
}

/** Tells that a statement is over, and whether it failed. */
export type StatementEnd = (failed: boolean) => void;
