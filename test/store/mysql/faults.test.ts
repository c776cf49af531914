/** Lost connections, at the moments that matter, through a proxy before a real server. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../../src/store/store.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import { processes } from "../../support/databases/processes.ts";
import {
  ANY,
  append,
  appendInput,
  createInput,
  createSession,
  deltaOf,
  eventOf,
  failsWith,
  keyOf,
  mark,
  mustGet,
  rangeOf,
  readHistory,
  sessionWithEvents,
  updateInput,
} from "../build.ts";
import { query, type ServerStore, serverStore } from "./harness.ts";
import { startProxy, type TcpProxy } from "./proxy.ts";

const firstWith = (text: string) => {
  let done = false;
  return (piece: Buffer) => {
    if (done || !piece.includes(text)) return false;
    done = true;
    return true;
  };
};

describe.each(serverEngines())("%s: lost connections", (kind) => {
  let direct: ServerStore;
  let proxy: TcpProxy;
  let store: Store;

  beforeAll(async () => {
    direct = await serverStore(await databaseServer(kind));
    proxy = await startProxy(direct.url);
    store = await direct.open(proxy.url, { writeConnections: 2, readConnections: 2 });
  }, serverTimeout);

  beforeEach(() => {
    proxy.rules = {};
  });

  afterEach(() => {
    proxy.rules = {};
  });

  afterAll(async () => {
    await direct?.cleanup();
    await proxy?.close();
  });

  test.each([
    ["cutRequest", "known"],
    ["cutAnswer", "known"],
    ["cutRequest", "not known"],
    ["cutAnswer", "not known"],
  ] as const)("an append survives %s at COMMIT, once, where the session is %s", async (rule, which) => {
    const key = keyOf(`commit-${rule}`, which);
    await createSession(which === "known" ? store : direct.store, createInput(key));
    const event = eventOf({ set: { a: "1", "user:b": "2" } });
    const cut = firstWith("COMMIT");
    let atFirst: number | undefined;
    proxy.rules = {
      [rule](piece: Buffer) {
        if (!cut(piece)) return false;
        atFirst = piece.includes("START TRANSACTION") ? 1 : 2;
        return true;
      },
    };
    const appended = await append(store, appendInput(key, [event]));
    expect(appended.events).toMatchObject([{ seq: 1, revision: 2 }]);
    expect(atFirst).toBe(which === "known" ? 1 : 2);
    expect((await readHistory(direct.store, key)).map(({ id }) => id)).toEqual([event.id]);
    expect(await mustGet(direct.store, key)).toMatchObject({ revision: 2, headSeq: 1, eventCount: 1 });
    // The one that was cut took its effect whole or not at all, so that this one comes right after it.
    expect((await append(store, appendInput(key, [eventOf()]))).events).toMatchObject([
      { seq: 2, revision: 3 },
    ]);
  });

  test("an append whose answer was lost is told its own place, whatever another server does meanwhile", async () => {
    const key = keyOf("overtaken");
    await createSession(store, createInput(key));
    const event = eventOf({ set: { a: '"ours"' } });
    const cut = firstWith("COMMIT");
    let theirs: Promise<unknown> | undefined;
    proxy.rules = {
      cutAnswer(piece) {
        if (!cut(piece)) return false;
        theirs = append(direct.store, appendInput(key, [eventOf({ set: { a: '"theirs"' } })]));
        return true;
      },
    };
    const appended = await append(store, appendInput(key, [event]));
    await theirs;
    const history = await readHistory(direct.store, key);
    expect(history).toHaveLength(2);
    const place = history.findIndex(({ id }) => id === event.id);
    expect(appended.events).toMatchObject([{ seq: place + 1 }]);
    expect((await mustGet(direct.store, key)).state?.get("a")).toBe(place === 1 ? '"ours"' : '"theirs"');
  });

  test.each(["cutRequest", "cutAnswer"] as const)("a create survives %s at COMMIT", async (rule) => {
    for (const request of [undefined, mark(`create-${rule}`)]) {
      const key = keyOf(`create-${rule}`, request === undefined ? "plain" : "marked");
      proxy.rules = { [rule]: firstWith("COMMIT") };
      const input = createInput(key, { request, delta: deltaOf({ a: "1" }) });
      const made = await createSession(store, input);
      expect(made.uid).toBe(input.uid);
      expect(await mustGet(direct.store, key)).toEqual(made);
    }
  });

  test("an update whose COMMIT got no answer is done once by its mark, and is in doubt without", async () => {
    const key = keyOf("update");
    await createSession(store, createInput(key));
    proxy.rules = { cutAnswer: firstWith("COMMIT") };
    const updated = await store.updateSession(
      updateInput(key, { displayName: "x", request: mark("update") }),
    );
    expect(updated.revision).toBe(2);
    proxy.rules = { cutAnswer: firstWith("COMMIT") };
    await failsWith(store.updateSession(updateInput(key, { displayName: "y" })), "STORE_UNAVAILABLE");
    expect(await mustGet(direct.store, key)).toMatchObject({ revision: 3, displayName: "y" });
  });

  test("a delete whose COMMIT got no answer says that there was one", async () => {
    const key = keyOf("delete");
    await createSession(store, createInput(key));
    proxy.rules = { cutAnswer: firstWith("COMMIT") };
    expect(await store.deleteSession({ key, expected: ANY, nowMicros: 1, request: undefined })).toBe(true);
    expect(await direct.store.getSession(key)).toBeUndefined();
  });

  test("a history whose connection is lost midway fails after what came", async () => {
    const key = keyOf("midway");
    const content = JSON.stringify({ text: "x".repeat(10_000) });
    const session = await sessionWithEvents(direct.store, key, 500, () => eventOf({ content }));
    let passed = 0;
    proxy.rules = {
      cutResponse: (piece) => {
        passed += piece.length;
        return passed > 1_000_000;
      },
    };
    const seqs: number[] = [];
    const reading = async () => {
      for await (const chunk of store.readEvents(rangeOf(session))) seqs.push(...chunk.map(({ seq }) => seq));
    };
    await failsWith(reading(), "STORE_UNAVAILABLE");
    expect(seqs.length).toBeGreaterThan(10);
    expect(seqs.length).toBeLessThan(500);
    expect(seqs).toEqual(seqs.map((_, at) => at + 1));
  });

  test("a read whose connection is lost before a row came is read again", async () => {
    const key = keyOf("again");
    await sessionWithEvents(direct.store, key, 3);
    await store.getSession(key);
    proxy.rules = { cutRequest: firstWith("again") };
    expect(await readHistory(store, key)).toHaveLength(3);
  });

  test("an aborted read frees the server's thread and the connection", async () => {
    const key = keyOf("abort");
    const content = JSON.stringify({ text: "x".repeat(20_000) });
    const session = await sessionWithEvents(direct.store, key, 2_000, () => eventOf({ content }));
    const user = new URL(direct.url).username;
    const busy = async () => {
      // The listing itself is by another account.
      const listed = await processes((sql) => query(direct.server.adminUrl, sql));
      return listed.filter((each) => each.user === user && each.command !== "Sleep").length;
    };
    for (let turn = 0; turn < 3; turn++) {
      const controller = new AbortController();
      const reason = new Error("enough");
      const reading = async () => {
        for await (const _ of direct.store.readEvents(rangeOf(session), controller.signal))
          controller.abort(reason);
      };
      await expect(reading()).rejects.toBe(reason);
      for await (const _ of direct.store.readEvents(rangeOf(session))) break;
    }
    await expect.poll(busy, { timeout: 10_000 }).toBe(0);
    expect(await readHistory(direct.store, key)).toHaveLength(2_000);
  });

  test("a server that is away is STORE_UNAVAILABLE", async () => {
    const gone = await startProxy(direct.url);
    const lonely = await direct.open(gone.url, { connectTimeoutMs: 10_000 });
    await gone.close();
    await failsWith(lonely.ping(), "STORE_UNAVAILABLE");
    await failsWith(lonely.append([appendInput(keyOf("away"), [eventOf()])]), "STORE_UNAVAILABLE");
  });
});
