/** Connections to a database server: how engines keep them, and what they tell of them. */

/** How an engine keeps connections to its server, beyond how many; an engine without a server ignores it. */
export interface ConnectionSettings {
  /** Connections of each kind that stay open though nobody uses them. */
  readonly poolMin: number;
  /** Calls of each kind that may wait for a connection; more are SERVER_BUSY at once. */
  readonly poolQueue: number;
  /** A connection beyond `poolMin` that was idle for so long is closed, in milliseconds. */
  readonly poolIdleTimeoutMs: number;
  /** A connection is replaced at about this age (20 % either way), in milliseconds; 0 is never. */
  readonly poolMaxAgeMs: number;
  /** One that was idle for longer is asked whether it is there before it is used, in milliseconds. */
  readonly poolCheckAfterMs: number;
  /** A statement that each connection runs before anything else; empty for none. */
  readonly initSql: string;
  /** The account, where the URL does not have it; each empty if not given. Files are read at every connect. */
  readonly credentials: {
    readonly user: string;
    readonly userFile: string;
    readonly password: string;
    readonly passwordFile: string;
  };
}

/** Why a pool closed a connection. */
export const CLOSE_REASONS = ["idle", "age", "lost", "moved", "shutdown"] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** Upper bounds of the buckets of acquire times, in seconds; a last bucket has no bound. */
export const ACQUIRE_BOUNDS_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] as const;

/** A pool at one moment; counters count from the start. */
export interface PoolStats {
  /** `writes` or `reads`. */
  readonly name: string;
  readonly max: number;
  readonly inUse: number;
  readonly idle: number;
  /** Being opened or checked. */
  readonly opening: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
  readonly opened: number;
  readonly openFailures: number;
  readonly closed: Readonly<Record<CloseReason, number>>;
  /** Calls that were refused, by a full queue or after the acquire timeout. */
  readonly refused: number;
  /** How long calls waited for the connection that they got. */
  readonly acquire: {
    readonly count: number;
    readonly sumSeconds: number;
    /** Calls of each bucket alone, one more than there are bounds. */
    readonly buckets: readonly number[];
  };
}
