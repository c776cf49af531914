/**
 * StreamEvents at length: I6's promise that a slow reader costs bounded memory and never holds a database connection,
 * and that a history which cannot be finished ends in an error.
 */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { serverTimeout } from "../support/databases/index.ts";
import { full } from "../support/full-size.ts";
import {
  activeQueries,
  doors,
  failureOf,
  type Key,
  loadHistory,
  newEvents,
  type StoreName,
  stopReading,
  storeNames,
  useServer,
} from "./harness.ts";

const MiB = 1024 * 1024;

/** Small events of the long history. */
function longHistory(store: StoreName): number {
  if (full) return 1_000_000;
  return store === "sqlite" ? 200_000 : 50_000;
}

/**
 * What a server's memory may grow by while it streams, whatever the length of the history and whatever it is made into:
 * a range, a few frames, code, and what a young generation of 16 MiB lets pile up. Measured 9 to 23 MiB, on SQLite, whose
 * histories are longer here and read by threads of their own, 31 to 35.
 */
function flat(store: StoreName): number {
  return (store === "sqlite" ? 56 : 40) * MiB;
}

/**
 * The same for six readers who stopped, each with a range of 4 MiB in rows and in frames, and what reading them left to
 * be collected. Their histories, if they were held, would be as much again in bytes alone.
 */
const flatWithStopped = 96 * MiB;

/** Node takes memory as long as there is some; a server that kept what it sent would die of this heap. */
const smallHeap = { NODE_OPTIONS: "--max-old-space-size=128" };

const count = 4_000;
/** With `count` several times what sockets, HTTP and the server's window hold between them. */
const content = JSON.stringify({ role: "user", parts: [{ text: "x".repeat(5_000) }] });

const wires = ["gRPC", "HTTP"] as const;

describe.each(storeNames)("%s", (store) => {
  describe("many small events", () => {
    const subject = useServer(store, [], smallHeap);
    const events = longHistory(store);
    let key: Key;
    beforeAll(async () => {
      key = await loadHistory(subject.client("grpc-js"), events, { author: "a", content: "{}" });
    }, serverTimeout + events);

    test.each(doors)("come over %s with flat server memory", { timeout: serverTimeout }, async (door) => {
      // What the writing left in the heap would hide what the reading needs.
      await subject.restart();
      await subject.client(door).getSession({ key });
      const before = subject.server.memory();
      let peak = before;
      let seq = 0;
      const started = performance.now();
      for await (const { frame } of subject.client(door).streamEvents({ key })) {
        if (frame.case !== "events") continue;
        for (const event of frame.value.events) if (Number(event.seq) !== ++seq) expect(event.seq).toBe(seq);
        peak = Math.max(peak, subject.server.memory());
      }
      expect(seq).toBe(events);
      const seconds = (performance.now() - started) / 1_000;
      const grown = `${Math.round(before / MiB)} MiB grew by ${Math.round((peak - before) / MiB)} MiB`;
      console.log(`${store}, ${door}: ${events} events in ${seconds.toFixed(1)} s, ${grown}`);
      expect(peak - before).toBeLessThan(flat(store));
    });
  });

  describe("a history of which the reader has the beginning", () => {
    const limits = ["--read-connections", "1", "--max-concurrent-streams", "6"];
    const subject = useServer(store, limits, smallHeap);
    let key: Key;
    beforeAll(async () => {
      key = await loadHistory(subject.client("grpc-js"), count, { content });
      await subject.restart();
    }, serverTimeout);

    async function readAll(door: (typeof doors)[number]): Promise<number> {
      let seen = 0;
      for await (const { frame } of subject.client(door).streamEvents({ key, numRecentEvents: 100 })) {
        if (frame.case === "events") seen += frame.value.events.length;
      }
      return seen;
    }

    test("costs no connection and little memory if he stops, and nothing once he leaves", async () => {
      await subject.client("grpc-js").getSession({ key });
      const before = subject.server.memory();
      const readers = await Promise.all(
        [...wires, ...wires, ...wires].map((wire) => stopReading(wire, subject.server, key)),
      );
      // The only connection for reads is free for others.
      for (const door of doors) {
        expect((await subject.client(door).getSession({ key })).session?.headSeq).toBe(BigInt(count));
        expect((await subject.client(door).listEvents({ key, pageSize: 1 })).events).toHaveLength(1);
      }
      await vi.waitUntil(async () => (await activeQueries(subject.data.url)) === 0, { timeout: 30_000 });
      const grown = subject.server.memory() - before;
      console.log(`${store}: six stopped readers cost ${Math.round(grown / MiB)} MiB`);
      expect(grown).toBeLessThan(flatWithStopped);

      const seventh = failureOf(subject.client("grpc-js").streamEvents({ key }));
      expect(await seventh).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "SERVER_BUSY" });
      for (const reader of readers) reader.leave();
      for (const door of doors) {
        const freed = () => readAll(door).catch(() => 0);
        expect(await vi.waitUntil(freed, { timeout: 30_000 })).toBe(100);
      }
      await subject.restart();
    });

    test("comes in whole to one who is slow", async () => {
      for (const door of doors) {
        const api = subject.client(door);
        let seq = 0;
        for await (const { frame } of api.streamEvents({ key, numRecentEvents: 1_000 })) {
          await api.getSession({ key });
          if (frame.case !== "events") continue;
          for (const event of frame.value.events) expect(Number(event.seq)).toBe(count - 1_000 + ++seq);
        }
        expect(seq).toBe(1_000);
      }
    });

    // His first events came before the last ones were read: those will never be.
    test.each([
      // A read that is under way meets the moment between the two.
      ["made again", ["SESSION_RECREATED", "SESSION_NOT_FOUND"]],
      ["deleted", ["SESSION_NOT_FOUND"]],
    ] as const)("ends in an error if the session is %s", { timeout: 60_000 }, async (fate, reasons) => {
      const api = subject.client("grpc-js");
      const session = fate === "made again" ? key : await loadHistory(api, count, { content });
      const stopped = await Promise.all(wires.map((wire) => stopReading(wire, subject.server, session)));
      await api.deleteSession({ key: session });
      if (fate === "made again") {
        await api.batchAppendEvents({ key: session, events: newEvents(3), createSession: true });
      }
      for (const reader of stopped) {
        expect(await reader.readOn()).toMatchObject({ reason: expect.toBeOneOf([...reasons]) });
      }
    });
  });
});

describe("a reader that stops for too long", () => {
  const subject = useServer("sqlite", ["--stall-timeout", "1s"]);

  test("is cut off, and told so where the door can", { timeout: 60_000 }, async () => {
    const key = await loadHistory(subject.client("grpc-js"), count, { content });
    const readers = await Promise.all(wires.map((wire) => stopReading(wire, subject.server, key)));
    const line = /"code":"resource_exhausted","reason":"SLOW_READER"/g;
    const logged = () => subject.server.output().match(line)?.length === wires.length;
    await vi.waitUntil(logged, { timeout: 30_000 });
    const [grpc, http] = await Promise.all(readers.map((reader) => reader.readOn()));
    expect(grpc).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "SLOW_READER",
      retryMs: expect.any(Number),
    });
    // HTTP/1.1 has no place for it before what was written and not taken.
    expect(http).toBe("broken");
  });
});
