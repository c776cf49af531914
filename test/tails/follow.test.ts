/** StreamEvents with follow over SQLite, called as a front door calls it: what a tail sends, and when. */
import { randomUUID } from "node:crypto";
import type { MessageShape } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  ClosingReason,
  type SessionService,
  type StreamEventsRequest,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { RpcError, shuttingDown } from "../../src/rpc/errors.ts";
import { StoreError } from "../../src/store/errors.ts";
import type { Store } from "../../src/store/store.ts";
import { failureOf, newContext, Service } from "../rpc/support.ts";
import { appendInput, append as appendTo, eventOf } from "../store/build.ts";

type Frame = MessageShape<(typeof SessionService)["method"]["streamEvents"]["output"]>;
type Stream = AsyncGenerator<Frame, void, undefined>;

const closingNames = new Map<number, string>(
  Object.entries(ClosingReason).map(([name, value]) => [value, name]),
);

/** One for all tests that are content with the default settings. */
let shared: Service;
let service: Service;
let key: { appName: string; userId: string; sessionId: string };
const open: Stream[] = [];
/** Ends the calls of a test, so that none waits for ever. */
let calls: AbortController;

beforeAll(async () => {
  shared = await Service.open();
});

afterAll(() => shared.close());

beforeEach(async () => {
  service = shared;
  calls = new AbortController();
  key = { appName: "app", userId: "user", sessionId: randomUUID() };
  await service.call("createSession", { key });
});

afterEach(async () => {
  calls.abort(new RpcError("CANCELLED", "the test is over"));
  for (const stream of open.splice(0)) await stream.return();
  if (service !== shared) await service.close();
});

/** Another server for this test. */
async function reopen(...settings: Parameters<typeof Service.open>): Promise<void> {
  service = await Service.open(...settings);
  await service.call("createSession", { key });
}

function follow(
  request: Partial<
    Pick<StreamEventsRequest, "cursor" | "afterSeq" | "numRecentEvents" | "heartbeatInterval">
  > = {},
  stop = new AbortController().signal,
): Stream {
  const context = newContext("StreamEvents", calls.signal, stop);
  const stream = service.stream({ key, follow: true, ...request }, context);
  open.push(stream);
  return stream;
}

async function next(stream: Stream): Promise<Frame> {
  const { value, done } = await stream.next();
  if (done) throw new Error("the stream is over");
  return value as Frame;
}

/** The frames up to one of this kind, that one included. */
async function until(stream: Stream, kind: Frame["frame"]["case"]): Promise<Frame[]> {
  const frames: Frame[] = [];
  while (frames.at(-1)?.frame.case !== kind) frames.push(await next(stream));
  return frames;
}

async function caughtUp(stream: Stream): Promise<Stream> {
  await until(stream, "caughtUp");
  return stream;
}

/** Appends that each have so many events; their ids say where they belong. */
async function append(...sizes: number[]): Promise<void> {
  for (const size of sizes) {
    const { session } = await service.call("getSession", { key });
    const first = Number(session?.headSeq ?? 0n) + 1;
    const events = Array.from({ length: size }, (_, at) => ({ id: `e${first + at}` }));
    await service.call("batchAppendEvents", { key, events });
  }
}

/** Appends as another server does, of which the poller tells. */
async function appendElsewhere(size: number): Promise<void> {
  const { session } = await service.call("getSession", { key });
  const first = Number(session?.headSeq ?? 0n) + 1;
  const events = Array.from({ length: size }, (_, at) => eventOf({ id: `e${first + at}` }));
  const { uid, headSeq } = await appendTo(service.opened, appendInput(key, events));
  service.tails.moved({ key, uid, revision: Number(session?.revision ?? 0n) + headSeq - first + 1 });
}

const rename = (displayName: string) => service.call("updateSession", { key, displayName });

/** What frames tell, in one line each: `1-3`, `changed 5 after 3`, `caughtUp`. */
function told(frames: readonly Frame[]): string[] {
  return frames.map(({ frame }) => {
    if (frame.case === "events") return frame.value.events.map(({ id }) => id).join(" ");
    if (frame.case === "changed") return `changed ${frame.value.revision} after ${frame.value.afterSeq}`;
    if (frame.case === "closing") return `closing ${closingNames.get(frame.value.reason)}`;
    return frame.case ?? "";
  });
}

