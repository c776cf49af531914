/**
 * What happens to the sessions of one app, read once for all that watch it. Changes are
 * found by their times; since a commit may land after one of a later time, an overlap is
 * read again and again, and what was seen in it is dropped by uid and revision.
 */
import type { SessionRecord, Tombstone } from "../store/store.ts";
import type { FeedObserver, Look } from "./observer.ts";
import { FeedLog } from "./sessions-feed-log.ts";
import {
  type Asked,
  countingReads,
  type SessionsStore,
  sessionsFrom,
  tombstonesFrom,
} from "./sessions-reads.ts";

/** What happened to a session. */
export type SessionNews =
  | {
      readonly kind: "session";
      /** As it is now, without state. */
      readonly session: SessionRecord;
      /** It was not there before. */
      readonly created: boolean;
    }
  | { readonly kind: "deleted"; readonly tombstone: Tombstone };

/** How a feed reads. */
export interface FeedOptions {
  /**
   * How long after its time, by the clock of whoever made it, a change may become visible by ours,
   * in milliseconds: the longest transaction and the difference of the clocks.
   */
  readonly overlapMs: number;
  /** From one look to the next while nothing happens, and after a look that found something, in milliseconds. */
  readonly quietMs: number;
  readonly busyMs: number;
  /** From one read of the whole overlap to the next, in milliseconds. */
  readonly overlapEveryMs: number;
  /** Entries that are kept for watchers that fall behind; one further behind reads by itself. */
  readonly logEntries: number;
  /** How many feeds this process has, which together read for a tenth of the time, but for changes of its own. */
  readonly feeds: () => number;
  /** Microseconds since 1970. */
  readonly clock: () => number;
  readonly observer: FeedObserver;
}

/** Somebody who is told what happens. */
export interface FeedListener {
  /** Whose sessions it is about; undefined for all of the app. */
  readonly userId: string | undefined;
  /** Something happened, first at this index of the log. */
  readonly wake: (index: number) => void;
  /** The store could not be read; nothing is told any more. */
  readonly fail: (error: unknown) => void;
}

/** A look goes back by so much: clocks differ a little, and writers overtake each other. */
const LOOK_BACK_MICROS = 1_000_000;
/** Looks that fail in a row before the listeners are told, and the pause after the first. */
const MAX_FAILURES = 3;
const FAILURE_PAUSE_MS = 500;

/** One app's feed. It reads from its making until `stop`. */
export class SessionsFeed {
  readonly log: FeedLog<SessionNews>;
  /** Resolves when what was there has been seen: what is committed from then on is told. */
  readonly started: Promise<void>;
  readonly #appName: string;
  readonly #store: SessionsStore;
  readonly #options: FeedOptions;
  readonly #asked: Asked = { queries: 0, rows: 0 };
  readonly #listeners = new Set<FeedListener>();
  #stopped = false;
  /** What was seen within the overlap, by uid: the revision (Infinity once deleted) and the time. */
  readonly #seen = new Map<string, { readonly revision: number; readonly micros: number }>();
  #through = 0;
  #overlapReads = 0;
  /** The newest time that was seen, not later than now. */
  #newest = 0;
  /** Whether this process has written something since the last look. */
  #noticed = false;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #failures = 0;
  /** When looks may begin that somebody asked for, and those that nobody did; by `performance.now()`. */
  #noticedLookAt = 0;
  #idleLookAt = 0;
  #overlapAt = 0;

  constructor(appName: string, store: SessionsStore, options: FeedOptions) {
    this.#appName = appName;
    this.#store = countingReads(store, this.#asked);
    this.#options = options;
    this.log = new FeedLog(options.logEntries);
    this.started = this.#start();
    // Those who wait for it hear of the failure.
    this.started.catch((cause) => {
      options.observer.lookFailed(cause);
      this.stop();
    });
  }

  /** Every change of an earlier time, less the overlap, was there at the start or is in the log. In microseconds. */
  get through(): number {
    return this.#through;
  }

  /** How often the whole overlap was read. */
  get overlapReads(): number {
    return this.#overlapReads;
  }

  /** How many sessions it remembers to have seen within the overlap. */
  get remembered(): number {
    return this.#seen.size;
  }

