/** Readers of WatchSessions that stop reading: cut off, told so where the door can, and nothing lost by it. */
import { beforeAll, describe, expect, test } from "vitest";
import type { WatchSessionsResponse } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type Key, newKey, stopWatching, toFailure, useServer } from "../api/harness.ts";
import { ListState, LiveList } from "./support/live-list.ts";

// Whatever the store: it has no part in how a stream is written.
const subject = useServer("sqlite", ["--stall-timeout", "1s"]);

/** Sessions with a state of 1 MiB: several times what sockets, clients and the server's window hold between them. */
const count = 20;
const state = { big: JSON.stringify("x".repeat(1024 * 1024)) };
const { appName } = newKey();
const keyOf = (at: number): Key => ({ appName, userId: "ana", sessionId: `s${at}` });

const cutOff = () =>
  subject.server.output().split('"code":"resource_exhausted","reason":"SLOW_READER"').length - 1;

beforeAll(async () => {
  const api = subject.client("grpc-js");
  for (let at = 0; at < count; at++) await api.createSession({ key: keyOf(at), state });
});

describe("a reader of a live list that stops for too long", () => {
  test("is cut off, and told so where the door can", async () => {
    const before = cutOff();
    const wires = ["gRPC", "HTTP"] as const;
    const readers = await Promise.all(wires.map((wire) => stopWatching(wire, subject.server, { appName })));
    await expect.poll(cutOff).toBe(before + wires.length);
    const [grpc, http] = await Promise.all(readers.map((reader) => reader.readOn()));
    expect(grpc).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "SLOW_READER",
      retryMs: expect.any(Number),
    });
    // HTTP/1.1 has no place for it before what was written and not taken.
    expect(http).toBe("broken");
  });

  test.each(["in the listing", "live"] as const)("goes on from its cursor, stopped %s", async (where) => {
    const api = subject.client("grpc-js");
    const before = cutOff();
    const list = new ListState();
    let cursor = "";
    const take = (frame: WatchSessionsResponse) => {
      list.apply(frame);
      cursor = frame.cursor;
      return frame.frame.case;
    };
    const frames = api.watchSessions({ key: { appName }, includeState: true })[Symbol.asyncIterator]();
    const stopAfter = where === "live" ? "caughtUp" : "listed";
    for (;;) {
      const next = await frames.next();
      if (next.done === true) throw new Error("the stream ended");
      if (take(next.value) === stopAfter) break;
    }
    const changed = where === "live" ? count : 0;
    for (let at = 0; at < changed; at++) await api.updateSession({ key: keyOf(at), displayName: "live" });
    await expect.poll(cutOff).toBe(before + 1);
    // Others are served meanwhile.
    const other = new LiveList(api, { key: { appName } });
    await (await other.until("caughtUp")).close();

    const failure = await (async () => {
      try {
        for (let next = await frames.next(); next.done !== true; next = await frames.next()) take(next.value);
        return undefined;
      } catch (error) {
        return toFailure(error as never);
      }
    })();
    expect(failure).toMatchObject({ reason: "SLOW_READER", retryMs: expect.any(Number) });
    await api.deleteSession({ key: keyOf(0) });
    const resumed = new LiveList(api, { key: { appName }, includeState: true, cursor }, list.sessions);
    await resumed.until("caughtUp");
    await resumed.converged(api, { appName });
    expect(resumed.kinds).not.toContain("reset");
    await resumed.close();
    await api.createSession({ key: keyOf(0), state });
  });
});
