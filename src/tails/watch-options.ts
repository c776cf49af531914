/** What live lists of sessions work with. */
import type { FeedOptions } from "./sessions-feed.ts";

/** Times in milliseconds. */
export interface WatchOptions
  extends Pick<FeedOptions, "overlapMs" | "quietMs" | "busyMs" | "overlapEveryMs" | "logEntries"> {
  /** How long deletes are remembered, and how old a cursor may be that goes on. */
  readonly windowMs: number;
}

/** As a server has it that is started without settings. */
export const defaultWatchOptions: WatchOptions = {
  windowMs: 24 * 60 * 60 * 1_000,
  overlapMs: 2 * 60 * 1_000,
  quietMs: 250,
  busyMs: 50,
  overlapEveryMs: 2_000,
  logEntries: 4_096,
};
