/** When the poller asks, and whom it wakes. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keyText } from "../../src/store/append-plan.ts";
import type { HeadRecord, SessionKey } from "../../src/store/store.ts";
import { type Poll, type TailObserver, unobserved } from "../../src/tails/observer.ts";
import { HeadPoller } from "../../src/tails/poller.ts";
import { WatchedSession } from "../../src/tails/watched-session.ts";

const options = { tailPoll: 250, tailPollBusy: 50 };
/** What the database has. */
const heads = new Map<string, HeadRecord>();
/** The sizes of the questions that were asked. */
let asked: number[];
/** How long an answer takes, in milliseconds. */
let answerMs: number;
let failing: boolean;
let polls: Poll[];
let failures: number;
let watched: Map<string, WatchedSession>;
let poller: HeadPoller;

beforeEach(() => {
  vi.useFakeTimers();
  heads.clear();
  [asked, polls, failures, answerMs, failing] = [[], [], 0, 1, false];
  watched = new Map();
  const store = {
    async sessionHeads(keys: readonly SessionKey[]): Promise<HeadRecord[]> {
      asked.push(keys.length);
      await new Promise((resolve) => setTimeout(resolve, answerMs));
      if (failing) throw new Error("the database is away");
      return keys.flatMap((key) => heads.get(keyText(key)) ?? []);
    },
  };
  const observer: TailObserver = {
    ...unobserved,
    polled: (poll) => polls.push(poll),
    pollFailed: () => failures++,
  };
  poller = new HeadPoller(store, watched, options, observer);
});

afterEach(() => {
  poller.stop();
  vi.useRealTimers();
});

/** Follows a session that the database has at this revision. */
function watch(sessionId: string, revision = 1): WatchedSession {
  const key = { appName: "a", userId: "u", sessionId };
  const session = new WatchedSession(key, () => Promise.reject(new Error("nobody reads")), 0);
  watched.set(keyText(key), session);
  move(session, revision);
  session.joined({ uid: "uid", revision });
  return session;
}

function move({ key }: WatchedSession, revision: number, uid = "uid"): void {
  heads.set(keyText(key), { key, uid, revision, headSeq: revision - 1, firstSeq: 1 });
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test("asks at its quiet pace while nothing moves, and not at all while nothing is watched", async () => {
  await pass(10_000);
  expect(asked).toEqual([]);
  watch("s");
  poller.start();
  await pass(10_000);
  expect(asked.length).toBeGreaterThan(30);
  expect(asked.length).toBeLessThan(42);
  watched.clear();
  await pass(1_000);
  const before = asked.length;
  await pass(10_000);
  expect(asked.length).toBe(before);
  watch("again");
  poller.start();
  await pass(1_000);
  expect(asked.length).toBeGreaterThan(before);
});

test("wakes the sessions that moved, and only those", async () => {
  const [still, moving, going, coming] = ["still", "moving", "going", "coming"].map((id) => watch(id)) as [
    WatchedSession,
    WatchedSession,
    WatchedSession,
    WatchedSession,
  ];
  poller.start();
  await pass(300);
  expect([still, moving, going, coming].map(({ news }) => news)).toEqual([0, 0, 0, 0]);
  move(moving, 2);
  heads.delete(keyText(going.key));
  move(coming, 1, "another uid");
  await pass(300);
  expect([still, moving, going, coming].map(({ news }) => news)).toEqual([0, 1, 1, 1]);
  await pass(3_000);
  expect([still, moving, going, coming].map(({ news }) => news)).toEqual([0, 1, 1, 1]);
  expect(polls.reduce((sum, { moved }) => sum + moved, 0)).toBe(3);
});

test("is not news what this process was told already", async () => {
  const session = watch("s");
  poller.start();
  session.moved({ uid: "uid", revision: 2 });
  move(session, 2);
  await pass(3_000);
  expect(session.news).toBe(1);
});

test("asks more often right after something moved, and slows down again", async () => {
  const session = watch("s");
  poller.start();
  await pass(260);
  for (let revision = 2; revision < 22; revision++) {
    move(session, revision);
    await pass(51);
  }
  const busy = asked.length;
  expect(busy).toBeGreaterThan(14);
  await pass(5_000);
  expect(asked.length - busy).toBeLessThan(26);
});

test("takes no more than a tenth of the time of a connection", async () => {
  answerMs = 200;
  watch("s");
  poller.start();
  await pass(20_000);
  expect(asked.length).toBeLessThanOrEqual(10);
  expect(asked.length).toBeGreaterThan(7);
});

test("one slow answer does not slow the next questions, and the slowest database is asked every few seconds", async () => {
  watch("s");
  poller.start();
  await pass(2_000);
  answerMs = 900;
  await pass(500);
  answerMs = 1;
  await pass(1_000);
  const before = asked.length;
  await pass(2_000);
  expect(asked.length - before).toBeGreaterThan(6);
  answerMs = 1_000;
  await pass(10_000);
  const slow = asked.length;
  await pass(30_000);
  expect(asked.length - slow).toBeGreaterThan(8);
});

test("asks for at most a thousand sessions at once", async () => {
  for (let at = 0; at < 2_100; at++) watch(`s${at}`);
  poller.start();
  await pass(270);
  expect(asked).toEqual([1_000, 1_000, 100]);
});

test("goes on after failures, without haste", async () => {
  const session = watch("s");
  failing = true;
  poller.start();
  await pass(10_000);
  expect(failures).toBeGreaterThan(8);
  expect(failures).toBeLessThan(12);
  expect(session.news).toBe(0);
  failing = false;
  move(session, 5);
  await pass(1_500);
  expect(session.news).toBe(1);
});
