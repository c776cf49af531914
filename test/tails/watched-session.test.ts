/** How the tails of one session share what they read, and miss nothing by it. */
import { beforeEach, describe, expect, test } from "vitest";
import type { HeadRecord } from "../../src/store/store.ts";
import type { StoredEvent } from "../../src/store/stored-event.ts";
import type { NextEvents, Step, TailPlace } from "../../src/tails/step.ts";
import { type ReadStep, WatchedSession } from "../../src/tails/watched-session.ts";

const key = { appName: "a", userId: "u", sessionId: "s" };
/** The reads that were begun: each ends when the test says. */
let reads: {
  readonly place: TailPlace;
  readonly next: NextEvents | undefined;
  readonly found: HeadRecord | undefined;
  end(step: Step): void;
  fail(error: Error): void;
}[];
let session: WatchedSession;

beforeEach(() => {
  reads = [];
  session = sessionWith(1_000);
});

function sessionWith(maxBytes: number): WatchedSession {
  const read: ReadStep = (place, next, found) => {
    const { promise, resolve, reject } = Promise.withResolvers<Step>();
    reads.push({ place, next, found, end: resolve, fail: reject });
    return promise;
  };
  return new WatchedSession(key, read, maxBytes);
}

const at = (revision: number): TailPlace => ({
  uid: "uid",
  seq: revision - 1,
  resumeSeq: revision - 1,
  revision,
});

/** A step with a frame, or without one. */
function stepTo(revision: number, found: boolean, bytes = 10): Step {
  const place = at(revision);
  const resume = { uid: "uid", seq: place.seq, revision, filter: undefined };
  const frames = found
    ? [{ kind: "events" as const, events: [], continues: false, seq: place.seq, resume }]
    : [];
  return { frames, place, atHead: true, gone: undefined, bytes };
}

describe("a step", () => {
  test("is read once for all that are at the same place, and kept for those that come later", async () => {
    const waiting = [session.step(at(1)), session.step(at(1))];
    expect(reads).toHaveLength(1);
    reads[0]?.end(stepTo(2, true));
    const [one, two] = await Promise.all(waiting);
    const later = await session.step(at(1));
    expect(reads).toHaveLength(1);
    expect(two?.frames).toBe(one?.frames);
    expect(later.frames).toBe(one?.frames);
  });

  test("of another place is read by itself", async () => {
    void session.step(at(1));
    void session.step(at(2));
    expect(reads.map(({ place }) => place.revision)).toEqual([1, 2]);
  });

  test("that found nothing is read again where something happened since it began", async () => {
    const waiting = session.step(at(1));
    session.moved({ uid: "uid", revision: 2 });
    reads[0]?.end(stepTo(1, false));
    await expect.poll(() => reads.length).toBe(2);
    reads[1]?.end(stepTo(2, true));
    expect((await waiting).frames).toHaveLength(1);
  });

  test("that found nothing holds until something happens", async () => {
    const first = session.step(at(1));
    reads[0]?.end(stepTo(1, false));
    expect((await first).asOf).toBe(session.news);
    await session.step(at(1));
    expect(reads).toHaveLength(1);
    session.moved({ uid: "uid", revision: 2 });
    void session.step(at(1));
    await expect.poll(() => reads.length).toBe(2);
  });

  test("that failed fails those that waited for it, and nobody else", async () => {
    const waiting = session.step(at(1));
    reads[0]?.fail(new Error("away"));
    await expect(waiting).rejects.toThrow("away");
    const again = session.step(at(1));
    reads[1]?.end(stepTo(2, true));
    expect((await again).frames).toHaveLength(1);
  });

  test("is forgotten where newer ones fill the room", async () => {
    session = sessionWith(25);
    for (let revision = 1; revision <= 4; revision++) {
      const step = session.step(at(revision));
      reads.at(-1)?.end(stepTo(revision + 1, true));
      await step;
    }
    expect(reads).toHaveLength(4);
    await Promise.all([session.step(at(3)), session.step(at(4))]);
    expect(reads).toHaveLength(4);
    void session.step(at(1));
    expect(reads).toHaveLength(5);
  });
});

describe("what this process appended", () => {
  const appended = (revision: number) => (): StoredEvent[] => [
    { seq: revision - 1, revision, appendEndSeq: revision - 1, message: new Uint8Array(8) },
  ];
  const move = (revision: number, events?: () => StoredEvent[]) =>
    session.moved({ uid: "uid", revision }, events);
  /** The revisions that the last read was given, and the one that the session is known to have. */
  const given = () => {
    const next = reads.at(-1)?.next;
    return next && [next.events.map(({ revision }) => revision), next.headRevision];
  };

  beforeEach(() => void session.joined({ uid: "uid", revision: 1 }));

  test("makes the step of all that are right before it, and of nobody else", async () => {
    move(2, appended(2));
    const waiting = [session.step(at(1)), session.step(at(1))];
    expect(reads).toHaveLength(1);
    expect(given()).toEqual([[2], 2]);
    reads[0]?.end(stepTo(2, true));
    await Promise.all(waiting);
    void session.step(at(0));
    expect(given()).toBeUndefined();
  });

  test("leaves more to be read where somebody else changed the session since", () => {
    move(2, appended(2));
    move(3);
    void session.step(at(1));
    expect(given()).toEqual([[2], 3]);
    session.deleted();
    move(4, appended(4));
    session.deleted();
    void session.step(at(3));
    expect(given()).toBeUndefined();
  });

  test("of which the poller told before is read", () => {
    move(2);
    move(2, appended(2));
    void session.step(at(1));
    expect(given()).toBeUndefined();
  });
});

test("where a look found the session is known to reads until something else is", () => {
  const head = { key, uid: "uid", revision: 3, headSeq: 2, firstSeq: 1 };
  session.joined({ uid: "uid", revision: 1 });
  expect([session.found(head), session.found(head)]).toEqual([true, false]);
  void session.step(at(1));
  expect(reads.at(-1)?.found).toBe(head);
  session.moved({ uid: "uid", revision: 4 });
  void session.step(at(2));
  expect(reads.at(-1)?.found).toBeUndefined();
  session.found({ ...head, revision: 5 });
  session.deleted();
  void session.step(at(3));
  expect(reads.at(-1)?.found).toBeUndefined();
});

describe("a tail that has read its history", () => {
  test("waits where nothing more is known, and reads where it is", () => {
    expect(session.joined({ uid: "uid", revision: 5 })).toBe(0);
    // Another one, which read later: the first must not miss what it saw.
    expect(session.joined({ uid: "uid", revision: 7 })).toBeUndefined();
    expect(session.moved({ uid: "uid", revision: 7 })).toBe(true);
    expect(session.joined({ uid: "uid", revision: 7 })).toBe(1);
  });

  test("is told of a revision once, of another uid, and of a delete", () => {
    session.joined({ uid: "uid", revision: 5 });
    expect(session.moved({ uid: "uid", revision: 5 })).toBe(false);
    expect(session.moved({ uid: "uid", revision: 4 })).toBe(false);
    expect(session.moved({ uid: "other", revision: 1 })).toBe(true);
    expect(session.deleted()).toBe(true);
    expect(session.deleted()).toBe(false);
    expect(session.news).toBe(2);
  });
});