/** Takes frames until `count` events and changes were told. */
async function take(stream: Stream, count: number): Promise<Frame[]> {
  const frames: Frame[] = [];
  let left = count;
  while (left > 0) {
    const frame = await next(stream);
    frames.push(frame);
    if (frame.frame.case === "events") left -= frame.frame.value.events.length;
    if (frame.frame.case === "changed") left--;
  }
  return frames;
}

describe("a tail", () => {
  it("begins with the history and goes on with what is appended", async () => {
    await append(2);
    const stream = follow();
    expect(told(await until(stream, "caughtUp"))).toEqual(["opened", "e1 e2", "caughtUp"]);
    await append(1);
    expect(told(await take(stream, 1))).toEqual(["e3"]);
    const waiting = next(stream);
    await append(3);
    const frame = await waiting;
    expect(told([frame])).toEqual(["e4 e5 e6"]);
    expect(frame).toMatchObject({ seq: 6n, cursor: /./, serverTime: expect.anything() });
  });

  it("tells its heartbeat interval, kept within bounds", async () => {
    const asked = [
      undefined,
      { seconds: 0n, nanos: 5 },
      { seconds: 900n, nanos: 0 },
      { seconds: 2n, nanos: 5e8 },
    ];
    const intervals = [];
    for (const interval of asked) {
      const { frame } = await next(
        follow(interval === undefined ? {} : { heartbeatInterval: interval as never }),
      );
      intervals.push(frame.case === "opened" ? frame.value.heartbeatInterval : undefined);
    }
    expect(intervals).toMatchObject([
      { seconds: 15n, nanos: 0 },
      { seconds: 1n, nanos: 0 },
      { seconds: 60n, nanos: 0 },
      { seconds: 2n, nanos: 500_000_000 },
    ]);
  });

  it("sends heartbeats while nothing happens, with the place to resume", async () => {
    await append(2);
    const stream = await caughtUp(follow({ heartbeatInterval: { seconds: 1n, nanos: 0 } as never }));
    const began = performance.now();
    const beat = await next(stream);
    expect(beat).toMatchObject({ frame: { case: "heartbeat" }, seq: 2n });
    expect(performance.now() - began).toBeGreaterThan(500);
    const resumed = await caughtUp(follow({ cursor: beat.cursor }));
    await append(1);
    expect(told(await take(resumed, 1))).toEqual(["e3"]);
  });

  it("tells a change without an event in its place, with all that it changed", async () => {
    const stream = await caughtUp(follow());
    await append(1);
    await service.call("updateSession", {
      key,
      displayName: "name",
      ownerId: "",
      labels: { a: "b" },
      stateDelta: { own: "1", "user:u": "2", "app:a": "3" },
      removedStateKeys: ["gone", "user:gone", "app:gone"],
      updateMask: { paths: ["display_name", "labels", "state_delta"] },
    });
    await append(1);
    await service.call("updateSession", { key, state: { only: "1" } });
    const frames = await take(stream, 4);
    expect(told(frames)).toEqual(["e1", "changed 3 after 1", "e2", "changed 5 after 2"]);
    expect(frames[1]?.frame.value).toMatchObject({
      stateDelta: { own: "1", "user:u": "2", "app:a": "3" },
      removedStateKeys: ["gone", "user:gone", "app:gone"],
      stateReplaced: false,
      changed: { paths: ["display_name", "labels", "state_delta"] },
      createTime: { seconds: 1_700_000_000n },
    });
    expect(frames[3]?.frame.value).toMatchObject({
      stateDelta: { only: "1" },
      stateReplaced: true,
      changed: { paths: ["state"] },
    });
  });

  it("puts changes and events that came while it did not look into their order", async () => {
    const stream = await caughtUp(follow());
    const waiting = next(stream);
    await append(1);
    const first = await waiting;
    await append(2, 1);
    for (const name of ["a", "b"]) await rename(name);
    await append(2);
    await rename("c");
    const frames = [first, ...(await take(stream, 8))];
    expect(told(frames)).toEqual([
      "e1",
      "e2 e3 e4",
      "changed 6 after 4",
      "changed 7 after 4",
      "e5 e6",
      "changed 10 after 6",
    ]);
  });

  it("misses and repeats nothing while writers run", async () => {
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let at = 0; at < 40; at++) {
        if (at % 8 === 0) await rename(`${writer} ${at}`);
        else await service.call("appendEvent", { key, event: { id: `w${writer}-${at}` } });
      }
    });
    const streams = Array.from({ length: 3 }, () => follow());
    const all = await Promise.all(streams.map((stream) => revisionsThrough(stream, 161)));
    await Promise.all(writers);
    for (const { opened, revisions, seqs } of all) {
      // The events from the first on, and the changes since the state of `opened`.
      expect(seqs).toEqual(Array.from({ length: 140 }, (_, at) => at + 1));
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      expect(new Set(revisions).size).toBe(revisions.length);
      const late = revisions.filter((revision) => revision > opened);
      expect(late).toEqual(Array.from({ length: 161 - opened }, (_, at) => opened + 1 + at));
    }
  });

  /** Every revision that a stream tells up to the last one. */
  async function revisionsThrough(stream: Stream, last: number) {
    const revisions: number[] = [];
    const seqs: number[] = [];
    let opened = 0;
    for (let newest = 0; newest < last; ) {
      const { frame } = await next(stream);
      if (frame.case === "opened") newest = opened = Number(frame.value.session?.revision);
      if (frame.case === "events") {
        seqs.push(...frame.value.events.map(({ seq }) => Number(seq)));
        revisions.push(...frame.value.events.map(({ revision }) => Number(revision)));
      }
      if (frame.case === "changed") revisions.push(Number(frame.value.revision));
      newest = Math.max(newest, revisions.at(-1) ?? 0);
    }
    return { opened, revisions, seqs };
  }

  it("goes on from every cursor of a stream with exactly the rest", async () => {
    await rename("before");
    await append(3, 1);
    const stream = follow();
    const frames = await until(stream, "caughtUp");
    await append(2);
    await rename("a");
    await append(1, 3);
    await rename("b");
    await rename("c");
    await append(1);
    frames.push(...(await take(stream, 10)));
    const whole = told(frames).join(" ").replaceAll("caughtUp ", "").replaceAll("opened ", "");
    for (const [at, { cursor }] of frames.entries()) {
      const rest = told(frames.slice(at + 1).filter(({ frame }) => frame.case !== "caughtUp")).join(" ");
      const resumed = follow({ cursor });
      const got = told((await until(resumed, "caughtUp")).slice(1, -1)).join(" ");
      expect(got, `after frame ${at} of ${whole}`).toBe(rest);
    }
  });

  it("never splits an append over a resume", async () => {
    const stream = await caughtUp(follow());
    const waiting = take(stream, 7);
    await append(1);
    const content = JSON.stringify({ text: "x".repeat(100_000) });
    const events = Array.from({ length: 6 }, (_, at) => ({ id: `big${at}`, content }));
    await service.call("batchAppendEvents", { key, events });
    const frames = await waiting;
    const parts = frames.filter(({ frame }) => frame.case === "events" && frame.value.continues);
    expect(parts.length).toBeGreaterThan(1);
    for (const { cursor } of parts) {
      expect(told(await take(follow({ cursor }), 6)).join(" ")).toBe("opened big0 big1 big2 big3 big4 big5");
    }
    expect(frames.at(-1)?.frame.value).toMatchObject({ continues: false });
  });

  it("ends when its session is deleted", async () => {
    await append(1);
    const stream = await caughtUp(follow());
    const waiting = next(stream);
    await service.call("deleteSession", { key });
    expect(told([await waiting])).toEqual(["closing SESSION_DELETED"]);
    expect((await stream.next()).done).toBe(true);
    expect((await failureOf(next(follow()))).reason).toBe("SESSION_NOT_FOUND");
  });

  it("ends when its session is deleted and made again, and says so on a resume", async () => {
    await append(1);
    const stream = follow();
    const cursor = (await until(stream, "caughtUp")).at(-1)?.cursor ?? "";
    await service.call("deleteSession", { key });
    await service.call("createSession", { key });
    expect(told([await next(stream)])).toEqual(["closing SESSION_RECREATED"]);
    expect((await stream.next()).done).toBe(true);
    expect((await failureOf(next(follow({ cursor })))).reason).toBe("SESSION_RECREATED");
  });

  it("stays open while the database has no time for it, and reads later", async () => {
    // Nobody else asks meanwhile.
    await reopen({}, { tailPoll: 60_000, tailPollBusy: 60_000 });
    const stream = await caughtUp(follow({ heartbeatInterval: { seconds: 1n, nanos: 0 } as never }));
    const { sessionHeads } = service.opened;
    let refusals = 0;
    service.opened.sessionHeads = async (...input) => {
      if (refusals++ === 0) throw new StoreError("SERVER_BUSY", "too many calls wait");
      return sessionHeads.call(service.opened, ...input);
    };
    const waiting = take(stream, 1);
    await appendElsewhere(1);
    const frames = told(await waiting);
    expect([frames.at(-1), new Set(frames)]).toEqual(["e1", new Set(["heartbeat", "e1"])]);
  });

  it("ends when events after its place were trimmed", async () => {
    await reopen();
    await append(3);
    const stream = await caughtUp(follow());
    const { sessionHeads } = service.opened;
    service.opened.sessionHeads = async (...input) => {
      const heads = await sessionHeads.call(service.opened, ...input);
      return heads.map((head) => ({ ...head, firstSeq: 5 }));
    };
    await appendElsewhere(2);
    expect(told([await next(stream)])).toEqual(["closing EVENTS_TRIMMED"]);
    expect((await stream.next()).done).toBe(true);
  });

  it("fails where the database lost what it had told", async () => {
    await reopen();
    await append(3);
    const stream = await caughtUp(follow());
    const { sessionHeads } = service.opened;
    service.opened.sessionHeads = async (...input) => {
      const heads = await sessionHeads.call(service.opened, ...input);
      return heads.map((head) => ({ ...head, revision: 2, headSeq: 1 }));
    };
    const waiting = failureOf(next(stream));
    await appendElsewhere(1);
    expect((await waiting).reason).toBe("SEQ_BEYOND_HEAD");
  });

  it("that is still sending its history ends in the same words", async () => {
    const content = JSON.stringify({ text: "x".repeat(100_000) });
    for (let at = 0; at < 60; at++)
      await service.call("appendEvent", { key, event: { id: `h${at}`, content } });
    const stream = follow();
    await next(stream);
    await next(stream);
    await service.call("deleteSession", { key });
    expect(told(await until(stream, "closing")).at(-1)).toBe("closing SESSION_DELETED");
  });

  it("ends when the server goes down, in words of its own", async () => {
    await append(2);
    const stop = new AbortController();
    const stream = await caughtUp(follow({}, stop.signal));
    const waiting = next(stream);
    stop.abort(shuttingDown());
    const last = await waiting;
    expect(told([last])).toEqual(["closing SHUTTING_DOWN"]);
    expect(last.seq).toBe(2n);
    expect((await stream.next()).done).toBe(true);
    await append(1);
    expect(told(await take(follow({ cursor: last.cursor }), 1))).toEqual(["opened", "e3"]);
  });

  it("fails when its caller leaves, and gives its place back", async () => {
    const stream = await caughtUp(follow());
    expect([service.tails.streams.size, service.tails.sessions]).toEqual([1, 1]);
    const waiting = failureOf(next(stream));
    calls.abort(new RpcError("CANCELLED", "left"));
    expect((await waiting).reason).toBe("CANCELLED");
    expect([service.tails.streams.size, service.tails.sessions]).toEqual([0, 0]);
  });

  it("that is left while it waits gives its place back", async () => {
    const stream = await caughtUp(follow());
    await stream.return();
    expect([service.tails.streams.size, service.tails.sessions]).toEqual([0, 0]);
  });
});

