/** StreamEvents: where a history begins, how its frames follow, and how it is resumed. */
import { describe, expect, test } from "vitest";
import type { StreamEventsResponse } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { failureOf, newEvent, newEvents, newKey, overEveryClient } from "./harness.ts";

overEveryClient((subject) => {
  type Request = Parameters<typeof subject.api.streamEvents>[0];

  async function frames(request: Request): Promise<StreamEventsResponse[]> {
    const all: StreamEventsResponse[] = [];
    for await (const frame of subject.api.streamEvents(request)) all.push(frame);
    return all;
  }

  function eventsOf(all: readonly StreamEventsResponse[]) {
    return all.flatMap(({ frame }) => (frame.case === "events" ? frame.value.events : []));
  }

  async function seqs(request: Request): Promise<number[]> {
    return eventsOf(await frames(request)).map(({ seq }) => Number(seq));
  }

  async function newSession(count: number, fields = {}): Promise<ReturnType<typeof newKey>> {
    const key = newKey();
    await subject.api.createSession({ key, state: { "user:u": "1" } });
    for (let at = 0; at < count; at += 100) {
      const events = newEvents(Math.min(100, count - at), `e${at}-`, fields);
      await subject.api.batchAppendEvents({ key, events });
    }
    return key;
  }

  test("begins with the session, sends all events, and says that it has", async () => {
    const key = await newSession(5);
    const all = await frames({ key });
    expect(all.map(({ frame }) => frame.case)).toEqual(["opened", "events", "caughtUp"]);
    const { session } = await subject.api.getSession({ key });
    expect(all[0]?.frame.value).toMatchObject({ session });
    expect(eventsOf(all)).toEqual((await subject.api.listEvents({ key })).events);
    for (const frame of all) expect(frame).toMatchObject({ cursor: /./, serverTime: expect.anything() });
    expect(all.map(({ seq }) => seq).at(-1)).toBe(5n);
  });

  test("sends a state that is larger than a frame in frames of its own", async () => {
    const key = newKey();
    const value = JSON.stringify("x".repeat(20_000));
    const state = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`k${at}`, value]));
    await subject.api.createSession({ key, state });
    await subject.api.appendEvent({ key, event: newEvent() });
    const all = await frames({ key });
    const names = all.map(({ frame }) => frame.case);
    expect(names.filter((name) => name === "state").length).toBeGreaterThan(1);
    expect(names.filter((name) => name !== "state")).toEqual(["opened", "events", "caughtUp"]);
    const seen: Record<string, string> = {};
    let continues = true;
    for (const { frame } of all) {
      if (frame.case === "opened") {
        Object.assign(seen, frame.value.session?.state);
        continues = frame.value.stateContinues;
      } else if (frame.case === "state") {
        expect(continues).toBe(true);
        Object.assign(seen, frame.value.state);
        continues = frame.value.continues;
      }
    }
    expect(continues).toBe(false);
    expect(seen).toEqual(state);
  });

  test("of a session without events has nothing between", async () => {
    const key = newKey();
    await subject.api.createSession({ key });
    expect((await frames({ key })).map(({ frame }) => frame.case)).toEqual(["opened", "caughtUp"]);
  });

  test("sends a long history in frames, in order and each event once", async () => {
    const content = JSON.stringify({ text: "x".repeat(3_000) });
    const key = await newSession(500, { content });
    const all = await frames({ key });
    const events = all.filter(({ frame }) => frame.case === "events");
    expect(events.length).toBeGreaterThan(500 / 64 - 1);
    expect(eventsOf(all).map(({ seq }) => Number(seq))).toEqual(
      Array.from({ length: 500 }, (_, at) => at + 1),
    );
    expect(new Set(eventsOf(all).map(({ id }) => id)).size).toBe(500);
  });

  describe("start options", () => {
    test("narrow one after the other", async () => {
      const key = newKey();
      const events = [5, 1, 3, 2, 4].map((timestamp) => newEvent({ timestamp }));
      await subject.api.batchAppendEvents({ key, events, createSession: true });
      expect(await seqs({ key, afterSeq: 0n })).toEqual([1, 2, 3, 4, 5]);
      expect(await seqs({ key, afterSeq: 3n })).toEqual([4, 5]);
      expect(await seqs({ key, afterSeq: 5n })).toEqual([]);
      expect(await seqs({ key, afterTime: 3 })).toEqual([1, 3, 5]);
      expect(await seqs({ key, afterTime: -1e9 })).toEqual([1, 2, 3, 4, 5]);
      expect(await seqs({ key, numRecentEvents: 0 })).toEqual([]);
      expect(await seqs({ key, numRecentEvents: 2 })).toEqual([4, 5]);
      expect(await seqs({ key, numRecentEvents: 99 })).toEqual([1, 2, 3, 4, 5]);
      expect(await seqs({ key, afterTime: 3, numRecentEvents: 2 })).toEqual([3, 5]);
      expect(await seqs({ key, afterSeq: 1n, afterTime: 3, numRecentEvents: 1 })).toEqual([5]);
      expect(await seqs({ key, afterSeq: 1n, afterTime: 5 })).toEqual([]);
    });

    test("refuse a seq beyond the head", async () => {
      const key = await newSession(2);
      expect(await failureOf(subject.api.streamEvents({ key, afterSeq: 3n }))).toMatchObject({
        code: "OUT_OF_RANGE",
        reason: "SEQ_BEYOND_HEAD",
      });
    });
  });

  describe("a cursor", () => {
    test("goes on right after its frame, and covers what came since", async () => {
      const content = JSON.stringify({ text: "x".repeat(3_000) });
      const key = await newSession(300, { content });
      const all = await frames({ key });
      await subject.api.appendEvent({ key, event: newEvent() });
      for (const [at, { cursor, frame }] of all.entries()) {
        if (frame.case === "events" && frame.value.continues) continue;
        const rest = eventsOf(all.slice(at + 1)).map(({ seq }) => Number(seq));
        expect(await seqs({ key, cursor })).toEqual([...rest, 301]);
      }
    });

    test("never starts in the middle of an append", async () => {
      const key = newKey();
      const content = JSON.stringify({ text: "x".repeat(100_000) });
      await subject.api.appendEvent({ key, event: newEvent(), createSession: true });
      await subject.api.batchAppendEvents({ key, events: newEvents(6, "batch", { content }) });
      const all = await frames({ key });
      const within = all.filter(({ frame }) => frame.case === "events" && frame.value.continues);
      expect(within.length).toBeGreaterThan(1);
      // The first of them may begin with the event before the batch.
      for (const { cursor } of within) expect([1, 2]).toContain((await seqs({ key, cursor }))[0]);
      expect((await seqs({ key, cursor: within.at(-1)?.cursor ?? "" }))[0]).toBe(2);
    });

    test("keeps the filter that its stream was opened with", async () => {
      const key = newKey();
      const events = [5, 1, 3].map((timestamp) => newEvent({ timestamp }));
      await subject.api.batchAppendEvents({ key, events, createSession: true });
      const [opened] = await frames({ key, afterTime: 3 });
      expect(await seqs({ key, cursor: opened?.cursor ?? "" })).toEqual([1, 3]);
    });

    test("of another session or a deleted namesake is refused", async () => {
      const key = await newSession(2);
      const [{ cursor } = { cursor: "" }] = await frames({ key });
      const other = await newSession(2);
      expect(await failureOf(subject.api.streamEvents({ key: other, cursor }))).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "INVALID_CURSOR",
        fields: ["cursor"],
      });
      await subject.api.deleteSession({ key });
      await subject.api.batchAppendEvents({ key, events: newEvents(2), createSession: true });
      expect(await failureOf(subject.api.streamEvents({ key, cursor }))).toMatchObject({
        code: "ABORTED",
        reason: "SESSION_RECREATED",
      });
    });
  });

  test("tells of a missing session and of another uid", async () => {
    const key = newKey();
    expect(await failureOf(subject.api.streamEvents({ key }))).toMatchObject({
      code: "NOT_FOUND",
      reason: "SESSION_NOT_FOUND",
    });
    await subject.api.createSession({ key });
    expect(await failureOf(subject.api.streamEvents({ key, sessionUid: "another" }))).toMatchObject({
      code: "ABORTED",
      reason: "SESSION_RECREATED",
    });
  });

  test("with follow goes on with what happens, until it is left or its session is gone", async () => {
    const key = await newSession(2);
    const told: string[] = [];
    for await (const { frame } of subject.api.streamEvents({ key, follow: true })) {
      if (frame.case === "events") told.push(...frame.value.events.map(({ seq }) => String(seq)));
      else if (frame.case === "changed") told.push(`changed ${frame.value.changed?.paths}`);
      else told.push(frame.case ?? "");
      // Each step waits for the frame of the one before.
      if (frame.case === "caughtUp") await subject.api.appendEvent({ key, event: newEvent() });
      if (told.at(-1) === "3") await subject.api.updateSession({ key, displayName: "name" });
      if (frame.case === "changed") await subject.api.deleteSession({ key });
    }
    expect(told).toEqual(["opened", "1", "2", "caughtUp", "3", "changed display_name", "closing"]);
    const left = await newSession(1);
    for await (const { frame } of subject.api.streamEvents({ key: left, follow: true })) {
      if (frame.case === "caughtUp") break;
    }
  });

  test("can be left in the middle", async () => {
    const content = JSON.stringify({ text: "x".repeat(3_000) });
    const key = await newSession(300, { content });
    for await (const { frame } of subject.api.streamEvents({ key })) if (frame.case === "events") break;
    expect(await seqs({ key, numRecentEvents: 1 })).toEqual([300]);
  });
});
