/** What the servers' own types would change: doubles in their text and binary forms, and JSON in the view. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deltaOf,
  eventOf,
  keyOf,
  mustGet,
  readHistory,
} from "../build.ts";
import { Random } from "../random.ts";
import { query, type ServerStore, serverStore } from "./harness.ts";

describe.each(serverEngines())("%s: exactness", (kind) => {
  let made: ServerStore;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
  }, serverTimeout);

  afterAll(async () => {
    await made?.cleanup();
  });

  test("doubles of any bits come back by both of the driver's protocols", async () => {
    const random = new Random(20261121);
    const { store } = made;
    const key = keyOf("doubles");
    await createSession(store, createInput(key));
    const times = [
      0,
      -0,
      5e-324,
      -5e-324,
      Number.MAX_VALUE,
      -Number.MAX_VALUE,
      2 ** -1022,
      1e21,
      -62135596800,
    ];
    while (times.length < 4_000) times.push(random.double());
    const inputs = [];
    for (let at = 0; at < times.length; at += 500) {
      const events = times.slice(at, at + 500).map((timestamp) => eventOf({ timestamp }));
      inputs.push(appendInput(key, events));
    }
    await store.append(inputs);
    const read = (await readHistory(store, key)).map(({ timestamp }) => timestamp);
    expect(read.filter((time, at) => !Object.is(time, times[at]))).toEqual([]);
    // A repeated append reads its marks by the text protocol.
    const told = (await store.append(inputs)).flatMap((outcome) => (outcome.ok ? outcome.events : []));
    expect(told.map(({ timestamp }) => timestamp).filter((time, at) => !Object.is(time, times[at]))).toEqual(
      [],
    );
    for (const timestamp of [-0, 0, 5e-324]) {
      await append(store, appendInput(key, [eventOf({ timestamp })]));
      expect((await mustGet(store, key)).lastEventTime).toBe(timestamp);
    }
    const [since] = await Promise.all([
      store.seqBeforeNewest({ key, afterSeq: 4_000, throughSeq: 4_003, afterTime: 0, count: 2 }),
    ]);
    expect(since).toBe(4_001);
  });

  test("the view shows every value that the JSON functions take, and fails on none", async () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    const shown = {
      integer: "1",
      decimal: "1.5",
      text: '"a\\"b\\\\c \\u0000 é 😀 \\ud83d\\ude00"',
      object: '{ "b": [1, null, true], "a": {} }',
      empty: '""',
      nothing: "null",
      deep: nested(30),
      'a"b\\c\u0000\n😀': "1",
      "": "2",
    };
    const refused = {
      lone: '"\\ud800"',
      loneKey: '{"\\udfff":1}',
      huge: "1e400",
      zero: "0e309",
      deep100: nested(100),
      deep101: nested(101),
      deep200: nested(200),
      digits: "9".repeat(310),
    };
    const edge = { deep31: nested(31), deep32: nested(32), deep99: nested(99) };
    const { store, url } = made;
    const delta = deltaOf({ ...shown, ...refused, ...edge });
    await createSession(store, createInput(keyOf("view"), { delta }));
    await createSession(store, createInput(keyOf("view", "none")));
    const rows = await query(
      url,
      "SELECT id, state FROM adk_sessions_view WHERE app_name = 'view' ORDER BY id",
    );
    expect(rows.map(({ id }) => id)).toEqual(["none", "s"]);
    expect(JSON.parse(String(rows[0]?.["state"]))).toEqual({});
    const state = JSON.parse(String(rows[1]?.["state"])) as Record<string, unknown>;
    for (const [key, value] of Object.entries(shown)) expect(state[key], key).toEqual(JSON.parse(value));
    for (const key of Object.keys(refused)) expect(state[key], key).toBeNull();
    for (const key of Object.keys(edge)) expect(state, key).toHaveProperty(key);
    // As on the pages that the schema comes from.
    const found = await query(
      url,
      "SELECT id FROM adk_sessions_view WHERE app_name = 'view' AND JSON_EXTRACT(state, '$.object.b[0]') = 1",
    );
    expect(found).toEqual([{ id: "s" }]);
    // The values themselves are as they were written.
    expect((await mustGet(store, keyOf("view"))).state).toEqual(new Map(delta.session.set));
  });
});
