/** What bounds the streams that stay open. `src/config.ts` makes it settable. */

const KiB = 1024;
const second = 1000;
const minute = 60 * second;

/** Bounds of live streams; times are in milliseconds, sizes in bytes. */
export interface TailOptions {
  /** Most live streams of the process; more are SERVER_BUSY. */
  readonly maxTails: number;
  /** Most live streams of one session, or of one live list; more are SERVER_BUSY. */
  readonly maxTailsPerSession: number;
  /** A stream is told to resume at this age or up to 10 % before it; 0 is never. */
  readonly tailMaxAge: number;
  /** What is kept of a session's newest reads for other tails at the same place. */
  readonly tailCacheBytes: number;
  /** How often the database is asked which of the watched sessions moved: while none does, */
  readonly tailPoll: number;
  /** and right after one did. */
  readonly tailPollBusy: number;
}

/** What a server starts with where nothing else is set. */
export const defaultTailOptions: TailOptions = {
  maxTails: 4_000,
  maxTailsPerSession: 1_000,
  tailMaxAge: 15 * minute,
  tailCacheBytes: 512 * KiB,
  tailPoll: 250,
  tailPollBusy: 50,
};

/** A heartbeat interval that a client asks for is kept between these; absent it is the default. */
export const heartbeatBounds = { min: second, max: minute, fallback: 15 * second } as const;
