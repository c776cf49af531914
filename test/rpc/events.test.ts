import { createRegistry, fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/ts/google/rpc/status_pb.ts";
import { ErrorReason } from "../../gen/ts/sessiond/v1/error_pb.ts";
import { EventScope } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { RpcError } from "../../src/rpc/errors.ts";
import type { StoredEvent } from "../../src/store/stored-event.ts";
import { collect, failureOf, json, newContext, Service, withLimits } from "./support.ts";

let service: Service;
beforeAll(async () => {
  service = await Service.open();
});
afterAll(() => service.close());

// Every test has a session of its own.
let count = 0;
let key: { appName: string; userId: string; sessionId: string };
beforeEach(() => {
  key = { appName: `app${count++}`, userId: "user", sessionId: "session" };
});

/** Appends batches of these sizes; the event of seq n has the id `e<n>` and the timestamp n. */
async function appendBatches(sizes: readonly number[], to: Service = service, bytes = 0): Promise<void> {
  let seq = 0;
  for (const size of sizes) {
    const events = Array.from({ length: size }, () => {
      seq++;
      return { id: `e${seq}`, timestamp: seq, content: JSON.stringify({ text: "x".repeat(bytes) }) };
    });
    await to.call("batchAppendEvents", { key, createSession: true, events });
  }
}

/** The seqs of each page of a walk. */
async function walkEvents(
  pageSize: number,
  request: object = {},
  from: Service = service,
): Promise<number[][]> {
  const pages: number[][] = [];
  let pageToken = "";
  do {
    const page = await from.call("listEvents", { key, pageSize, ...request, pageToken });
    pages.push(page.events.map((event) => Number(event.seq)));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return pages;
}

describe("AppendEvent", () => {
  it("gives back what was appended, byte for byte, and absent apart from empty", async () => {
    await service.call("createSession", { key });
    const input = {
      id: "ü e1 ",
      invocationId: "i\0",
      author: "a",
      branch: "",
      timestamp: 1_700_000_000.123_456_7,
      partial: false,
      turnComplete: false,
      interrupted: true,
      errorCode: "",
      errorMessage: "é\u2028",
      longRunningToolIds: { ids: [] },
      actions: new TextEncoder().encode('{"b" : 1.0,"a":"\\ud800", "b":12345678901234567890}\n'),
      stateDelta: { a: "1.0", "user:b": " [ ] ", "app:c": '"\\u0000"', "temp:d": "1" },
      removedStateKeys: ["z", "temp:y", "a2", "user:z"],
      content: '{"z":1,"a":-0.0}',
      groundingMetadata: "{ }",
      customMetadata: '{"x":1e400}',
      extra: '{"__proto__":{}}',
      writer: { language: "go", adkVersion: "2.1" },
    };
    const outputOnly = { seq: 77n, revision: 78n, key: { appName: "x", userId: "y", sessionId: "z" } };
    await service.call("appendEvent", { key, event: { ...input, ...outputOnly } });
    await service.call("appendEvent", { key, event: { id: "bare" } });
    const { events } = await service.call("listEvents", { key });
    const { "temp:d": _, ...stateDelta } = input.stateDelta;
    expect(events[0]).toMatchObject({
      ...input,
      actions: expect.anything(),
      stateDelta,
      removedStateKeys: ["z", "a2", "user:z"],
      seq: 1n,
      revision: 2n,
    });
    expect(events[0]?.key).toBeUndefined();
    expect(Buffer.from(events[0]?.actions ?? [])).toEqual(Buffer.from(input.actions));
    expect(Object.keys(events[0]?.stateDelta ?? {})).not.toContain("temp:d");
    const bare = events[1];
    for (const field of [
      "invocationId",
      "author",
      "branch",
      "partial",
      "turnComplete",
      "interrupted",
      "errorCode",
      "errorMessage",
    ] as const) {
      expect(bare?.[field]).toBeUndefined();
    }
    expect([bare?.longRunningToolIds, bare?.writer, bare?.actions.length]).toEqual([undefined, undefined, 0]);
    const { session } = await service.call("getSession", { key });
    expect(session?.state).toEqual({ a: "1.0", "user:b": " [ ] ", "app:c": '"\\u0000"' });
  });

  it("keeps the state key __proto__ in delta and state", async () => {
    const stateDelta = Object.fromEntries([["__proto__", '{"x":1}']]);
    await service.call("appendEvent", { key, createSession: true, event: { stateDelta } });
    const { events } = await service.call("listEvents", { key });
    const { session } = await service.call("getSession", { key });
    expect(Object.entries(events[0]?.stateDelta ?? {})).toEqual(Object.entries(stateDelta));
    expect(Object.entries(session?.state ?? {})).toEqual(Object.entries(stateDelta));
  });

  it("gives an event without id and time the server's, and tells them", async () => {
    const { event } = await service.call("appendEvent", { key, createSession: true, event: {} });
    const { events } = await service.call("listEvents", { key });
    expect(event?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(events[0]).toMatchObject({
      id: event?.id,
      timestamp: event?.timestamp,
      createTime: event?.createTime,
    });
    const again = await service.call("appendEvent", { key, event: {} });
    expect(again.event?.seq).toBe(2n);
  });

  it("answers a retry as the first time, also of an event without a time, whatever it expects", async () => {
    const { session } = await service.call("createSession", { key });
    const event = { id: "e1", stateDelta: { a: "1", b: "2" }, actions: json({ x: 1 }) };
    const first = await service.call("appendEvent", { key, event });
    await service.call("appendEvent", { key, event: { id: "e2" } });
    const retry = {
      key,
      event: { ...event, stateDelta: { b: "2", a: "1" }, writer: { language: "java" } },
      sessionUid: session?.uid ?? "",
      expectedRevision: 1n,
    };
    expect(await service.call("appendEvent", retry)).toEqual(first);
    expect((await service.call("getSession", { key })).session?.eventCount).toBe(2n);
  });

  it("refuses another event of the same id, and tells where that is", async () => {
    await service.call("appendEvent", { key, createSession: true, event: { id: "e1" } });
    const failure = await failureOf(service.call("appendEvent", { key, event: { id: "e1", author: "x" } }));
    expect([failure.reason, failure.info.metadata]).toEqual([
      "EVENT_ID_CONFLICT",
      { event_id: "e1", seq: "1" },
    ]);
  });

  it("refuses a stale revision, a namesake and a missing session", async () => {
    expect((await failureOf(service.call("appendEvent", { key, event: {} }))).reason).toBe(
      "SESSION_NOT_FOUND",
    );
    const { session } = await service.call("createSession", { key });
    const expecting = { key, event: {}, sessionUid: session?.uid ?? "", expectedRevision: 1n };
    await service.call("appendEvent", expecting);
    const stale = await failureOf(service.call("appendEvent", expecting));
    expect([stale.reason, stale.info.metadata["actual_revision"]]).toEqual(["STALE_SESSION", "2"]);
    const namesake = await failureOf(service.call("appendEvent", { key, event: {}, sessionUid: "other" }));
    expect(namesake.reason).toBe("STALE_SESSION");
  });

  it("gives a session that it makes its owner, and leaves that of another", async () => {
    await service.call("appendEvent", { key, createSession: true, ownerId: "owner", event: {} });
    await service.call("appendEvent", { key, createSession: true, ownerId: "other", event: {} });
    expect((await service.call("getSession", { key })).session?.ownerId).toBe("owner");
  });

  it("makes a missing session once for concurrent writers, whose events all land", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        service.call("appendEvent", { key, createSession: true, event: { id: `e${n}` } }),
      ),
    );
    expect(new Set(answers.map((answer) => answer.sessionUid)).size).toBe(1);
    expect(answers.map((answer) => Number(answer.event?.seq))).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
  });

  it("does nothing for a caller who has left", async () => {
    await service.call("createSession", { key });
    const context = newContext("AppendEvent", AbortSignal.abort(new RpcError("CANCELLED", "left")));
    expect((await failureOf(service.call("appendEvent", { key, event: {} }, context))).reason).toBe(
      "CANCELLED",
    );
    expect((await service.call("getSession", { key })).session?.headSeq).toBe(0n);
  });
});