describe("with settings of its own", () => {
  it("a stream is told to resume when it is old enough", async () => {
    await reopen({}, { tailMaxAge: 300 });
    const stream = await caughtUp(follow());
    const last = await next(stream);
    expect(told([last])).toEqual(["closing MAX_AGE"]);
    expect((await stream.next()).done).toBe(true);
    await append(1);
    expect(told(await take(follow({ cursor: last.cursor }), 1))).toEqual(["opened", "e1"]);
  });

  it("one stream more than a session may have is refused until one ends", async () => {
    await reopen({}, { maxTailsPerSession: 2 });
    const [first] = [await caughtUp(follow()), await caughtUp(follow())];
    const failure = await failureOf(next(follow()));
    expect(failure).toMatchObject({ reason: "SERVER_BUSY" });
    expect(failure.info.metadata).toEqual({ limit: "max_tails_per_session", limit_value: "2" });
    expect(failure.status.retryDelayMs).toBeGreaterThan(0);
    await service.call("createSession", { key: { ...key, sessionId: "other" } });
    await first?.return();
    await caughtUp(follow());
  });

  it("one stream more than a server may have is refused", async () => {
    await reopen({}, { maxTails: 1 });
    await caughtUp(follow());
    const failure = await failureOf(next(follow()));
    expect(failure.info.metadata).toEqual({ limit: "max_tails", limit_value: "1" });
  });

  it("many changes come in steps of bounded size", async () => {
    await reopen({ frameBytes: 4_096 });
    const stream = await caughtUp(follow());
    const waiting = take(stream, 41);
    for (let at = 0; at < 40; at++) {
      await service.call("updateSession", {
        key,
        stateDelta: { [`k${at}`]: JSON.stringify("x".repeat(600)) },
      });
    }
    await append(1);
    const frames = await waiting;
    expect(
      frames.flatMap(({ frame }) => (frame.case === "changed" ? [Number(frame.value.revision)] : [])),
    ).toEqual(Array.from({ length: 40 }, (_, at) => at + 2));
    expect(told(frames).at(-1)).toBe("e1");
    const resumed = told(await until(follow({ cursor: frames[0]?.cursor ?? "" }), "caughtUp"));
    expect(resumed.filter((line) => !/^(opened|state|caughtUp)$/.test(line))).toEqual(told(frames).slice(1));
  });
});

