/** The feeds of this process: one for each app that somebody watches. */
import { type FeedListener, type FeedOptions, SessionsFeed } from "./sessions-feed.ts";
import type { SessionsStore } from "./sessions-reads.ts";

/** Feeds by app. One begins with its first listener and ends with its last. */
export class SessionsFeeds {
  readonly #store: SessionsStore;
  readonly #options: FeedOptions;
  readonly #feeds = new Map<string, { readonly feed: SessionsFeed; listeners: number }>();

  constructor(store: SessionsStore, options: Omit<FeedOptions, "feeds">) {
    this.#store = store;
    this.#options = { ...options, feeds: () => this.#feeds.size };
  }

  /** See `FeedOptions.overlapMs`; here in microseconds. */
  get overlapMicros(): number {
    return this.#options.overlapMs * 1_000;
  }

  /** Listens to an app's feed until `leave` is called, which must be called once. */
  join(appName: string, listener: FeedListener): { readonly feed: SessionsFeed; readonly leave: () => void } {
    let entry = this.#feeds.get(appName);
    // One that failed is left to those who listened to it.
    if (entry === undefined || entry.feed.stopped) {
      entry = { feed: new SessionsFeed(appName, this.#store, this.#options), listeners: 0 };
      this.#feeds.set(appName, entry);
    }
    const joined = entry;
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