describe("BatchAppendEvents", () => {
  const events = [{ id: "a", stateDelta: { n: "1" } }, {}, { id: "c", stateDelta: { n: "3" } }];

  it("stores all in their order, one revision each, and answers a retry as the first time", async () => {
    const named = events.map((event, at) => ({ id: `e${at}`, ...event }));
    const first = await service.call("batchAppendEvents", { key, createSession: true, events: named });
    expect(first.events.map(({ seq, revision }) => [seq, revision])).toEqual([
      [1n, 2n],
      [2n, 3n],
      [3n, 4n],
    ]);
    expect(await service.call("batchAppendEvents", { key, events: named })).toEqual(first);
    expect((await service.call("getSession", { key })).session?.state).toEqual({ n: "3" });
  });

  it("stores none if one is refused", async () => {
    await service.call("appendEvent", { key, createSession: true, event: { id: "c" } });
    const failure = await failureOf(service.call("batchAppendEvents", { key, events }));
    expect(failure.reason).toBe("EVENT_ID_CONFLICT");
    await service.call("appendEvent", { key, event: { id: "a", stateDelta: { n: "1" } } });
    const partly = await failureOf(service.call("batchAppendEvents", { key, events: events.slice(0, 2) }));
    expect([partly.reason, partly.info.metadata]).toEqual([
      "BATCH_PARTLY_STORED",
      { event_id: "a", seq: "2" },
    ]);
    expect((await service.call("getSession", { key })).session).toMatchObject({
      headSeq: 2n,
      state: { n: "1" },
    });
  });

  it("takes several events without an id", async () => {
    const answer = await service.call("batchAppendEvents", {
      key,
      createSession: true,
      events: [{}, {}, {}],
    });
    expect(new Set(answer.events.map((event) => event.id)).size).toBe(3);
  });
});

