/** The feeds of this process: one for each app that somebody watches. */
import { tooManyTails } from "./live-streams.ts";
import { type FeedObserver, unobservedFeed } from "./observer.ts";
import { type FeedListener, type FeedOptions, SessionsFeed } from "./sessions-feed.ts";
import type { SessionsStore } from "./sessions-reads.ts";
import type { WatchOptions } from "./watch-options.ts";

/** What feeds need beside `WatchOptions`. */
export interface FeedsOptions extends Pick<FeedOptions, "clock"> {
  /** Most listeners of one app's feed; more are SERVER_BUSY. */
  readonly maxListeners: number;
  readonly observer?: FeedObserver;
}

/** How much there is now. */
export interface FeedCounts {
  readonly feeds: number;
  /** Live lists that take from them. */
  readonly lists: number;
  /** Sessions that feeds remember to have seen within the overlap. */
  readonly remembered: number;
  /** Changes that feeds keep for lists that have not taken them. */
  readonly logged: number;
}

/** Feeds by app. One begins with its first listener and ends with its last. */
export class SessionsFeeds {
  readonly #store: SessionsStore;
  readonly #options: FeedOptions;
  readonly #maxListeners: number;
  /** How long deletes are remembered: an older cursor cannot be resumed. */
  readonly windowMicros: number;
  readonly observer: FeedObserver;
  readonly #feeds = new Map<string, { readonly feed: SessionsFeed; listeners: number }>();

  constructor(store: SessionsStore, options: WatchOptions & FeedsOptions) {
    this.#store = store;
    this.#maxListeners = options.maxListeners;
    this.windowMicros = options.windowMs * 1_000;
    this.observer = options.observer ?? unobservedFeed;
    this.#options = { ...options, feeds: () => this.#feeds.size, observer: this.observer };
  }

  /** What runs now, for gauges. */
  get counts(): FeedCounts {
    const entries = [...this.#feeds.values()];
    const sum = (of: (entry: (typeof entries)[number]) => number) =>
      entries.reduce((total, entry) => total + of(entry), 0);
    return {
      feeds: entries.length,
      lists: sum(({ listeners }) => listeners),
      remembered: sum(({ feed }) => feed.remembered),
      logged: sum(({ feed }) => feed.log.size),
    };
  }

  /** See `FeedOptions.overlapMs`; here in microseconds. */
  get overlapMicros(): number {
    return this.#options.overlapMs * 1_000;
  }

  /** Listens to an app's feed until `leave` is called, which must be called once. @throws RpcError SERVER_BUSY */
  join(appName: string, listener: FeedListener): { readonly feed: SessionsFeed; readonly leave: () => void } {
    let entry = this.#feeds.get(appName);
    // One that failed is left to those who listened to it.
    if (entry === undefined || entry.feed.stopped) {
      entry = { feed: new SessionsFeed(appName, this.#store, this.#options), listeners: 0 };
      this.#feeds.set(appName, entry);
    }
    const joined = entry;
    if (joined.listeners >= this.#maxListeners) {
      throw tooManyTails("max_tails_per_session", this.#maxListeners);
    }
    joined.listeners++;
    joined.feed.listen(listener);
    const leave = (): void => {
      joined.feed.unlisten(listener);
      if (--joined.listeners > 0) return;
      joined.feed.stop();
      if (this.#feeds.get(appName) === joined) this.#feeds.delete(appName);
    };
    return { feed: joined.feed, leave };
  }

  /** This process has changed a session of the app. */
  notice(appName: string): void {
    this.#feeds.get(appName)?.feed.notice();
  }
}