  /** Whether it reads no more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  listen(listener: FeedListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: FeedListener): void {
    this.#listeners.delete(listener);
  }

  /** This process has changed a session: it is looked for at once. */
  notice(): void {
    if (this.#noticed) return;
    this.#noticed = true;
    this.#schedule(0);
  }

  /** Ends all reading. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  get #overlapMicros(): number {
    return this.#options.overlapMs * 1_000;
  }

  async #start(): Promise<void> {
    const now = this.#options.clock();
    this.#looking = true;
    await this.#observed("overlap", async () => {
      for await (const { uid, micros, revision } of this.#unseen(now - this.#overlapMicros)) {
        this.#seen.set(uid, { revision, micros });
      }
    });
    this.#looking = false;
    this.#through = now;
    this.#newest = now;
    this.#overlapAt = performance.now() + this.#options.overlapEveryMs;
    this.#scheduleNext(true);
  }

  /** Looks after `delayMs`, or later if this feed has used up its time. */
  #schedule(delayMs: number): void {
    if (this.#looking || this.#stopped) return;
    clearTimeout(this.#timer);
    const rest = (this.#noticed ? this.#noticedLookAt : this.#idleLookAt) - performance.now();
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, delayMs, rest));
    this.#timer.unref();
  }

  #scheduleNext(busy: boolean): void {
    const { quietMs, busyMs } = this.#options;
    if (this.#noticed) this.#schedule(0);
    else this.#schedule(busy ? busyMs : quietMs);
  }

  async #look(): Promise<void> {
    const began = performance.now();
    const whole = began >= this.#overlapAt;
    const before = this.log.end;
    this.#noticed = false;
    this.#looking = true;
    try {
      // What is new comes first, since an overlap may be long.
      await this.#observed("new", () => this.#tell(this.#newest - LOOK_BACK_MICROS));
      if (whole) await this.#observed("overlap", () => this.#readOverlap());
      this.#failures = 0;
    } catch (error) {
      this.#options.observer.lookFailed(error);
      this.#failures++;
      if (this.#failures >= MAX_FAILURES) this.#fail(error);
    }
    this.#looking = false;
    const now = performance.now();
    const spent = now - began;
    // Half of the tenth is for looks and half for overlaps.
    const pause = spent * 19 * this.#options.feeds();
    if (whole) this.#overlapAt = now + Math.max(this.#options.overlapEveryMs, pause);
    else {
      this.#idleLookAt = now + pause;
      // There is something to find, but what comes in the meantime is found by one look.
      this.#noticedLookAt = now + spent * 4;
    }
    if (this.#failures > 0) this.#schedule(FAILURE_PAUSE_MS * this.#failures);
    else this.#scheduleNext(this.log.end > before);
  }

  /** Tells the observer what a read cost and found. */
  async #observed(kind: Look["kind"], read: () => Promise<void>): Promise<void> {
    const began = performance.now();
    const { queries, rows } = this.#asked;
    const { end } = this.log;
    await read();
    this.#options.observer.looked({
      kind,
      seconds: (performance.now() - began) / 1_000,
      queries: this.#asked.queries - queries,
      rows: this.#asked.rows - rows,
      found: this.log.end - end,
    });
  }

  /** Reads all of the overlap; what is older need not be looked for again. */
  async #readOverlap(): Promise<void> {
    const began = this.#options.clock();
    // From where the last one began, however long ago that is.
    await this.#tell(this.#through - this.#overlapMicros);
    this.#through = Math.max(this.#through, began);
    this.#overlapReads++;
    const floor = this.#through - this.#overlapMicros;
    for (const [uid, { micros }] of this.#seen) if (micros < floor) this.#seen.delete(uid);
    this.log.forget(this.#through);
  }

  /** Reads what is of this time or later, and tells what was not seen. */
  async #tell(fromMicros: number): Promise<void> {
    const first = this.log.end;
    /** Where in the log something of a user is first. */
    const users = new Map<string, number>();
    try {
      for await (const { uid, micros, revision, news } of this.#unseen(fromMicros)) {
        this.#newest = Math.max(this.#newest, Math.min(micros, this.#options.clock()));
        this.#seen.set(uid, { revision, micros });
        const { userId } = (news.kind === "session" ? news.session : news.tombstone).key;
        if (!users.has(userId)) users.set(userId, this.log.end);
        this.log.add(news, this.#through);
      }
    } finally {
      for (const listener of users.size === 0 ? [] : this.#listeners) {
        const index = listener.userId === undefined ? first : users.get(listener.userId);
        if (index !== undefined) listener.wake(index);
      }
    }
  }

  /** What is of this time or later and was not seen: first sessions, then deletes. */
  // Reads are short and go to their end: an abort would cost the connection.
  async *#unseen(fromMicros: number): AsyncGenerator<Seen, void, undefined> {
    const scope = { appName: this.#appName, userId: undefined };
    const overlapFrom = this.#through - this.#overlapMicros;
    for await (const session of sessionsFrom(this.#store, scope, fromMicros, undefined)) {
      const { uid, revision, updateMicros: micros } = session;
      const seen = this.#seen.get(uid);
      if (seen !== undefined && seen.revision >= revision) continue;
      // One that was made before the overlap was there, or was told when it was made.
      const created = seen === undefined && session.createMicros >= overlapFrom;
      yield { uid, revision, micros, news: { kind: "session", session, created } };
    }
    for await (const tombstone of tombstonesFrom(this.#store, scope, fromMicros, undefined)) {
      const { uid, deleteMicros: micros } = tombstone;
      const revision = Number.POSITIVE_INFINITY;
      if (this.#seen.get(uid)?.revision === revision) continue;
      yield { uid, revision, micros, news: { kind: "deleted", tombstone } };
    }
  }

  #fail(error: unknown): void {
    this.stop();
    for (const listener of this.#listeners) listener.fail(error);
  }
}

interface Seen {
  readonly uid: string;
  readonly revision: number;
  readonly micros: number;
  readonly news: SessionNews;
}