describe("AppendToSessions", () => {
  const session = (sessionId: string) => ({ ...key, sessionId });

  it("makes every append or tells why not, and goes on with the others", async () => {
    await service.call("createSession", { key: session("a") });
    await service.call("createSession", { key: session("b") });
    const { outcomes } = await service.call("appendToSessions", {
      appends: [
        { key: session("a"), event: { id: "a1", stateDelta: { n: "1" } } },
        { key: session("none"), event: { id: "x" } },
        { key: session("b"), event: { id: "b1", author: "" } },
        { key: session("a"), event: { id: "a2", content: "no JSON" } },
        { key: session("a"), event: { id: "a3", stateDelta: { n: "3" } } },
        { key: session("a"), event: { id: "a1", content: "{}" } },
      ],
    });
    expect(outcomes.map(({ outcome }) => outcome.case)).toEqual([
      ...["appended", "error", "appended", "error", "appended", "error"],
    ]);
    expect(outcomes[4]?.outcome.value).toMatchObject({ event: { id: "a3", seq: 2n, revision: 3n } });
    const { session: stored } = await service.call("getSession", { key: session("a") });
    expect({ ...stored?.state }).toEqual({ n: "3" });
    const errors = outcomes.flatMap(({ outcome }) => (outcome.case === "error" ? [outcome.value] : []));
    expect(errors).toMatchObject([
      { code: Code.NotFound, reason: ErrorReason.SESSION_NOT_FOUND },
      { code: Code.InvalidArgument, reason: ErrorReason.INVALID_FIELD },
      { code: Code.AlreadyExists, reason: ErrorReason.EVENT_ID_CONFLICT },
    ]);
    const alone = await failureOf(
      service.call("appendEvent", { key: session("a"), event: { id: "a1", content: "{}" } }),
    );
    const status = fromBinary(StatusSchema, errors[2]?.status ?? new Uint8Array());
    expect(status).toMatchObject({ code: errors[2]?.code, message: alone.message });
    expect(errors[2]?.message).toBe(alone.message);
    const details = status.details.map((detail) => anyUnpack(detail, createRegistry(ErrorInfoSchema)));
    expect(details).toEqual([alone.info]);
  });

  it("answers a retry as the first time", async () => {
    await service.call("createSession", { key });
    const appends = ["e1", "e2", "e3"].map((id) => ({ key, event: { id } }));
    const first = await service.call("appendToSessions", { appends });
    expect(await service.call("appendToSessions", { appends: appends.toReversed() })).toEqual({
      ...first,
      outcomes: first.outcomes.toReversed(),
    });
    const { events } = await service.call("listEvents", { key });
    expect(events.map(({ id }) => id)).toEqual(["e1", "e2", "e3"]);
  });

  it("wants 1 to 1,000 appends", async () => {
    const none = await failureOf(service.call("appendToSessions", {}));
    expect(none).toMatchObject({ reason: "INVALID_FIELD", fields: ["appends"] });
    const appends = Array.from({ length: 1_001 }, () => ({ key }));
    const many = await failureOf(service.call("appendToSessions", { appends }));
    expect(many).toMatchObject({ reason: "INVALID_FIELD", fields: ["appends"] });
  });

  it("tells the log of the server's failures, and counts all", () =>
    withLimits({ appendQueueCalls: 1 }, async (own) => {
      await own.call("createSession", { key });
      const lines: string[] = [];
      const facts: Record<string, unknown> = {};
      const context = {
        ...newContext("appendToSessions"),
        log: pino({ level: "warn" }, { write: (line) => void lines.push(line) }),
        annotate: (told: object) => void Object.assign(facts, told),
      };
      const appends = ["e1", "e2"].map((id) => ({ key, event: { id, content: "{}" } }));
      const invalid = { key, event: { id: "e3", content: "{" } };
      const { outcomes } = await own.call("appendToSessions", { appends: [...appends, invalid] }, context);
      expect(outcomes.map(({ outcome }) => outcome)).toMatchObject([
        { case: "appended" },
        { case: "error", value: { reason: ErrorReason.SERVER_BUSY } },
        { case: "error", value: { reason: ErrorReason.INVALID_FIELD } },
      ]);
      expect(lines.map((line) => JSON.parse(line).reason)).toEqual(["SERVER_BUSY"]);
      expect(facts).toMatchObject({ events: 3, failed: 2 });
    }));

  it("ends as a whole for a caller who has left", async () => {
    await service.call("createSession", { key });
    const context = newContext("appendToSessions", AbortSignal.abort(new RpcError("CANCELLED", "gone")));
    const appends = [{ key, event: { id: "e1" } }];
    const failure = await failureOf(service.call("appendToSessions", { appends }, context));
    expect(failure.reason).toBe("CANCELLED");
    expect((await service.call("getSession", { key })).session?.headSeq).toBe(0n);
  });
});

