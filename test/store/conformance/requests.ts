import { expect } from "vitest";
import {
  createInput,
  createSession,
  deleteInput,
  deltaOf,
  failsWith,
  keyOf,
  mark,
  mustGet,
  NOW,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

export const requests = {
  "a create again gets the first answer": async ({ store, app }) => {
    const key = keyOf(app);
    const input = createInput(key, {
      request: mark("r"),
      labels: new Map([["l", "1"]]),
      delta: deltaOf({ a: "1.0", "user:b": '"\\ud800"', "app:c": "null" }),
    });
    const first = await createSession(store, input);
    await store.updateSession(
      updateInput(key, { displayName: "later", state: { kind: "merge", delta: deltaOf({ a: "2" }) } }),
    );
    // As a retry would, with a uid and a time of its own.
    expect(await createSession(store, { ...input, uid: "another", nowMicros: NOW + 5 })).toEqual(first);
    expect((await mustGet(store, key)).revision).toBe(2);
  },

  "the first answer outlives the session, without its state": async ({ store, app, database }) => {
    const key = keyOf(app);
    const input = createInput(key, {
      request: mark("r"),
      labels: new Map([["l", "1"]]),
      delta: deltaOf({ secret: '"s3cret"', "user:u": "1" }),
    });
    const update = updateInput(key, {
      request: mark("u"),
      state: { kind: "merge", delta: deltaOf({ more: '"s3cret"' }) },
    });
    const first = await createSession(store, input);
    const updated = await store.updateSession(update);
    await store.deleteSession(deleteInput(key));
    expect(await createSession(store, input)).toEqual({ ...first, state: new Map() });
    expect(await store.updateSession(update)).toEqual({ ...updated, state: new Map() });
    expect(await store.getSession(key)).toBeUndefined();
    const kept = await database.execute(`SELECT * FROM adk_requests WHERE app_name = '${app}'`);
    expect(kept).toHaveLength(2);
    expect(JSON.stringify(kept)).not.toContain("s3cret");
    // A namesake's state is not given for it.
    await createSession(store, createInput(key, { delta: deltaOf({ other: "1" }) }));
    expect(await createSession(store, input)).toEqual({ ...first, state: new Map() });
  },

  "a delete forgets the state of its own session's answers only": async ({ store, app }) => {
    const make = (sessionId: string, userId: string) =>
      createInput(keyOf(app, sessionId, userId), {
        request: mark(`${userId}/${sessionId}`),
        delta: deltaOf({ a: "1" }),
      });
    const inputs = [make("s", "u"), make("s", "v"), make("t", "u"), make("S", "u")];
    const answers = [];
    for (const input of inputs) answers.push(await createSession(store, input));
    await store.deleteSession(deleteInput(keyOf(app, "s", "u")));
    for (const [at, input] of inputs.entries()) {
      const answer = answers[at];
      expect(await createSession(store, input)).toEqual(at === 0 ? { ...answer, state: new Map() } : answer);
    }
  },

  "a delete again gets the first answer": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const there = deleteInput(key, { request: mark("d") });
    expect(await store.deleteSession(there)).toBe(true);
    await createSession(store, createInput(key));
    // The retry is answered, and the namesake stays.
    expect(await store.deleteSession(there)).toBe(true);
    expect(await store.getSession(key)).toBeDefined();
    const missing = keyOf(app, "missing");
    const nothing = deleteInput(missing, { request: mark("m") });
    expect(await store.deleteSession(nothing)).toBe(false);
    await createSession(store, createInput(missing));
    expect(await store.deleteSession(nothing)).toBe(false);
    expect(await store.getSession(missing)).toBeDefined();
  },

  "a delete that was refused leaves no mark": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const expected = { uid: undefined, revision: 2 };
    const input = deleteInput(key, { request: mark("d"), expected });
    await failsWith(store.deleteSession(input), "STALE_SESSION");
    await store.updateSession(updateInput(key));
    expect(await store.deleteSession(input)).toBe(true);
  },

  "an update again gets the first answer, whatever it expects": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
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
    await createSession(store, createInput(key, { request: mark("r", "one") }));
    await failsWith(
      createSession(store, createInput(key, { request: mark("r", "two") })),
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
      createSession(
        store,
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
    await createSession(store, createInput(key));
    expect((await store.updateSession(late)).displayName).toBe("x");
    await failsWith(createSession(store, createInput(key, { request: mark("c") })), "SESSION_ALREADY_EXISTS");
    await store.deleteSession(deleteInput(key));
    expect((await createSession(store, createInput(key, { request: mark("c") }))).revision).toBe(1);
  },

  "the same request from many at once happens once": async ({ store, app }) => {
    const key = keyOf(app);
    const input = createInput(key, { request: mark("r"), delta: deltaOf({ a: "1" }) });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => createSession(store, { ...input, uid: `uid-${at}` })),
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
