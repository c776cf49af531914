/** The limits that RPCs, reads and the append pipeline work within. `src/config.ts` makes them settable. */

const KiB = 1024;
const MiB = 1024 * KiB;

/** Limits of a server; sizes are in bytes. */
export interface Limits {
  /** The largest event, as `NewEvent.bytes` counts: the bytes of its texts. */
  readonly maxEventBytes: number;
  /** The largest message on the wire, in either direction of a unary call: an event and its envelope. */
  readonly maxMessageBytes: number;
  /** How deep arrays and objects of a JSON text may be nested. */
  readonly maxJsonDepth: number;
  /** Most keys that one delta, one state of a create or one replacement sets and removes. */
  readonly maxDeltaKeys: number;
  /** The longest state key with its prefix, in bytes of UTF-8. */
  readonly maxStateKeyBytes: number;
  /** Most events of one BatchAppendEvents, and appends of one AppendToSessions. */
  readonly maxBatchEvents: number;
  /** Most rows of one page; a larger `page_size` means this. */
  readonly maxPageSize: number;
  /** The `page_size` of ListSessions, ListApps and ListUsers where it is 0. */
  readonly defaultPageSize: number;
  /** The `page_size` of ListEvents where it is 0. */
  readonly defaultEventsPageSize: number;
  /** What a page may weigh before it ends early; it has at least one row. */
  readonly pageBytes: number;
  /** What one EventsFrame may weigh, unless one event is larger. */
  readonly frameBytes: number;
  /** Most rows of one range that a history is read by. */
  readonly readRangeRows: number;
  /** Most bytes of one range that a history is read by. */
  readonly readRangeBytes: number;
  /** Most appends that wait for the commit before them; more are SERVER_BUSY. */
  readonly appendQueueCalls: number;
  /** Most bytes of events that wait for the commit before them; more are SERVER_BUSY. */
  readonly appendQueueBytes: number;
}

/** What a server starts with where nothing else is set. */
export const defaultLimits: Limits = {
  maxEventBytes: 16 * MiB,
  maxMessageBytes: 17 * MiB,
  maxJsonDepth: 200,
  maxDeltaKeys: 10_000,
  maxStateKeyBytes: 512,
  maxBatchEvents: 1_000,
  maxPageSize: 1_000,
  defaultPageSize: 50,
  defaultEventsPageSize: 100,
  pageBytes: MiB,
  frameBytes: 256 * KiB,
  readRangeRows: 2_000,
  readRangeBytes: 4 * MiB,
  appendQueueCalls: 10_000,
  appendQueueBytes: 64 * MiB,
};