describe("tails of one session", () => {
  /** Counts the calls of a method of the store that tails read. */
  function counted<K extends keyof Store>(name: K, store: Store): { count: number } {
    const counter = { count: 0 };
    const given = (store[name] as (...args: unknown[]) => unknown).bind(store);
    (store as unknown as Record<K, unknown>)[name] = (...args: unknown[]) => {
      counter.count++;
      return given(...args);
    };
    return counter;
  }

  /** The looks at the session's row and the reads of its events that one event costs these tails. */
  async function costOf(streams: readonly Stream[], appendOne: () => Promise<void>) {
    const heads = counted("sessionHeads", service.opened);
    const reads = counted("readEvents", service.opened);
    const waiting = Promise.all(streams.map((stream) => take(stream, 1)));
    await appendOne();
    const frames = (await waiting).flat();
    // What tails do once they have it.
    await append();
    return { cost: [heads.count, reads.count], told: new Set(told(frames)) };
  }

  it("share what they read: what another server appended costs as many reads for a hundred as for one", async () => {
    // The poller asks for heads, too.
    await reopen({}, { tailPoll: 60_000, tailPollBusy: 60_000 });
    const one = await costOf([await caughtUp(follow())], () => appendElsewhere(1));
    expect(one).toEqual({ cost: [1, 1], told: new Set(["e1"]) });
    const streams = await Promise.all(Array.from({ length: 100 }, () => caughtUp(follow())));
    const hundred = await costOf(streams, () => appendElsewhere(1));
    expect(hundred).toEqual({ cost: [1, 1], told: new Set(["e2"]) });
  });

  it("need no read of what this server appended", async () => {
    await reopen({}, { tailPoll: 60_000, tailPollBusy: 60_000 });
    const streams = await Promise.all(Array.from({ length: 20 }, () => caughtUp(follow())));
    expect(await costOf(streams, () => append(1))).toEqual({ cost: [0, 0], told: new Set(["e1"]) });
    // What came while it did not look is one frame.
    const [stream = follow()] = streams;
    await append(1, 2);
    expect(told(await take(stream, 3))).toEqual(["e2 e3 e4"]);
  });

  it("tell the same bytes of an event whether they read it or not", async () => {
    await reopen({}, { tailPoll: 60_000, tailPollBusy: 60_000 });
    const stream = await caughtUp(follow());
    const events = Array.from({ length: 3 }, (_, at) => ({
      ...{
        id: `e${at}`,
        author: "agent",
        timestamp: 0.1 * at,
        content: '{"parts": [ ]}',
        turnComplete: at > 0,
      },
      stateDelta: { "app:a": "1.0", "2": "{}", "1": "null", "temp:t": "1" },
      removedStateKeys: ["gone", "user:gone"],
    }));
    await service.call("batchAppendEvents", { key, events });
    const [live] = await take(stream, 3);
    const history = await until(follow(), "caughtUp");
    const read = history.find(({ frame }) => frame.case === "events");
    expect(live?.frame).toEqual(read?.frame);
    expect(live?.frame.case).toBe("events");
  });
});
