/** What `sessiond stats` shows of a store. Times are microseconds since 1970, sizes are bytes. */

/** What is asked for. */
export interface StatsOptions {
  /** One app only; undefined for all. */
  readonly appName: string | undefined;
  /** How many of the largest sessions. */
  readonly largest: number;
  /** Reads no session rows: what the database's own statistics say, at any size in milliseconds. */
  readonly estimate: boolean;
}

export interface StoreStats {
  readonly apps: readonly AppStats[];
  /** By the bytes of their events, the largest first; empty for an estimate. */
  readonly largest: readonly SessionSize[];
  /** What the store takes on the disk. */
  readonly storage: readonly StorageSize[];
}

export interface AppStats {
  readonly appName: string;
  /** Counts from the session rows; undefined for an estimate. */
  readonly counts: SessionCounts | undefined;
  /** When the oldest session that is still there was created. */
  readonly oldestCreateMicros: number;
  /** When a session was changed last. */
  readonly newestUpdateMicros: number;
}

export interface SessionCounts {
  readonly sessions: number;
  readonly events: number;
  /** What the texts of the events weigh, without indexes and headers. */
  readonly eventBytes: number;
}

export interface SessionSize {
  readonly appName: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly events: number;
  readonly eventBytes: number;
  readonly createMicros: number;
  readonly updateMicros: number;
}

/** A table with its indexes, or a file. */
export interface StorageSize {
  readonly name: string;
  /** Undefined where the engine keeps no count. */
  readonly rows: number | undefined;
  readonly bytes: number;
  /** Whether rows and bytes are the engine's guess, which may be off by half. */
  readonly estimated: boolean;
}
