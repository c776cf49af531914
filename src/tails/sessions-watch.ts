/**
 * One watcher of the sessions of an app or a user. A pull-driven generator: it first reads
 * the listing, or what happened since its cursor, by itself, then takes from the app's feed.
 * Between two frames it holds no connection, and of the feed only its place.
 */
import type { Limits } from "../config/limits.ts";
import { listSessions } from "../reads/list-sessions.ts";
import { sessionBytes } from "../rpc/convert/session-bytes.ts";
import { stateTooLarge } from "../rpc/errors.ts";
import type { Scope, SessionPosition, SessionRecord, Store, Tombstone } from "../store/store.ts";
import type { EndingReason, LiveStream } from "./live-streams.ts";
import type { SessionNews, SessionsFeed } from "./sessions-feed.ts";
import type { SessionsFeeds } from "./sessions-feeds.ts";
import { plainList, sessionsFrom, tombstonesFrom } from "./sessions-reads.ts";

/** Where a live list goes on. */
export interface WatchCursor {
  /** Every change of an earlier time, less the overlap, was told, or is in the listing; in microseconds. */
  readonly through: number;
  /** What is left of the listing; undefined when it is complete. */
  readonly listing: ListingPlace | undefined;
}

/** A place in the listing, which begins with the session that changed last. */
export interface ListingPlace {
  /** The last one told; undefined before the first. */
  readonly after: SessionPosition | undefined;
  /** How many may still be told; undefined for all. */
  readonly left: number | undefined;
}

/** What is watched and how. */
export interface WatchRequest {
  readonly scope: Scope;
  readonly cursor: WatchCursor | undefined;
  readonly includeState: boolean;
  /** Most sessions of a listing; undefined for all. */
  readonly maxListed: number | undefined;
}

/** A frame, and the place to resume after it. */
export type WatchFrame = { readonly resume: WatchCursor } & (
  | { readonly kind: "opened" | "reset" | "caughtUp" | "heartbeat" }
  | { readonly kind: "listed"; readonly sessions: readonly SessionRecord[] }
  | { readonly kind: "created" | "changed"; readonly session: SessionRecord }
  | { readonly kind: "deleted"; readonly tombstone: Tombstone }
  | { readonly kind: "closing"; readonly reason: EndingReason }
);

type WatchStore = Pick<Store, "getSession" | "listSessions" | "listTombstones">;

/** What a watcher works with. */
export interface WatchParts {
  readonly store: WatchStore;
  readonly feeds: SessionsFeeds;
  readonly limits: Limits;
  /** Microseconds since 1970. */
  readonly clock: () => number;
}

/** The most rows that one frame of the listing is read by. */
const LISTED_ROWS = 500;
/** What is older than this when it is read is not about to be told by the feed, but for what appears late. */
const REMEMBERED_MICROS = 5_000_000;
/** Entries of the feed that are taken at a time; of several about one session the last is told. */
const NEWS_AT_ONCE = 64;

/**
 * The frames of a live list. The last one is `closing`, unless the reader leaves.
 * @throws StoreError, or RpcError TOO_LARGE for a state that fits no message
 */
export async function* watchSessions(
  parts: WatchParts,
  request: WatchRequest,
  stream: LiveStream,
  signal: AbortSignal,
): AsyncGenerator<WatchFrame, void, undefined> {
  const watcher = new Watcher(parts, request, stream, signal);
  try {
    for await (const frame of watcher.frames()) {
      yield frame;
      if (stream.ending !== undefined) break;
    }
    if (stream.ending !== undefined) yield watcher.closing(stream.ending);
  } finally {
    watcher.leave();
  }
}

