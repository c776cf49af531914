/** A server that is killed, restarted, or switched to read-only under load. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StoreError } from "../../../src/store/errors.ts";
import type { NewEvent } from "../../../src/store/store.ts";
import {
  type PrivateServer,
  serverEngines,
  serverTimeout,
  startPrivateServer,
} from "../../support/databases/index.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  eventOf,
  failsWith,
  keyOf,
  mustGet,
  readHistory,
} from "../build.ts";
import { query, type ServerStore, serverStore } from "./harness.ts";

describe.each(serverEngines())("%s: a server of its own", (kind) => {
  let server: PrivateServer;
  let made: ServerStore;

  beforeAll(async () => {
    server = await startPrivateServer(kind, { args: ["--max-allowed-packet=2M"] });
    made = await serverStore(server);
  }, serverTimeout);

  afterAll(async () => {
    await made?.cleanup();
    await server?.stop();
  });

  test("the largest event and batch follow max_allowed_packet, and are stored and read", async () => {
    const { store } = made;
    const { maxEventBytes } = store.capabilities;
    expect(maxEventBytes).toBe(2 * 1024 * 1024 - 64 * 1024);
    const key = keyOf("packet");
    await createSession(store, createInput(key));
    const overhead = eventOf({ content: "" }).bytes + 100;
    const fitting = eventOf({ content: '"'.repeat((maxEventBytes - overhead) / 2) });
    const larger = eventOf({ content: "x".repeat(maxEventBytes) });
    await append(store, appendInput(key, [fitting, eventOf(), eventOf({ content: "'".repeat(900_000) })]));
    const error = await failsWith(append(store, appendInput(key, [larger])), "TOO_LARGE");
    expect(error.facts["limit_bytes"]).toBe(String(maxEventBytes));
    // Stored as a text within a text, each of these quotes weighs twice.
    const escaped = eventOf({ set: { a: `"${'\\"'.repeat(510_000)}"` } });
    const [good, bad] = await store.append([
      appendInput(key, [eventOf()]),
      appendInput(key, [{ ...escaped, bytes: 1_020_100 }]),
    ]);
    expect(good?.ok).toBe(true);
    expect(bad).toMatchObject({ ok: false, error: { reason: "TOO_LARGE" } });
    const history = await readHistory(store, key);
    expect(history.map(({ content }) => content.length)).toEqual([fitting.content.length, 43, 900_000, 43]);
  });

  test("kill -9 in the middle of appends loses nothing acknowledged and doubles nothing", async () => {
    const { store } = made;
    const keys = Array.from({ length: 8 }, (_, at) => keyOf("crash", `s${at}`));
    for (const key of keys) await createSession(store, createInput(key));
    const acknowledged = new Map<string, number>();
    const unknown: { key: (typeof keys)[number]; event: NewEvent }[] = [];
    let down = false;
    const write = async (key: (typeof keys)[number]) => {
      for (let n = 0; !down; n++) {
        const event = eventOf({ set: { [`k${n % 10}`]: String(n), "app:shared": String(n) } });
        try {
          const { events } = await append(store, appendInput(key, [event]));
          acknowledged.set(event.id, events[0]?.seq ?? 0);
        } catch (error) {
          expect(error).toBeInstanceOf(StoreError);
          unknown.push({ key, event });
          return;
        }
      }
    };
    const writers = keys.map(write);
    await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(100);
    await server.kill();
    await Promise.all(writers);
    down = true;
    await server.start();
    // What is in doubt is asked again, and answered as the first time.
    for (const { key, event } of unknown) {
      const { events } = await append(store, appendInput(key, [event]));
      acknowledged.set(event.id, events[0]?.seq ?? 0);
    }
    const stored = new Map<string, number>();
    for (const key of keys) {
      const history = await readHistory(store, key);
      expect(history.map(({ seq }) => seq)).toEqual(history.map((_, at) => at + 1));
      for (const { id, seq } of history) stored.set(id, seq);
      expect(await mustGet(store, key)).toMatchObject({
        headSeq: history.length,
        eventCount: history.length,
        revision: history.length + 1,
      });
    }
    expect(stored).toEqual(acknowledged);
  }, 120_000);

  test("a server that takes no writes is STORE_READ_ONLY, still reads, and works again after", async () => {
    const { store, url } = made;
    const key = keyOf("read-only");
    await createSession(store, createInput(key));
    await query(server.adminUrl, "SET GLOBAL read_only = 1");
    try {
      await failsWith(append(store, appendInput(key, [eventOf()])), "STORE_READ_ONLY");
      expect((await mustGet(store, key)).headSeq).toBe(0);
      await (await made.open(url)).ping();
    } finally {
      await query(server.adminUrl, "SET GLOBAL read_only = 0");
    }
    await append(store, appendInput(key, [eventOf()]));
  });
});
