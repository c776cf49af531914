import { expect } from "vitest";
import { ANY, createInput, deltaOf, failsWith, keyOf, mark, mustGet, NOW, updateInput } from "../build.ts";
import type { Cases } from "../harness.ts";

export const requests = {
  "a create again gets the first answer": async ({ store, app }) => {
    const key = keyOf(app);
    const input = createInput(key, {
      request: mark("r"),
      labels: new Map([["l", "1"]]),
      delta: deltaOf({ a: "1.0", "user:b": '"\\ud800"', "app:c": "null" }),
    });
    const first = await store.createSession(input);
    await store.updateSession(
      updateInput(key, { displayName: "later", state: { kind: "merge", delta: deltaOf({ a: "2" }) } }),
    );
    // As a retry would, with a uid and a time of its own.
    expect(await store.createSession({ ...input, uid: "another", nowMicros: NOW + 5 })).toEqual(first);
    expect((await mustGet(store, key)).revision).toBe(2);
  },

  "the first answer outlives the session": async ({ store, app }) => {
    const key = keyOf(app);
    const input = createInput(key, { request: mark("r") });
    const first = await store.createSession(input);
    await store.deleteSession({ key, expected: ANY });
    expect(await store.createSession(input)).toEqual(first);
    expect(await store.getSession(key)).toBeUndefined();
  },

  "an update again gets the first answer, whatever it expects": async ({ store, app }) => {
    const key = keyOf(app);
    await store.createSession(createInput(key));
    const input = updateInput(key, {
      request: mark("r"),
      expected: { uid: undefined, revision: 1 },
      state: { kind: "merge", delta: deltaOf({ n: "1" }) },
    });
    const first = await store.updateSession(input);
    await store.updateSession(updateInput(key, { state: { kind: "merge", delta: deltaOf({ n: "2" }) } }));
    expect(await store.updateSession(input)).toEqual(first);
    expect((await mustGet(store, key)).state).toEqual(new Map([["n", "2"]]));
  },

  "a change of shared state again gets the first answer": async ({ store, app }) => {
    for (const userId of [undefined, "u"]) {
      const change = { appName: app, userId, nowMicros: NOW, request: mark("shared") };
      const set = { set: new Map([["n", "1"]]), remove: [] };
      expect(await store.updateSharedState({ ...change, delta: set })).toEqual({ updateMicros: NOW });
      const other = { ...change, request: undefined, nowMicros: NOW + 1 };
      await store.updateSharedState({ ...other, delta: { set: new Map([["n", "2"]]), remove: [] } });
      expect(await store.updateSharedState({ ...change, nowMicros: NOW + 2, delta: set })).toEqual({
        updateMicros: NOW,
      });
      expect(await store.getSharedState(app, userId)).toEqual(new Map([["n", "2"]]));
    }
  },

  "the same id for another request is a conflict": async ({ store, app }) => {
    const key = keyOf(app);
    await store.createSession(createInput(key, { request: mark("r", "one") }));
    await failsWith(
      store.createSession(createInput(key, { request: mark("r", "two") })),
      "REQUEST_ID_CONFLICT",
    );
    await failsWith(
      store.updateSession(updateInput(key, { request: mark("r", "two") })),
      "REQUEST_ID_CONFLICT",
    );
    const change = {
      appName: app,
      userId: key.userId,
      nowMicros: NOW,
      delta: { set: new Map(), remove: [] },
    };
    await failsWith(store.updateSharedState({ ...change, request: mark("r", "two") }), "REQUEST_ID_CONFLICT");
    expect((await mustGet(store, key)).revision).toBe(1);
  },

  "ids are the user's own, and compare exactly": async ({ store, app }) => {
    const make = (sessionId: string, userId: string, id: string) =>
      store.createSession(
        createInput(keyOf(app, sessionId, userId), { request: mark(id, `${userId}${sessionId}`) }),
      );
    await make("a", "u", "r");
    await make("b", "u", "R");
    await make("c", "u", "r ");
    await make("d", "v", "r");
    const change = { appName: app, userId: undefined, nowMicros: NOW, delta: { set: new Map(), remove: [] } };
    await store.updateSharedState({ ...change, request: mark("r", "app") });
    expect(await store.listUsers(app, undefined, 10)).toEqual(["u", "v"]);
  },

  "a request that failed leaves no mark": async ({ store, app }) => {
    const key = keyOf(app);
    const late = updateInput(key, { request: mark("r"), displayName: "x" });
    await failsWith(store.updateSession(late), "SESSION_NOT_FOUND");
    await store.createSession(createInput(key));
    expect((await store.updateSession(late)).displayName).toBe("x");
    await failsWith(store.createSession(createInput(key, { request: mark("c") })), "SESSION_ALREADY_EXISTS");
    await store.deleteSession({ key, expected: ANY });
    expect((await store.createSession(createInput(key, { request: mark("c") }))).revision).toBe(1);
  },

  "the same request from many at once happens once": async ({ store, app }) => {
    const key = keyOf(app);
    const input = createInput(key, { request: mark("r"), delta: deltaOf({ a: "1" }) });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => store.createSession({ ...input, uid: `uid-${at}` })),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const update = updateInput(key, { request: mark("u"), displayName: "x" });
    const updates = await Promise.all(Array.from({ length: 8 }, () => store.updateSession(update)));
    for (const answer of updates) expect(answer).toEqual(updates[0]);
    expect((await mustGet(store, key)).revision).toBe(2);
  },

  "old marks are forgotten, newer ones stay": async ({ makeDatabase, harness }) => {
    const database = await makeDatabase();
    await harness.engine.migrate(database.url, { ...harness.options, dryRun: false });
    const store = await harness.engine.open(database.url, harness.options);
    try {
      const change = { appName: "a", userId: undefined, delta: { set: new Map(), remove: [] } };
      for (let at = 0; at < 1_200; at++) {
        await store.updateSharedState({ ...change, nowMicros: NOW + at, request: mark(`r${at}`) });
      }
      expect(await store.sweepRequests(NOW)).toBe(0);
      expect(await store.sweepRequests(NOW + 1_100)).toBe(1_100);
      expect(await store.sweepRequests(NOW + 1_100)).toBe(0);
      const again = (at: number) =>
        store.updateSharedState({ ...change, nowMicros: NOW + 5_000, request: mark(`r${at}`) });
      expect(await again(1_150)).toEqual({ updateMicros: NOW + 1_150 });
      expect(await again(0)).toEqual({ updateMicros: NOW + 5_000 });
    } finally {
      await store.close();
    }
  },
} satisfies Cases;