describe("StreamEvents", () => {
  /** A stream in short: each frame's kind, seqs and seq. */
  async function shown(request: object, from: Service = service): Promise<string[]> {
    const frames = await collect(from.stream({ key, ...request }));
    return frames.map(({ frame, seq }) => {
      const ids = frame.case === "events" ? ` ${frame.value.events.map((event) => event.seq).join(",")}` : "";
      const more = frame.case === "events" && frame.value.continues ? " continues" : "";
      return `${frame.case}${ids} @${seq}${more}`;
    });
  }

  it("sends the session, its events and the word that they are complete", async () => {
    await appendBatches([1, 1, 1]);
    await service.call("updateUserState", { key: { ...key, sessionId: "" }, stateDelta: { u: "1" } });
    const frames = await collect(service.stream({ key }));
    const { session } = await service.call("getSession", { key });
    expect(frames.map((frame) => frame.frame.case)).toEqual(["opened", "events", "caughtUp"]);
    expect(frames[0]?.frame.value).toMatchObject({ session });
    const events = frames.flatMap(({ frame }) => (frame.case === "events" ? frame.value.events : []));
    expect(events).toEqual((await service.call("listEvents", { key })).events);
    for (const frame of frames) {
      expect(frame.cursor).not.toBe("");
      expect(Number(frame.serverTime?.seconds)).toBeGreaterThan(0);
    }
  });

  it("sends a session without events", async () => {
    await service.call("createSession", { key });
    expect(await shown({})).toEqual(["opened @0", "caughtUp @0"]);
  });

  it.each([
    [{}, ["opened @0", "events 1,2,3,4,5,6 @6", "caughtUp @6"]],
    [{ afterSeq: 0n }, ["opened @0", "events 1,2,3,4,5,6 @6", "caughtUp @6"]],
    [{ afterSeq: 4n }, ["opened @4", "events 5,6 @6", "caughtUp @6"]],
    [{ afterSeq: 6n }, ["opened @6", "caughtUp @6"]],
    [{ afterTime: 4 }, ["opened @0", "events 4,5,6 @6", "caughtUp @6"]],
    [{ afterTime: 4.000_000_1 }, ["opened @0", "events 5,6 @6", "caughtUp @6"]],
    [{ afterTime: 7 }, ["opened @0", "caughtUp @6"]],
    [{ numRecentEvents: 0 }, ["opened @6", "caughtUp @6"]],
    [{ numRecentEvents: 2 }, ["opened @4", "events 5,6 @6", "caughtUp @6"]],
    [{ numRecentEvents: 100 }, ["opened @0", "events 1,2,3,4,5,6 @6", "caughtUp @6"]],
    [{ afterTime: 3, numRecentEvents: 2 }, ["opened @4", "events 5,6 @6", "caughtUp @6"]],
    [{ afterSeq: 5n, numRecentEvents: 3 }, ["opened @5", "events 6 @6", "caughtUp @6"]],
    [{ afterSeq: 1n, afterTime: 5, numRecentEvents: 9 }, ["opened @1", "events 5,6 @6", "caughtUp @6"]],
    [{ afterSeq: 1n, afterTime: 5, numRecentEvents: 0 }, ["opened @6", "caughtUp @6"]],
  ])("begins where %o says", async (request, expected) => {
    await appendBatches([1, 1, 1, 1, 1, 1]);
    expect(await shown(request)).toEqual(expected);
  });

  it("narrows by time first where times go backwards", async () => {
    await service.call("createSession", { key });
    for (const timestamp of [10, 1, 11, 2, 12, 3])
      await service.call("appendEvent", { key, event: { timestamp } });
    expect(await shown({ afterTime: 10, numRecentEvents: 2 })).toEqual([
      "opened @2",
      "events 3,5 @5",
      "caughtUp @6",
    ]);
  });

  it("reads a long history in ranges, and a resume at any frame goes on without a gap or a double", async () => {
    await withLimits({ readRangeRows: 7, frameBytes: 4_000 }, async (own) => {
      await appendBatches([1, 3, 30, 1, 1, 12, 2, 1, 9], own, 500);
      const all = Array.from({ length: 60 }, (_, n) => n + 1);
      const frames = await collect(own.stream({ key }));
      const seqs = (some: typeof frames) =>
        some.flatMap(({ frame }) =>
          frame.case === "events" ? frame.value.events.map((e) => Number(e.seq)) : [],
        );
      expect(seqs(frames)).toEqual(all);
      expect(frames.some(({ frame }) => frame.case === "events" && frame.value.continues)).toBe(true);
      // What a client keeps: the events of whole appends only.
      for (const [at, { cursor, frame }] of frames.entries()) {
        const rest = seqs(await collect(own.stream({ key, cursor })));
        const kept = all.slice(0, all.length - rest.length);
        expect([...kept, ...rest]).toEqual(all);
        const sent = seqs(frames.slice(0, at + 1));
        const continues = frame.case === "events" && frame.value.continues;
        expect(sent.slice(0, kept.length)).toEqual(kept);
        expect(continues ? sent.length > kept.length : sent.length === kept.length).toBe(true);
      }
    });
  });

  it("filters what was there when it was opened, and not what came since", async () => {
    await service.call("createSession", { key });
    for (const timestamp of [5, 1, 6]) await service.call("appendEvent", { key, event: { timestamp } });
    const [opened, , caughtUp] = await collect(service.stream({ key, afterTime: 5 }));
    for (const timestamp of [2, 7]) await service.call("appendEvent", { key, event: { timestamp } });
    expect(await shown({ cursor: opened?.cursor })).toEqual([
      "opened @0",
      "events 1,3,4,5 @5",
      "caughtUp @5",
    ]);
    expect(await shown({ cursor: caughtUp?.cursor })).toEqual(["opened @3", "events 4,5 @5", "caughtUp @5"]);
    expect(await shown({ afterTime: 5 })).toEqual(["opened @0", "events 1,3,5 @5", "caughtUp @5"]);
  });

  it("sends a state larger than a frame in several, and resumes at any of them", async () => {
    await withLimits({ frameBytes: 10_000 }, async (own) => {
      const values = Array.from({ length: 9 }, (_, n) => [
        `k${n}`,
        JSON.stringify("x".repeat(n === 4 ? 20_000 : 4_000)),
      ]);
      const state = Object.fromEntries(values);
      await own.call("createSession", { key, state });
      await appendBatches([2], own);
      const frames = await collect(own.stream({ key, afterSeq: 1n }));
      const kinds = frames.map(({ frame }) => frame.case);
      expect(kinds).toEqual(["opened", "state", "state", "state", "state", "events", "caughtUp"]);
      const found: Record<string, string> = {};
      const continues: boolean[] = [];
      for (const { frame, seq, cursor } of frames.slice(0, -2)) {
        expect([seq, cursor]).toEqual([1n, frames[0]?.cursor]);
        if (frame.case === "opened") {
          Object.assign(found, frame.value.session?.state);
          continues.push(frame.value.stateContinues);
        } else if (frame.case === "state") {
          Object.assign(found, frame.value.state);
          continues.push(frame.value.continues);
        }
      }
      expect(found).toEqual(state);
      expect(continues).toEqual([true, true, true, true, false]);
    });
  });

  it("resumes with the filter that it was opened with", async () => {
    await withLimits({ frameBytes: 1 }, async (own) => {
      await own.call("createSession", { key });
      for (const timestamp of [5, 1, 6, 2, 7]) await own.call("appendEvent", { key, event: { timestamp } });
      const frames = await collect(own.stream({ key, afterTime: 5 }));
      expect(await shown({ cursor: frames[0]?.cursor }, own)).toEqual([
        "opened @0",
        "events 1 @1",
        "events 3 @3",
        "events 5 @5",
        "caughtUp @5",
      ]);
      expect(await shown({ cursor: frames[1]?.cursor }, own)).toEqual([
        "opened @1",
        "events 3 @3",
        "events 5 @5",
        "caughtUp @5",
      ]);
    });
  });

  it("has one event that is larger than a frame and a range", async () => {
    await withLimits({ frameBytes: 1_000, readRangeBytes: 1_000 }, async (own) => {
      await appendBatches([1, 1, 1], own, 5_000);
      expect(await shown({}, own)).toEqual([
        "opened @0",
        "events 1 @1",
        "events 2 @2",
        "events 3 @3",
        "caughtUp @3",
      ]);
    });
  });

  it("ends at the head that it opened with", async () => {
    await appendBatches([2]);
    const stream = service.stream({ key });
    expect((await stream.next()).value?.frame.case).toBe("opened");
    await service.call("appendEvent", { key, event: {} });
    const rest = await collect(stream);
    expect(rest.map(({ frame, seq }) => [frame.case, seq])).toEqual([
      ["events", 2n],
      ["caughtUp", 2n],
    ]);
  });

  it("reads the next range only when the reader took the frames before", async () => {
    await withLimits({ readRangeRows: 2, frameBytes: 1 }, async (own) => {
      await appendBatches([1, 1, 1, 1, 1, 1], own);
      let ranges = 0;
      const readEvents = own.store.readEvents.bind(own.store);
      own.store.readEvents = (range, signal) => {
        ranges++;
        return readEvents(range, signal);
      };
      const stream = own.stream({ key });
      // The first two events come with the session.
      for (let frames = 0; frames < 2; frames++) await stream.next();
      expect(ranges).toBe(0);
      await stream.next();
      expect(ranges).toBe(1);
      await stream.return();
      expect(ranges).toBe(1);
    });
  });

  it.each([
    { readRangeBytes: 1_000, of: "a history of several ranges", rows: [128, 512, 600, 600] },
    { readRangeBytes: 1 << 20, of: "one whose bytes fit into a range", rows: [600, 600, 600] },
  ])("begins with few rows where they must be weighed: $of", async ({ readRangeBytes, rows }) => {
    await withLimits({ readRangeRows: 600, readRangeBytes, maxBatchEvents: 1_500 }, async (own) => {
      await appendBatches([1_500], own);
      const asked: number[] = [];
      const readEvents = own.store.readEvents.bind(own.store);
      own.store.readEvents = (range, signal) => {
        asked.push(range.maxRows);
        return readEvents({ ...range, maxBytes: 1 << 30 }, signal);
      };
      const events = (await collect(own.stream({ key }))).flatMap(({ frame }) =>
        frame.case === "events" ? frame.value.events : [],
      );
      expect(events).toHaveLength(1_500);
      expect(asked).toEqual(rows);
    });
  });

  it.each([
    ["deleted", false, "SESSION_NOT_FOUND"],
    ["re-created", true, "SESSION_RECREATED"],
  ])("ends in an error when the session is %s under it", async (_, again, reason) => {
    await withLimits({ readRangeRows: 2, frameBytes: 1 }, async (own) => {
      await appendBatches([1, 1, 1, 1, 1, 1], own);
      const stream = own.stream({ key });
      for (let n = 0; n < 3; n++) await stream.next();
      await own.call("deleteSession", { key });
      if (again) await appendBatches([1, 1, 1, 1, 1, 1, 1], own);
      expect((await failureOf(collect(stream))).reason).toBe(reason);
    });
  });

  it("ends in INTERNAL, never short, when an event is missing", async () => {
    await appendBatches([1, 1, 1]);
    const readEvents = service.store.readEvents.bind(service.store);
    const openHistory = service.store.openHistory.bind(service.store);
    try {
      for (const missing of [1, 2, 3]) {
        const found = (events: readonly StoredEvent[]) => events.filter(({ seq }) => seq !== missing);
        service.store.openHistory = async (opening, signal) => {
          const opened = await openHistory(opening, signal);
          return opened && { ...opened, events: found(opened.events) };
        };
        service.store.readEvents = async function* (range, signal) {
          for await (const events of readEvents(range, signal)) yield found(events);
        };
        expect((await failureOf(collect(service.stream({ key })))).reason).toBe("INTERNAL");
        expect((await failureOf(walkEvents(2))).reason).toBe("INTERNAL");
      }
    } finally {
      service.store.readEvents = readEvents;
      service.store.openHistory = openHistory;
    }
  });

  it("refuses positions beyond the head, foreign cursors and namesakes", async () => {
    await appendBatches([2]);
    const frames = await collect(service.stream({ key }));
    const cursor = frames.at(-1)?.cursor ?? "";
    const uid = (await service.call("getSession", { key })).session?.uid ?? "";
    const beyond = await failureOf(collect(service.stream({ key, afterSeq: 3n })));
    expect(beyond.reason).toBe("SEQ_BEYOND_HEAD");
    const other = { ...key, sessionId: "other" };
    await service.call("createSession", { key: other });
    expect((await failureOf(collect(service.stream({ key: other, cursor })))).reason).toBe("INVALID_CURSOR");
    expect((await failureOf(collect(service.stream({ key, cursor: "x" })))).reason).toBe("INVALID_CURSOR");
    await service.call("deleteSession", { key });
    expect((await failureOf(collect(service.stream({ key })))).reason).toBe("SESSION_NOT_FOUND");
    await appendBatches([1, 1, 1]);
    expect((await failureOf(collect(service.stream({ key, cursor })))).reason).toBe("SESSION_RECREATED");
    const stale = collect(service.stream({ key, sessionUid: uid, afterSeq: 2n }));
    expect((await failureOf(stale)).reason).toBe("SESSION_RECREATED");
  });

  it("tells of trimmed events instead of leaving them out", async () => {
    await appendBatches([1, 1, 1, 1, 1]);
    const [opened] = await collect(service.stream({ key }));
    const { getSession, getSessionRow, openHistory } = service.store;
    const trimmed = (read: typeof getSession) => async (of: typeof key, signal?: AbortSignal) => {
      const session = await read.call(service.store, of, signal);
      return session && { ...session, firstSeq: 4 };
    };
    service.store.openHistory = async (opening, signal) => {
      const opened = await openHistory.call(service.store, opening, signal);
      if (opened === undefined) return undefined;
      return {
        session: { ...opened.session, firstSeq: 4 },
        events: opened.events.filter(({ seq }) => seq >= 4),
      };
    };
    service.store.getSession = trimmed(getSession);
    service.store.getSessionRow = trimmed(getSessionRow);
    try {
      expect(await shown({})).toEqual(["opened @3", "events 4,5 @5", "caughtUp @5"]);
      expect(await shown({ afterSeq: 0n, numRecentEvents: 9 })).toEqual(await shown({}));
      expect(await shown({ afterSeq: 3n })).toEqual(await shown({}));
      const first = await service.call("getSession", { key, history: { afterSeq: 0n } });
      expect([first.events.map(({ seq }) => seq), first.historyComplete]).toEqual([[4n, 5n], true]);
      expect(await walkEvents(9)).toEqual([[4, 5]]);
      expect(await walkEvents(9, { descending: true })).toEqual([[5, 4]]);
      expect(await walkEvents(9, { descending: true, beforeSeq: 4n })).toEqual([[]]);
      const refused = [
        collect(service.stream({ key, afterSeq: 2n })),
        collect(service.stream({ key, cursor: opened?.cursor ?? "" })),
        service.call("listEvents", { key, afterSeq: 2n }),
        service.call("getSession", { key, asOfSeq: 5n }),
        service.call("getSession", { key, history: { afterSeq: 2n } }),
      ];
      for (const { reason, info } of await Promise.all(refused.map(failureOf))) {
        expect([reason, info.metadata]).toEqual(["EVENTS_TRIMMED", { first_seq: "4" }]);
      }
    } finally {
      service.store.openHistory = openHistory;
      service.store.getSession = getSession;
      service.store.getSessionRow = getSessionRow;
    }
  });

  it("ends when its caller leaves", async () => {
    await appendBatches([1]);
    const caller = new AbortController();
    const stream = service.stream({ key }, newContext("StreamEvents", caller.signal));
    await stream.next();
    caller.abort(new RpcError("CANCELLED", "left"));
    expect((await failureOf(collect(stream))).reason).toBe("CANCELLED");
  });
});

