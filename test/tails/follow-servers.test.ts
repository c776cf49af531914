/** Tails over both doors of real servers, two of them on the same data. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type Api,
  connect,
  type Data,
  doors,
  failureOf,
  type Key,
  newData,
  newEvent,
  newKey,
  type Server,
  startServer,
  stopReading,
  storeNames,
} from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { metric } from "./support/metric.ts";
import { Tail, type TailStart } from "./support/tail.ts";

describe.each(storeNames)("%s", (store) => {
  let data: Data;
  /** Tails are opened at the second, and what they tell happens at the first, unless a test says otherwise. */
  let servers: [Server, Server];
  const apis: Api[] = [];
  const tails: Tail[] = [];

  beforeAll(async () => {
    data = await newData(store);
    const start = () =>
      startServer({ store: data.url, args: ["--max-tails-per-session", "4", "--log-ids", "plain"] });
    servers = [await start(), await start()];
  }, serverTimeout);

  afterEach(async () => {
    await Promise.all(tails.splice(0).map((tail) => tail.close()));
    await Promise.all(apis.splice(0).map((api) => api.close()));
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await data.drop();
  });

  function client(door: (typeof doors)[number], server: Server): Api {
    const api = connect(door, server);
    apis.push(api);
    return api;
  }

  function follow(api: Api, key: Key, start?: TailStart): Tail {
    const tail = new Tail(api, key, start);
    tails.push(tail);
    return tail;
  }

  describe.each(doors)("%s", (door) => {
    test("a tail tells what another server does", async () => {
      const [here, there] = [client(door, servers[0]), client(door, servers[1])];
      const key = newKey();
      await here.appendEvent({ key, event: newEvent({ id: "a" }), createSession: true });
      const tail = await follow(there, key).until("caughtUp");
      await here.appendEvent({ key, event: newEvent({ id: "b" }) });
      await tail.until("b");
      await here.updateSession({ key, displayName: "name" });
      await here.batchAppendEvents({ key, events: [newEvent({ id: "c" }), newEvent({ id: "d" })] });
      await tail.until("c");
      await here.deleteSession({ key });
      await tail.ended();
      expect(tail.end).toEqual({ error: undefined });
      const words = ["opened", "a", "caughtUp", "b", "changed 4", "c", "d", "closing SESSION_DELETED"];
      expect(tail.told).toEqual(words);
    });

    test("a session that is made again elsewhere is told apart", async () => {
      const [here, there] = [client(door, servers[0]), client(door, servers[1])];
      const key = newKey();
      await here.createSession({ key });
      const tail = await follow(there, key).until("caughtUp");
      await here.deleteSession({ key });
      await here.createSession({ key });
      await tail.ended();
      // Between the two it may have been seen deleted.
      expect(tail.told.at(-1)).toMatch(/^closing SESSION_(RECREATED|DELETED)$/);
    });

    test("nothing is missed or told twice while both servers write, across resumes", async () => {
      const key = newKey();
      const [here, there] = [client(door, servers[0]), client(door, servers[1])];
      await here.createSession({ key });
      const tail = follow(there, key);
      const writers = [here, there].map(async (api, writer) => {
        for (let at = 0; at < 30; at++) {
          if (at % 10 === 9) await api.updateSession({ key, displayName: `${writer} ${at}` });
          else await api.appendEvent({ key, event: newEvent() });
        }
      });
      await tail.until("caughtUp");
      // Another one is left and resumed again and again meanwhile.
      const revisions: number[] = [];
      let part = follow(here, key);
      await part.until("opened");
      const opened = Number(openedRevision(part));
      for (let cursor = ""; (revisions.at(-1) ?? 0) < 61; ) {
        await expect.poll(() => part.revisions.length > 0 || part.told.includes("caughtUp")).toBe(true);
        if (part.revisions.length === 0 && (revisions.at(-1) ?? opened) < 61) {
          await expect.poll(() => part.revisions.length).toBeGreaterThan(0);
        }
        await part.close();
        revisions.push(...part.revisions);
        cursor = part.cursor;
        part = follow(here, key, { cursor });
      }
      await Promise.all(writers);
      await expect.poll(() => tail.revisions.at(-1)).toBe(61);
      for (const [told, from] of [
        [revisions, opened],
        [tail.revisions, Number(openedRevision(tail))],
      ] as const) {
        expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
        const late = told.filter((revision) => revision > from);
        expect(late).toEqual(Array.from({ length: 61 - from }, (_, at) => from + 1 + at));
      }
    });

    test("more tails of a session than it may have are refused, with when to come back", async () => {
      const api = client(door, servers[1]);
      const key = newKey();
      await api.createSession({ key });
      const open = await Promise.all(Array.from({ length: 4 }, () => follow(api, key).until("caughtUp")));
      const refused = await failureOf(api.streamEvents({ key, follow: true }));
      expect(refused).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "SERVER_BUSY" });
      expect(refused.metadata).toMatchObject({ limit: "max_tails_per_session", limit_value: "4" });
      expect(refused.retryMs).toBeGreaterThan(0);
      await open[0]?.close();
      await expect.poll(() => opens(api, key)).toBe(true);
    });
  });

  test("a server that goes down tells its tails, which go on elsewhere", async () => {
    const going = await startServer({ store: data.url });
    const key = newKey();
    const other = client("grpc-js", servers[0]);
    await other.appendEvent({ key, event: newEvent({ id: "a" }), createSession: true });
    const told = await Promise.all(doors.map((door) => follow(client(door, going), key).until("caughtUp")));
    const finished = going.stop();
    for (const tail of told) {
      await tail.ended();
      expect(tail.end).toEqual({ error: undefined });
      expect(tail.told.at(-1)).toBe("closing SHUTTING_DOWN");
    }
    await other.appendEvent({ key, event: newEvent({ id: "b" }) });
    for (const { cursor } of told) {
      const resumed = await follow(other, key, { cursor }).until("caughtUp");
      expect(resumed.told).toEqual(["opened", "b", "caughtUp"]);
    }
    const { code, stdout, stderr } = await finished;
    expect(code).toBe(0);
    // One line for each call, at its end.
    const lines = `${stdout}${stderr}`.split("\n").filter((line) => line.includes('"StreamEvents ok"'));
    expect(lines).toHaveLength(doors.length);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ closing: "SHUTTING_DOWN", events: 1 });
  });

  // The doors do not know the store.
  describe.each(store === "sqlite" ? (["gRPC", "HTTP"] as const) : (["gRPC"] as const))(
    "%s: a reader that stalls",
    (door) => {
      test("costs bounded memory and no connection, and is ended with its place", async () => {
        const args = ["--stall-timeout", "3s", "--stream-bytes-in-flight", "256KiB", "--tail-poll", "1m"];
        const server = await startServer({ store: data.url, args: [...args, "--tail-poll-busy", "1m"] });
        try {
          const api = client("grpc-js", server);
          const key = newKey();
          await api.createSession({ key });
          const stopped = await Promise.all(
            Array.from({ length: 10 }, () => stopReading(door, server, key, true)),
          );
          await expect.poll(() => metric(server, "sessiond_tails_open")).toBe(10);
          const before = server.memory();
          const content = JSON.stringify({ text: "x".repeat(250_000) });
          for (let at = 0; at < 40; at++) await api.appendEvent({ key, event: newEvent({ content }) });
          // 10 MB for each of them, if they were kept.
          expect(server.memory() - before).toBeLessThan(150e6);
          expect(await metric(server, "sessiond_pool_connections", /state="in_use"/)).toBe(0);
          await expect.poll(() => metric(server, "sessiond_tails_open"), { timeout: 40_000 }).toBe(0);
          for (const reader of stopped) {
            const end = await reader.readOn();
            if (door === "gRPC") {
              expect(end).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "SLOW_READER" });
              expect(end).toMatchObject({ retryMs: expect.any(Number) });
            } else expect(end).toBe("broken");
            reader.leave();
          }
        } finally {
          await server.kill();
        }
      }, 120_000);
    },
  );
});

/** Whether a tail may be opened. */
async function opens(api: Api, key: Key): Promise<boolean> {
  try {
    for await (const _ of api.streamEvents({ key, follow: true })) return true;
  } catch {
    // Refused: the place of the one before is not free yet.
  }
  return false;
}

/** The revision that the state of `opened` has. */
function openedRevision({ frames }: Tail): bigint | undefined {
  const [first] = frames;
  return first?.frame.case === "opened" ? first.frame.value.session?.revision : undefined;
}
