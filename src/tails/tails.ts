/** The tails of a process: who follows which session. */
import type { Limits } from "../config/limits.ts";
import { keyText } from "../store/append-plan.ts";
import type { SessionKey, Store } from "../store/store.ts";
import { type LiveStream, LiveStreams, type StreamCall, tooManyTails } from "./live-streams.ts";
import type { SessionListener } from "./notices.ts";
import type { FeedObserver, TailObserver } from "./observer.ts";
import { unobserved } from "./observer.ts";
import type { TailOptions } from "./options.ts";
import { HeadPoller } from "./poller.ts";
import { SessionsFeeds } from "./sessions-feeds.ts";
import type { SessionsStore } from "./sessions-reads.ts";
import { readStep, type StepStore, stepOf } from "./step.ts";
import { Turnstile } from "./turnstile.ts";
import { defaultWatchOptions, type WatchOptions } from "./watch-options.ts";
import { type ReadStep, WatchedSession } from "./watched-session.ts";

/** More at once would only wait for connections. */
const MAX_OPENING = 32;

/** What tails work with. */
export interface TailsParts {
  readonly store: StepStore & SessionsStore & Pick<Store, "capabilities">;
  readonly limits: Limits;
  readonly options: TailOptions;
  /** Of the live lists; `defaultWatchOptions` if absent. */
  readonly watch?: WatchOptions;
  /** Microseconds since 1970; the system's clock if absent. */
  readonly clock?: () => number;
  readonly observer?: TailObserver;
  readonly feedObserver?: FeedObserver;
}

/** A place among the followers of a session. */
export interface Follower {
  readonly session: WatchedSession;
  readonly stream: LiveStream;
  /** Gives the place back. */
  leave(): void;
}

/** Tells tails of what happens to their sessions, in this process by notices, elsewhere by polling. */
export class Tails implements SessionListener {
  /** All live streams, those of the live lists too. */
  readonly streams: LiveStreams;
  readonly observer: TailObserver;
  /** What the live lists are told. */
  readonly lists: SessionsFeeds;
  /**
   * Streams that read their session for the first time. Thousands that come back at once would
   * all wait for their first read before any has its second, and be refused there.
   */
  readonly opening = new Turnstile(MAX_OPENING);
  readonly #parts: TailsParts;
  readonly #watched = new Map<string, WatchedSession>();
  readonly #poller: HeadPoller | undefined;

  constructor(parts: TailsParts) {
    this.#parts = parts;
    this.observer = parts.observer ?? unobserved;
    this.streams = new LiveStreams(parts.options);
    const { watch = defaultWatchOptions, clock = () => Date.now() * 1_000 } = parts;
    const maxListeners = parts.options.maxTailsPerSession;
    const observed = parts.feedObserver === undefined ? {} : { observer: parts.feedObserver };
    this.lists = new SessionsFeeds(parts.store, { ...watch, maxListeners, clock, ...observed });
    if (parts.store.capabilities.shared) {
      this.#poller = new HeadPoller(parts.store, this.#watched, parts.options, this.observer);
    }
  }

  /** How many sessions are followed. */
  get sessions(): number {
    return this.#watched.size;
  }

  /** Follows a session from now on. @throws RpcError SERVER_BUSY */
  follow(key: SessionKey, call: StreamCall, heartbeatMs: number): Follower {
    const { maxTailsPerSession } = this.#parts.options;
    const name = keyText(key);
    const session = this.#watched.get(name) ?? this.#watch(key);
    if (session.streams.size >= maxTailsPerSession) {
      throw tooManyTails("max_tails_per_session", maxTailsPerSession);
    }
    const stream = this.streams.open(call, heartbeatMs);
    session.streams.add(stream);
    this.#watched.set(name, session);
    this.#poller?.start();
    return {
      session,
      stream,
      leave: () => {
        stream.close();
        session.streams.delete(stream);
        if (session.streams.size === 0 && this.#watched.get(name) === session) this.#watched.delete(name);
      },
    };
  }

  moved(...[session, appended]: Parameters<SessionListener["moved"]>): void {
    if (this.#watched.size > 0) this.#watched.get(keyText(session.key))?.moved(session, appended);
    this.lists.notice(session.key.appName);
  }

  deleted(key: SessionKey): void {
    if (this.#watched.size > 0) this.#watched.get(keyText(key))?.deleted();
    this.lists.notice(key.appName);
  }

  /** Asks the database for nothing any more. */
  close(): void {
    this.#poller?.stop();
  }

  #watch(key: SessionKey): WatchedSession {
    const { store, limits, options } = this.#parts;
    const read: ReadStep = async (place, next, found) => {
      this.observer.read(next === undefined ? "store" : "appended");
      return next === undefined ? readStep(store, key, place, limits, found) : stepOf(next, place, limits);
    };
    return new WatchedSession(key, read, options.tailCacheBytes);
  }
}
