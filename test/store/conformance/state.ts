import { expect } from "vitest";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deltaOf,
  eventOf,
  keyOf,
  mustGet,
  NOW,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

export const state = {
  "scopes reach those who share them and nobody else": async ({ store, app }) => {
    const mine = keyOf(app, "mine", "me");
    const also = keyOf(app, "also", "me");
    const theirs = keyOf(app, "theirs", "they");
    const foreign = keyOf(`${app}-foreign`, "mine", "me");
    for (const key of [mine, also, theirs, foreign]) await createSession(store, createInput(key));
    await append(store, appendInput(mine, [eventOf({ set: { k: "1", "user:k": "2", "app:k": "3" } })]));
    const seen = async (key: typeof mine) => Object.fromEntries((await mustGet(store, key)).state ?? []);
    expect(await seen(mine)).toEqual({ k: "1", "user:k": "2", "app:k": "3" });
    expect(await seen(also)).toEqual({ "user:k": "2", "app:k": "3" });
    expect(await seen(theirs)).toEqual({ "app:k": "3" });
    expect(await seen(foreign)).toEqual({});
  },

  "a merge is per top-level key, and null is a value": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key, { delta: deltaOf({ a: '{"x":1,"y":2}', b: "1" }) }));
    await append(store, appendInput(key, [eventOf({ set: { a: '{"y":3}', b: "null" } })]));
    expect((await mustGet(store, key)).state).toEqual(
      new Map([
        ["a", '{"y":3}'],
        ["b", "null"],
      ]),
    );
  },

  "removed keys go from every scope, and may come back": async ({ store, app }) => {
    const key = keyOf(app);
    const set = { a: "1", "user:a": "1", "app:a": "1" };
    await createSession(store, createInput(key, { delta: deltaOf(set) }));
    await append(store, appendInput(key, [eventOf({ remove: ["a", "user:a", "app:a", "never"] })]));
    expect((await mustGet(store, key)).state).toEqual(new Map());
    await append(store, appendInput(key, [eventOf({ set })]));
    expect(Object.fromEntries((await mustGet(store, key)).state ?? [])).toEqual(set);
  },

  "keys compare exactly and may be empty": async ({ store, app }) => {
    const key = keyOf(app);
    const set = {
      "": "0",
      a: "1",
      A: "2",
      "a ": "3",
      "\u00e9": "4",
      "e\u0301": "5",
      "\u00df": "6",
      ss: "7",
      "a\0b": "8",
      "a\0c": "9",
      "user:": "10",
      "app:": "11",
      __proto__x: "12",
      constructor: "13",
      "10": "14",
      ["k".repeat(512)]: "15",
    };
    await createSession(store, createInput(key, { delta: deltaOf(set) }));
    expect(Object.fromEntries((await mustGet(store, key)).state ?? [])).toEqual(set);
    await append(store, appendInput(key, [eventOf({ remove: ["a", "a\0b", ""], set: { A: "20" } })]));
    const { a: _, "a\0b": __, "": ___, ...left } = set;
    expect(Object.fromEntries((await mustGet(store, key)).state ?? [])).toEqual({ ...left, A: "20" });
  },

  "a key named __proto__ is a key": async ({ store, app }) => {
    const key = keyOf(app);
    const set = new Map([["__proto__", '{"polluted":true}']]);
    const event = { ...eventOf(), stateDelta: set, delta: deltaOf() };
    const delta = { ...deltaOf(), session: { set, remove: [] } };
    await createSession(store, createInput(key, { delta }));
    await append(store, appendInput(key, [{ ...event, delta }]));
    const session = await mustGet(store, key);
    expect(session.state).toEqual(set);
    expect((await store.listChanges(key, 0))[0]?.delta.session.set).toEqual(set);
  },

  "shared state is read and changed by itself": async ({ store, app }) => {
    expect(await store.getSharedState(app, undefined)).toEqual(new Map());
    expect(await store.getSharedState(app, "u")).toEqual(new Map());
    const change = { appName: app, nowMicros: NOW, request: undefined };
    const session = await createSession(store, createInput(keyOf(app)));
    const answer = await store.updateSharedState({
      ...change,
      userId: undefined,
      delta: {
        set: new Map([
          ["a", "1.0"],
          ["b", "2"],
        ]),
        remove: [],
      },
    });
    expect(answer).toEqual({ updateMicros: NOW });
    await store.updateSharedState({
      ...change,
      userId: "u",
      delta: { set: new Map([["user:x", "3"]]), remove: [] },
    });
    await store.updateSharedState({
      ...change,
      userId: undefined,
      delta: { set: new Map(), remove: ["b", "c"] },
    });
    expect(await store.getSharedState(app, undefined)).toEqual(new Map([["a", "1.0"]]));
    expect(await store.getSharedState(app, "u")).toEqual(new Map([["user:x", "3"]]));
    expect(await store.getSharedState(app, "v")).toEqual(new Map());
    // A change of shared state is none of the session.
    expect(await mustGet(store, session.key)).toEqual({
      ...session,
      state: new Map([
        ["app:a", "1.0"],
        ["user:user:x", "3"],
      ]),
    });
  },

  "many keys in one delta": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const set = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, at) => [`${["", "user:", "app:"][at % 3]}k${at}`, String(at)]),
    );
    await append(store, appendInput(key, [eventOf({ set })]));
    expect(Object.fromEntries((await mustGet(store, key)).state ?? [])).toEqual(set);
  },

  "people see state as JSON, and what JSON functions refuse as null": async ({ store, app, database }) => {
    const key = keyOf(app);
    const deep = `${"[".repeat(200)}${"]".repeat(200)}`;
    await createSession(
      store,
      createInput(key, {
        delta: deltaOf({
          a: '{"b" : [1, "\\u00e9"]}',
          "it's": "null",
          lone: '"\\ud800"',
          big: "1e999",
          "user:x": "1",
        }),
      }),
    );
    await store.updateSession(updateInput(key, { state: { kind: "merge", delta: deltaOf({ deep }) } }));
    const [row] = await database.execute(
      `SELECT id, user_id, state, create_time, update_time FROM adk_sessions_view WHERE app_name = '${app}'`,
    );
    const shown = JSON.parse(String(row?.["state"])) as Record<string, unknown>;
    expect(shown).toMatchObject({ a: { b: [1, "\u00e9"] }, "it's": null, lone: null, big: null });
    expect(Object.keys(shown).sort()).toEqual(["a", "big", "deep", "it's", "lone"]);
    expect(row).toMatchObject({ id: "s", user_id: "u" });
    const shownTime = new Date(NOW / 1000).toISOString().slice(0, 19).replace("T", " ");
    expect(row?.["create_time"]).toBe(`${shownTime}.${String(NOW % 1_000_000).padStart(6, "0")}`);
    expect(row?.["update_time"]).toBe(row?.["create_time"]);
  },

  "the view shows a session without state as an empty object": async ({ store, app, database }) => {
    await createSession(store, createInput(keyOf(app)));
    const [row] = await database.execute(`SELECT state FROM adk_sessions_view WHERE app_name = '${app}'`);
    expect(JSON.parse(String(row?.["state"]))).toEqual({});
  },

  "people see when an event happened": async ({ store, app, database }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const times = [1_700_000_000.25, -62_135_596_800, 1e300, -1e300, -0.5];
    await append(
      store,
      appendInput(
        key,
        times.map((timestamp) => eventOf({ timestamp })),
      ),
    );
    const rows = await database.execute(
      `SELECT timestamp FROM adk_events_view WHERE app_name = '${app}' ORDER BY seq`,
    );
    const shown = rows.map((row) => String(row["timestamp"]));
    expect(shown[0]).toBe("2023-11-14 22:13:20.250000");
    expect(shown[1]).toBe("0001-01-01 00:00:00.000000");
    // Beyond what date functions show, the nearest that they do.
    expect(shown[2]).toMatch(/^9999-12-31/);
    expect(shown[3]).toBe("0001-01-01 00:00:00.000000");
    expect(shown[4]).toBe("1969-12-31 23:59:59.500000");
  },
} satisfies Cases;
