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
} from "../build.ts";
import type { Cases } from "../harness.ts";

export const get = {
  "a session that is not there is undefined": async ({ store, app }) => {
    await createSession(store, createInput(keyOf(app, "s", "u")));
    expect(await store.getSession(keyOf(app, "other"))).toBeUndefined();
    expect(await store.getSession(keyOf(app, "s", "other"))).toBeUndefined();
    expect(await store.getSession(keyOf(`${app}-other`))).toBeUndefined();
    expect(await store.getSessionRow(keyOf(app, "other"))).toBeUndefined();
  },

  "a light row is the session without state": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(
      store,
      createInput(key, { labels: new Map([["a", "b"]]), delta: deltaOf({ x: "1", "user:y": "2" }) }),
    );
    const whole = await mustGet(store, key);
    expect(await store.getSessionRow(key)).toEqual({ ...whole, state: undefined });
  },

  "an acknowledged change is seen by the next read": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    for (let round = 1; round <= 20; round++) {
      await append(store, appendInput(key, [eventOf({ set: { round: String(round) } })]));
      const session = await mustGet(store, key);
      expect([session.headSeq, session.revision, session.state?.get("round")]).toEqual([
        round,
        round + 1,
        String(round),
      ]);
    }
  },

  "head, revision and state of all scopes are of one snapshot": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key, { delta: deltaOf({ n: "0", "user:n": "0", "app:n": "0" }) }));
    let writing = true;
    const writer = (async () => {
      for (let n = 1; n <= 60; n++) {
        const set = { n: String(n), "user:n": String(n), "app:n": String(n) };
        await append(store, appendInput(key, [eventOf({ set })]));
      }
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      const { headSeq, revision, state } = await mustGet(store, key);
      const expected = String(headSeq);
      expect([state?.get("n"), state?.get("user:n"), state?.get("app:n")]).toEqual([
        expected,
        expected,
        expected,
      ]);
      expect(revision).toBe(headSeq + 1);
      reads++;
    }
    await writer;
    expect(reads).toBeGreaterThan(0);
  },

  "heads of many sessions are read at once; those that are not there are left out": async ({
    store,
    app,
  }) => {
    const keys = Array.from({ length: 450 }, (_, at) => keyOf(app, `s${at}`, `u${at % 7}`));
    const made = await Promise.all(
      keys.filter((_, at) => at % 3 !== 0).map((key) => createSession(store, createInput(key))),
    );
    await append(store, appendInput(made[0]?.key ?? keyOf(app), [eventOf(), eventOf()]));
    const heads = await store.sessionHeads(keys);
    const byId = new Map(heads.map((head) => [head.key.sessionId, head]));
    expect(heads).toHaveLength(made.length);
    for (const { key, uid } of made.slice(1)) {
      expect(byId.get(key.sessionId)).toEqual({ key, uid, revision: 1, headSeq: 0, firstSeq: 1 });
    }
    expect(byId.get("s1")).toMatchObject({ revision: 3, headSeq: 2 });
    expect(await store.sessionHeads([])).toEqual([]);
    expect(await store.sessionHeads([keyOf(app, "S1", "u1")])).toEqual([]);
  },
} satisfies Cases;