class Watcher {
  readonly #parts: WatchParts;
  readonly #request: WatchRequest;
  readonly #stream: LiveStream;
  readonly #signal: AbortSignal;
  readonly #feed: SessionsFeed;
  readonly leave: () => void;
  /** The feed's first entry that may be for this watcher; undefined if none is. */
  #pending: number | undefined;
  #cursor: WatchCursor;
  /**
   * What was read here and the feed is about to tell, too, by uid: the revision, Infinity once deleted. Kept until
   * the feed has seen by itself all that was there then. Not all of the overlap, which may be much: the few of it
   * that come again are dropped by the client.
   */
  readonly #told = new Map<string, number>();
  #toldUntil = 0;
  /** When the last read here began, in microseconds. */
  #readAt = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: WatchParts, request: WatchRequest, stream: LiveStream, signal: AbortSignal) {
    this.#parts = parts;
    this.#request = request;
    this.#stream = stream;
    this.#signal = signal;
    const { appName, userId } = request.scope;
    const joined = parts.feeds.join(appName, {
      userId,
      wake: (index) => {
        this.#pending ??= index;
        stream.wake();
      },
      fail: (error) => {
        this.#failure = { error };
        stream.wake();
      },
    });
    this.#feed = joined.feed;
    this.leave = joined.leave;
    this.#cursor = request.cursor ?? this.#freshListing(parts.clock());
  }

  /** All frames but the last. */
  async *frames(): AsyncGenerator<WatchFrame, void, undefined> {
    yield* this.#open();
    yield* this.#follow();
  }

  closing(reason: EndingReason): WatchFrame {
    return this.#frame({ kind: "closing", reason });
  }

  /** The beginning: a listing, or what happened since the cursor. */
  async *#open(): AsyncGenerator<WatchFrame, void, undefined> {
    const { cursor } = this.#request;
    yield this.#frame({ kind: "opened" });
    // What is committed from here on is in the feed; what was before is read here.
    await this.#feed.started;
    const tooOld = cursor !== undefined && this.#tooOld(cursor);
    if (tooOld) {
      this.#cursor = this.#freshListing(this.#feed.through);
      yield this.#frame({ kind: "reset" });
    }
    const resumed = cursor !== undefined && !tooOld;
    const { listing } = this.#cursor;
    const fresh = listing !== undefined && listing.after === undefined;
    if (fresh) this.#cursor = { through: this.#feed.through, listing };
    if (listing !== undefined) yield* this.#list(listing);
    // Between the pages of a listing that was resumed, sessions may have moved to where it had been.
    if (resumed && !fresh) yield* this.#catchUp("resumed");
    this.#toldUntil = this.#feed.overlapReads + 2;
    yield this.#frame({ kind: "caughtUp" });
  }

  /** The live part. */
  async *#follow(): AsyncGenerator<WatchFrame, void, undefined> {
    for (;;) {
      if (this.#pending !== undefined) {
        yield* this.#news(this.#pending);
        continue;
      }
      const waking = await this.#stream.wait();
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#pending !== undefined) continue;
      // All that the feed has of this watcher's is told.
      this.#cursor = { through: Math.max(this.#cursor.through, this.#feed.through), listing: undefined };
      if (waking === "ending") return;
      if (waking === "silent") yield this.#frame({ kind: "heartbeat" });
    }
  }

  #freshListing(through: number): WatchCursor {
    return { through, listing: { after: undefined, left: this.#request.maxListed } };
  }

  #tooOld({ through }: WatchCursor): boolean {
    const { clock, feeds } = this.#parts;
    // One from the future is of a clock that was set right since.
    return through < clock() - feeds.windowMicros || through > clock() + feeds.overlapMicros;
  }

  /** What is left of a listing, the session that changed last first. Those that change meanwhile come from the feed. */
  async *#list(listing: ListingPlace): AsyncGenerator<WatchFrame, void, undefined> {
    this.#readAt = this.#parts.clock();
    const { store, limits, feeds } = this.#parts;
    feeds.observer.readAlone("listing");
    const { scope, includeState } = this.#request;
    const { through } = this.#cursor;
    let next: ListingPlace | undefined = listing.left === 0 ? undefined : listing;
    while (next !== undefined) {
      const { after, left }: ListingPlace = next;
      const limit = Math.min(LISTED_ROWS, left ?? LISTED_ROWS);
      const query = { ...plainList(scope), includeState, descending: true, after, limit };
      // A page is a frame.
      const page = await listSessions(
        store,
        query,
        { ...limits, pageBytes: limits.frameBytes },
        this.#signal,
      );
      for (const session of page.sessions)
        this.#remember(session.uid, session.revision, session.updateMicros);
      const more = left === undefined ? undefined : left - page.sessions.length;
      next = page.next === undefined || more === 0 ? undefined : { after: page.next, left: more };
      this.#cursor = { through, listing: next };
      if (page.sessions.length > 0) yield this.#frame({ kind: "listed", sessions: page.sessions });
    }
    this.#cursor = { through, listing: undefined };
  }

  /** What happened since the cursor, read from the store: first deletes, then sessions by time. */
  async *#catchUp(why: "resumed" | "behind"): AsyncGenerator<WatchFrame, void, undefined> {
    const { store, feeds } = this.#parts;
    feeds.observer.readAlone(why);
    const { scope } = this.#request;
    const { through: since } = this.#cursor;
    const now = Math.max(this.#feed.through, since);
    const from = since - feeds.overlapMicros;
    this.#readAt = this.#parts.clock();
    for await (const tombstone of tombstonesFrom(store, scope, from, this.#signal)) {
      if (!this.#remember(tombstone.uid, Number.POSITIVE_INFINITY, tombstone.deleteMicros)) continue;
      yield this.#frame({ kind: "deleted", tombstone });
    }
    for await (const session of sessionsFrom(store, scope, from, this.#signal)) {
      if (!this.#remember(session.uid, session.revision, session.updateMicros)) continue;
      // All that is older was told: sessions come by time.
      this.#cursor = { through: Math.min(now, Math.max(since, session.updateMicros)), listing: undefined };
      yield* this.#session(session, session.createMicros > since);
    }
    this.#cursor = { through: now, listing: undefined };
    this.#toldUntil = this.#feed.overlapReads + 2;
  }

  /** What the feed has from an index on. */
  async *#news(index: number): AsyncGenerator<WatchFrame, void, undefined> {
    const entries = this.#feed.log.from(index, NEWS_AT_ONCE);
    this.#pending = undefined;
    // Too far behind: what was missed is read from the store.
    if (entries === undefined) return yield* this.#catchUp("behind");
    const next = index + entries.length;
    if (next < this.#feed.log.end) this.#pending = next;
    if (this.#told.size > 0 && this.#feed.overlapReads >= this.#toldUntil) this.#told.clear();
    const { userId } = this.#request.scope;
    const own = entries.filter(({ news }) => userId === undefined || keyOf(news).userId === userId);
    const created = new Set(
      own.flatMap(({ news }) => (news.kind === "session" && news.created ? [news.session.uid] : [])),
    );
    const last = new Map(own.map(({ news }, at) => [uidOf(news), at]));
    for (const [at, { news, through }] of own.entries()) {
      const uid = uidOf(news);
      // A later one of the same session says all that this one does.
      if (last.get(uid) !== at) continue;
      this.#cursor = { through: Math.max(this.#cursor.through, through), listing: undefined };
      if (news.kind === "deleted") {
        if (this.#told.get(uid) !== Number.POSITIVE_INFINITY) yield this.#frame(news);
      } else if ((this.#told.get(uid) ?? 0) < news.session.revision) {
        yield* this.#session(news.session, created.has(uid));
      }
    }
  }

  async *#session(light: SessionRecord, created: boolean): AsyncGenerator<WatchFrame, void, undefined> {
    const session = this.#request.includeState ? await this.#withState(light) : light;
    // Gone meanwhile: that is told next.
    if (session !== undefined) yield this.#frame({ kind: created ? "created" : "changed", session });
  }

  async #withState({ key, uid }: SessionRecord): Promise<SessionRecord | undefined> {
    const { store, limits } = this.#parts;
    const session = await store.getSession(key, this.#signal);
    if (session?.uid !== uid) return undefined;
    const bytes = sessionBytes(session);
    if (bytes <= limits.maxMessageBytes) return session;
    throw stateTooLarge(
      bytes,
      limits.maxMessageBytes,
      "Watch without include_state, and read that session with StreamEvents.",
    );
  }

  /** Notes what the feed may tell again; false if this much was told already. */
  #remember(uid: string, revision: number, micros: number): boolean {
    const told = this.#told.get(uid);
    if (told !== undefined && told >= revision) return false;
    if (micros >= this.#readAt - REMEMBERED_MICROS) this.#told.set(uid, revision);
    return true;
  }

  #frame<Frame extends { readonly kind: WatchFrame["kind"] }>(
    frame: Frame,
  ): Frame & { readonly resume: WatchCursor } {
    this.#stream.sent();
    return { ...frame, resume: this.#cursor };
  }
}

function uidOf(news: SessionNews): string {
  return (news.kind === "session" ? news.session : news.tombstone).uid;
}

function keyOf(news: SessionNews): { readonly userId: string } {
  return (news.kind === "session" ? news.session : news.tombstone).key;
}
