/** Feeds and their watchers in one process: what is shared, who falls behind, what fails. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultLimits } from "../../src/config/limits.ts";
import type { Store } from "../../src/store/store.ts";
import { LiveStreams } from "../../src/tails/live-streams.ts";
import { type FeedObserver, type Look, unobservedFeed } from "../../src/tails/observer.ts";
import { defaultTailOptions } from "../../src/tails/options.ts";
import { FeedLog } from "../../src/tails/sessions-feed-log.ts";
import { SessionsFeeds } from "../../src/tails/sessions-feeds.ts";
import { type WatchFrame, type WatchRequest, watchSessions } from "../../src/tails/sessions-watch.ts";
import { defaultWatchOptions } from "../../src/tails/watch-options.ts";
import { append, appendInput, deleteInput, eventOf, keyOf, newId } from "../store/build.ts";
import type { TestStore } from "../store/harness.ts";
import { sqliteHarness } from "../store/sqlite-harness.ts";

describe("the log of a feed", () => {
  test("keeps the newest entries under their indexes", () => {
    const log = new FeedLog<number>(3);
    expect(log.from(0, 10)).toEqual([]);
    for (let at = 0; at < 10; at++) log.add(at, at);
    expect(log.end).toBe(10);
    expect(log.from(0, 10)).toBeUndefined();
    expect(log.from(7, 2)?.map(({ news }) => news)).toEqual([7, 8]);
    expect(log.from(10, 2)).toEqual([]);
  });

  test("forgets what is a minute old", () => {
    const log = new FeedLog<string>(100);
    log.add("old", 1_000_000);
    log.add("new", 50_000_000);
    log.forget(61_000_001);
    expect(log.from(0, 10)).toBeUndefined();
    expect(log.from(1, 10)?.map(({ news }) => news)).toEqual(["new"]);
    log.forget(1_000_000_000);
    expect(log.from(2, 10)).toEqual([]);
    expect(log.end).toBe(2);
  });
});

describe("watchers of one process", () => {
  let made: TestStore;
  const leaving: (() => Promise<unknown>)[] = [];
  const clock = () => Date.now() * 1_000;

  beforeEach(async () => {
    made = await sqliteHarness.makeStore();
  });

  afterEach(async () => {
    await Promise.all(leaving.splice(0).map((leave) => leave()));
    await made.cleanup();
  });

  /** The same store, telling each read and failing while `broken` is set. */
  function seen(store: Store): { readonly store: Store; reads: number; broken: boolean } {
    const facts = { reads: 0, broken: false };
    const read = <Args extends unknown[], Rows>(work: (...args: Args) => Promise<Rows>) => {
      return async (...args: Args): Promise<Rows> => {
        facts.reads++;
        if (facts.broken) throw new Error("the database is away");
        return work(...args);
      };
    };
    const listSessions = read(store.listSessions.bind(store));
    const listTombstones = read(store.listTombstones.bind(store));
    const getSession = store.getSession.bind(store);
    const seenStore = { listSessions, listTombstones, getSession } as unknown as Store;
    return Object.assign(facts, { store: seenStore });
  }

  function feedsOf(
    store: Store,
    more: Partial<typeof defaultWatchOptions & { observer: FeedObserver }> = {},
  ): SessionsFeeds {
    return new SessionsFeeds(store, {
      ...defaultWatchOptions,
      quietMs: 20,
      busyMs: 10,
      maxListeners: 20,
      ...more,
      clock,
    });
  }

  function watch(store: Store, feeds: SessionsFeeds, appName: string, more: Partial<WatchRequest> = {}) {
    const ends = new AbortController();
    const call = { signal: ends.signal, stopSignal: () => new AbortController().signal };
    const stream = new LiveStreams(defaultTailOptions).open(call, 60_000);
    const request = {
      scope: { appName },
      cursor: undefined,
      includeState: false,
      maxListed: undefined,
      ...more,
    };
    const parts = { store, feeds, limits: defaultLimits, clock };
    const frames = watchSessions(parts, request, stream, ends.signal);
    leaving.push(async () => {
      ends.abort();
      await frames.return().catch(() => {});
      stream.close();
    });
    return frames;
  }

  async function until(
    frames: AsyncGenerator<WatchFrame>,
    done: (frame: WatchFrame) => boolean,
  ): Promise<WatchFrame[]> {
    const taken: WatchFrame[] = [];
    for (;;) {
      const next = await frames.next();
      if (next.done === true) throw new Error("the watch ended");
      taken.push(next.value);
      if (done(next.value)) return taken;
    }
  }

  const caughtUp = (frame: WatchFrame) => frame.kind === "caughtUp";
  const make = (sessionId: string) =>
    append(made.store, {
      ...appendInput(keyOf("app", sessionId), [eventOf()], { createUid: newId("uid") }),
      nowMicros: clock(),
    });

  test("one look serves all watchers of an app, of which there may be so many", async () => {
    const facts = seen(made.store);
    // No look of its own comes: only the notice's.
    const feeds = feedsOf(facts.store, { quietMs: 600_000, busyMs: 600_000, overlapEveryMs: 600_000 });
    const watchers = Array.from({ length: 20 }, () => watch(facts.store, feeds, "app"));
    for (const frames of watchers) await until(frames, caughtUp);
    await expect(watch(facts.store, feeds, "app").next()).rejects.toMatchObject({
      reason: "SERVER_BUSY",
      facts: { limit: "max_tails_per_session" },
    });
    const before = facts.reads;
    await make("s");
    feeds.notice("app");
    for (const frames of watchers) {
      const [frame] = await until(frames, ({ kind }) => kind === "created");
      expect(frame).toMatchObject({ kind: "created", session: { key: { sessionId: "s" } } });
    }
    // Sessions and tombstones, once.
    expect(facts.reads - before).toBe(2);
  });

  test("what looks cost and find is told", async () => {
    const looks: Omit<Look, "seconds">[] = [];
    const looked = ({ seconds, ...look }: Look): void => {
      expect(seconds).toBeGreaterThan(0);
      looks.push(look);
    };
    const still = { quietMs: 600_000, busyMs: 600_000, overlapEveryMs: 600_000 };
    const feeds = feedsOf(made.store, { ...still, observer: { ...unobservedFeed, looked } });
    await make("before");
    const frames = watch(made.store, feeds, "app");
    await until(frames, caughtUp);
    // What was there is no news.
    expect(looks.splice(0)).toEqual([{ kind: "overlap", queries: 2, rows: 1, found: 0 }]);
    expect(feeds.counts).toEqual({ feeds: 1, lists: 1, remembered: 1, logged: 0 });
    await make("after");
    feeds.notice("app");
    await until(frames, ({ kind }) => kind === "created");
    await expect.poll(() => looks).toEqual([{ kind: "new", queries: 2, rows: 2, found: 1 }]);
    expect(feeds.counts).toEqual({ feeds: 1, lists: 1, remembered: 2, logged: 1 });
    await frames.return();
    expect(feeds.counts).toEqual({ feeds: 0, lists: 0, remembered: 0, logged: 0 });
  });

  test("a watcher that falls behind the log reads by itself what it missed", async () => {
    const reads: string[] = [];
    const readAlone = (why: string): void => void reads.push(why);
    const feeds = feedsOf(made.store, { logEntries: 8, observer: { ...unobservedFeed, readAlone } });
    const slow = watch(made.store, feeds, "app");
    const quick = watch(made.store, feeds, "app");
    for (const frames of [slow, quick]) await until(frames, caughtUp);
    for (let at = 0; at < 40; at++) {
      await make(`s${at}`);
      if (at % 4 === 0) {
        await made.store.deleteSession(deleteInput(keyOf("app", `s${at}`), { nowMicros: clock() }));
      }
      if (at % 5 === 0) await until(quick, (frame) => "session" in frame || frame.kind === "deleted");
    }
    // Behind all others also where it has their time.
    await make("z");
    const isLast = (frame: WatchFrame) => "session" in frame && frame.session.key.sessionId === "z";
    await until(quick, isLast);
    const told = await until(slow, isLast);
    const sessions = told.flatMap((frame) => ("session" in frame ? [frame.session.key.sessionId] : []));
    const expected = Array.from({ length: 40 }, (_, at) => at).filter((at) => at % 4 !== 0);
    expect(new Set(sessions)).toEqual(new Set([...expected.map((at) => `s${at}`), "z"]));
    expect(told.filter(({ kind }) => kind === "deleted").length).toBe(10);
    expect(new Set(reads)).toEqual(new Set(["listing", "behind"]));
  });

  test("a store that cannot be read ends the watchers; later ones begin anew", async () => {
    const facts = seen(made.store);
    const feeds = feedsOf(facts.store);
    const frames = watch(facts.store, feeds, "app");
    await until(frames, caughtUp);
    facts.broken = true;
    await expect(frames.next()).rejects.toThrow("the database is away");
    const early = watch(facts.store, feeds, "app");
    expect((await early.next()).value).toMatchObject({ kind: "opened" });
    await expect(early.next()).rejects.toThrow("the database is away");
    facts.broken = false;
    const later = watch(facts.store, feeds, "app");
    await until(later, caughtUp);
    await make("s");
    await until(later, ({ kind }) => kind === "created");
  });

  test("one failure is no end", async () => {
    const facts = seen(made.store);
    const causes: unknown[] = [];
    const lookFailed = (cause: unknown): void => void causes.push(cause);
    const feeds = feedsOf(facts.store, { observer: { ...unobservedFeed, lookFailed } });
    const frames = watch(facts.store, feeds, "app");
    await until(frames, caughtUp);
    facts.broken = true;
    const before = facts.reads;
    await expect.poll(() => facts.reads, { interval: 1 }).toBeGreaterThan(before);
    facts.broken = false;
    await make("s");
    await until(frames, ({ kind }) => kind === "created");
    expect(causes.length).toBeGreaterThan(0);
    expect(causes[0]).toMatchObject({ message: "the database is away" });
  });
});