describe("ListEvents", () => {
  it.each([
    [
      {},
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8],
      ],
    ],
    [
      { descending: true },
      [
        [8, 7, 6],
        [5, 4, 3],
        [2, 1],
      ],
    ],
    [
      { pageSize: 4 },
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
    ],
    [{ afterSeq: 6n }, [[7, 8]]],
    [{ afterSeq: 8n }, [[]]],
    [{ beforeSeq: 3n }, [[1, 2]]],
    [{ beforeSeq: 0n }, [[]]],
    [{ beforeSeq: 100n, afterSeq: 5n }, [[6, 7, 8]]],
    [
      { beforeSeq: 7n, descending: true },
      [
        [6, 5, 4],
        [3, 2, 1],
      ],
    ],
    [{ beforeSeq: 7n, afterSeq: 3n, descending: true, pageSize: 2 }, [[6, 5], [4]]],
    [
      { afterTime: 3 },
      [
        [3, 4, 5],
        [6, 7, 8],
      ],
    ],
    [
      { afterTime: 4, descending: true },
      [
        [8, 7, 6],
        [5, 4],
      ],
    ],
    [{ afterTime: 9 }, [[]]],
    [{ pageSize: 5_000 }, [[1, 2, 3, 4, 5, 6, 7, 8]]],
  ])("walks %o", async (request, pages) => {
    await appendBatches([2, 3, 3]);
    expect(await walkEvents(3, request)).toEqual(pages);
  });

  it("ends a walk where only filtered events are left, without an empty page", async () => {
    await service.call("createSession", { key });
    for (const timestamp of [5, 5, 5, 1, 1]) await service.call("appendEvent", { key, event: { timestamp } });
    expect(await walkEvents(3, { afterTime: 5 })).toEqual([[1, 2, 3]]);
  });

  it("goes on with events that came during the walk", async () => {
    await appendBatches([4]);
    const first = await service.call("listEvents", { key, pageSize: 3 });
    await service.call("appendEvent", { key, event: {} });
    const second = await service.call("listEvents", { key, pageSize: 3, pageToken: first.nextPageToken });
    expect(second.events.map((event) => event.seq)).toEqual([4n, 5n]);
    expect([first.headSeq, second.headSeq, second.firstSeq]).toEqual([4n, 5n, 1n]);
  });

  it("ends a page that would be too heavy, but has one event", async () => {
    await withLimits({ pageBytes: 2_500 }, async (own) => {
      await appendBatches([1, 1, 1, 1], own, 1_000);
      await own.call("appendEvent", { key, event: { content: JSON.stringify({ a: "x".repeat(9_000) }) } });
      expect(await walkEvents(100, {}, own)).toEqual([[1, 2], [3, 4], [5]]);
      expect(await walkEvents(100, { descending: true }, own)).toEqual([[5], [4, 3], [2, 1]]);
      const scope = { key: { appName: key.appName }, scope: EventScope.APP };
      expect(await walkEvents(100, scope, own)).toEqual([[1, 2], [3, 4], [5]]);
    });
  });

  it("refuses a position beyond the head", async () => {
    await appendBatches([2]);
    for (const more of [{}, { descending: true }]) {
      const failure = await failureOf(service.call("listEvents", { key, afterSeq: 3n, ...more }));
      expect(failure.reason).toBe("SEQ_BEYOND_HEAD");
    }
  });

  it("refuses tokens of other queries and of a namesake", async () => {
    await appendBatches([4]);
    const page = await service.call("listEvents", { key, pageSize: 3 });
    const next = { key, pageToken: page.nextPageToken };
    for (const other of [{ afterSeq: 0n }, { beforeSeq: 9n }, { descending: true }, { afterTime: 0 }]) {
      const failure = await failureOf(service.call("listEvents", { ...next, ...other }));
      expect(failure.reason).toBe("INVALID_PAGE_TOKEN");
    }
    const wide = { ...next, key: { ...key, sessionId: "" }, scope: EventScope.USER };
    expect((await failureOf(service.call("listEvents", wide))).reason).toBe("INVALID_PAGE_TOKEN");
    await service.call("deleteSession", { key });
    expect((await failureOf(service.call("listEvents", next))).reason).toBe("SESSION_NOT_FOUND");
    await appendBatches([1, 1]);
    expect((await failureOf(service.call("listEvents", next))).reason).toBe("SESSION_RECREATED");
    const uid = service.call("listEvents", { key, sessionUid: page.sessionUid });
    expect((await failureOf(uid)).reason).toBe("SESSION_RECREATED");
  });

  it("lets exactly the pages be cached that no append can change", async () => {
    await appendBatches([6]);
    const { session } = await service.call("getSession", { key });
    const sessionUid = session?.uid ?? "";
    const cacheControl = async (request: object) => {
      const context = newContext("ListEvents");
      const page = await service.call("listEvents", { key, sessionUid, pageSize: 3, ...request }, context);
      return { cached: context.headers.get("cache-control")?.includes("immutable") ?? false, page };
    };
    const first = await cacheControl({});
    expect(first.cached).toBe(true);
    // The second page ends at the head: its token would change.
    expect((await cacheControl({ pageToken: first.page.nextPageToken })).cached).toBe(false);
    expect((await cacheControl({ afterSeq: 4n })).cached).toBe(false);
    expect((await cacheControl({ sessionUid: "" })).cached).toBe(false);
    expect((await cacheControl({ beforeSeq: 7n, pageSize: 10 })).cached).toBe(true);
    expect((await cacheControl({ beforeSeq: 8n, pageSize: 10 })).cached).toBe(false);
    const down = await cacheControl({ descending: true });
    expect(down.cached).toBe(false);
    expect((await cacheControl({ descending: true, pageToken: down.page.nextPageToken })).cached).toBe(true);
    expect((await cacheControl({ descending: true, beforeSeq: 5n })).cached).toBe(true);
  });

  it("walks the events of all sessions of a user or an app, with their keys", async () => {
    const places: [string, string][] = [
      ["u2", "a"],
      ["u1", "b"],
      ["u1", "a"],
    ];
    for (const [userId, sessionId] of places) {
      const events = [1, 2].map((timestamp) => ({ timestamp }));
      const own = { appName: key.appName, userId, sessionId };
      await service.call("batchAppendEvents", { key: own, createSession: true, events });
    }
    const list = async (request: object) => {
      const found: string[] = [];
      let pageToken = "";
      do {
        const page = await service.call("listEvents", { pageSize: 3, ...request, pageToken });
        found.push(...page.events.map((e) => `${e.key?.userId} ${e.key?.sessionId} ${e.seq}`));
        expect([page.sessionUid, page.headSeq, page.firstSeq]).toEqual(["", 0n, 0n]);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return found;
    };
    const app = { key: { appName: key.appName }, scope: EventScope.APP };
    const all = ["u1 a 1", "u1 a 2", "u1 b 1", "u1 b 2", "u2 a 1", "u2 a 2"];
    expect(await list(app)).toEqual(all);
    expect(await list({ key: { appName: key.appName, userId: "u1" }, scope: EventScope.USER })).toEqual(
      all.slice(0, 4),
    );
    expect(await list({ ...app, afterTime: 2 })).toEqual(["u1 a 2", "u1 b 2", "u2 a 2"]);
    expect(await list({ ...app, key: { appName: "nobody" } })).toEqual([]);
  });
});
