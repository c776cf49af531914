/** What writes cost in round trips to the server: the queries that the driver sends. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { append as appendGroup } from "../../../src/store/mysql/append.ts";
import { createSessions } from "../../../src/store/mysql/create.ts";
import { KnownHeads } from "../../../src/store/mysql/known-heads.ts";
import type { SessionKey } from "../../../src/store/store.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deltaOf,
  eventOf,
  keyOf,
  mark,
  mustGet,
  newId,
  readHistory,
} from "../build.ts";
import { connectionOptionsFor, poolOfOne, type ServerStore, serverStore } from "./harness.ts";
import { queriesBy } from "./statements.ts";

/** The queries of `work`, as many statements as each has, without those of a pool that opens connections meanwhile. */
async function queriesOf(work: () => Promise<unknown>): Promise<string[]> {
  const sent = await queriesBy(work);
  return sent.map(({ query }) => query).filter((text) => !text.startsWith("SET NAMES"));
}

const set = { own: "1", "user:shared": "2", "app:shared": "3" };

describe.each(serverEngines())("%s: round trips", (kind) => {
  let made: ServerStore;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
    // Opens the connection and sets it up.
    await createSession(made.store, createInput(keyOf("first")));
  }, serverTimeout);

  afterAll(async () => {
    await made?.cleanup();
  });

  test("one for appends to sessions that are known, two for others, one or a group, whatever their state", async () => {
    const keys = Array.from({ length: 20 }, (_, at) => keyOf("app", `s${at}`));
    for (const key of keys) await createSession(made.store, createInput(key));
    const [key] = keys;
    if (key === undefined) throw new Error("no key");
    const one = await queriesOf(() => append(made.store, appendInput(key, [eventOf()])));
    const batch = Array.from({ length: 30 }, () => eventOf({ set, remove: ["gone", "app:gone"] }));
    const many = await queriesOf(() => append(made.store, appendInput(key, batch)));
    const group = await queriesOf(() =>
      made.store.append(
        keys.map((each) => appendInput(each, [eventOf({ set })], { createUid: newId("uid") })),
      ),
    );
    // What this process saw last is not read again.
    for (const sent of [one, many, group]) {
      expect(sent).toHaveLength(1);
      expect(sent[0]).toMatch(
        /^START TRANSACTION;\nINSERT INTO adk_sessions .*;\nINSERT INTO adk_events .*;\nCOMMIT$/s,
      );
      expect(sent[0]).not.toMatch(/SELECT/);
    }
    const unknown = await made.open();
    await append(unknown, appendInput(keys[1] as SessionKey, [eventOf()]));
    const first = await queriesOf(() => append(unknown, appendInput(key, [eventOf()])));
    const firstGroup = await queriesOf(() =>
      unknown.append(keys.slice(2).map((each) => appendInput(each, [eventOf({ set })]))),
    );
    for (const sent of [first, firstGroup]) {
      expect(sent).toHaveLength(2);
      expect(sent[0]).toMatch(/^START TRANSACTION;\nSELECT .* FOR UPDATE;\n/);
      expect(sent[1]).toMatch(/;\nCOMMIT$/);
    }
  });

  test("two for creates, one or a group, and a third where answers are kept", async () => {
    const inputs = (marked: boolean) =>
      Array.from({ length: 20 }, () =>
        createInput(keyOf("app", newId("new")), {
          delta: deltaOf(set),
          labels: new Map([["a", "b"]]),
          request: marked ? mark(newId("r")) : undefined,
        }),
      );
    const trips = async (marked: boolean) => {
      const [one] = inputs(marked);
      if (one === undefined) throw new Error("no input");
      return [
        (await queriesOf(() => createSession(made.store, one))).length,
        (await queriesOf(() => made.store.createSessions(inputs(marked)))).length,
      ];
    };
    expect(await trips(false)).toEqual([2, 2]);
    expect(await trips(true)).toEqual([3, 3]);
  });

  test("one statement a query where the server takes no more, to the same end", async () => {
    const pool = poolOfOne(made.url, { ...connectionOptionsFor(kind), multiStatements: false });
    const keys = Array.from({ length: 5 }, (_, at) => keyOf("single", `s${at}`));
    const creates = keys.map((key) => createInput(key, { delta: deltaOf(set), request: mark(newId("r")) }));
    const appends = keys.map((key) => appendInput(key, [eventOf({ set: { own: "2" } }), eventOf()]));
    const heads = new KnownHeads();
    const options = { ...made.store.capabilities, maxJsonDepth: 30, maxPacketBytes: 1 << 20 };
    const appendOne = (key: SessionKey) =>
      appendGroup(pool, heads, [appendInput(key, [eventOf({ set: { own: "3" } })])], options, undefined);
    const sent = await queriesOf(async () => {
      expect(await createSessions(pool, creates, 30, undefined)).toMatchObject(
        keys.map(() => ({ ok: true })),
      );
      expect(await appendGroup(pool, heads, appends, options, undefined)).toMatchObject(
        keys.map(() => ({ ok: true, headSeq: 2 })),
      );
    });
    expect(sent.filter((text) => text === "COMMIT")).toHaveLength(2);
    expect(sent.filter((text) => text.includes(";\n"))).toEqual([]);
    for (const key of keys) {
      expect((await mustGet(made.store, key)).state?.get("own")).toBe("2");
      expect(await readHistory(made.store, key)).toHaveLength(2);
    }
    const [key] = keys as [SessionKey];
    const known = await queriesOf(() => appendOne(key));
    expect(known.map((text) => text.split(" ", 1)[0])).toEqual([
      "START",
      "INSERT",
      "INSERT",
      "INSERT",
      "COMMIT",
    ]);
    await append(made.store, appendInput(key, [eventOf()]));
    expect(await appendOne(key)).toMatchObject([{ ok: true, headSeq: 5 }]);
    expect((await readHistory(made.store, key)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    await pool.close();
  });
});
