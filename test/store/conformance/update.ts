import { expect } from "vitest";
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
  mustGet,
  NOW,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

export const update = {
  "what is not named stays": async ({ store, app }) => {
    const key = keyOf(app);
    const made = await createSession(
      store,
      createInput(key, {
        ownerId: "o",
        displayName: "d",
        labels: new Map([["l", "1"]]),
        delta: deltaOf({ a: "1" }),
      }),
    );
    const updated = await store.updateSession(updateInput(key, { displayName: "other", nowMicros: NOW + 5 }));
    expect(updated).toEqual({ ...made, displayName: "other", revision: 2, updateMicros: NOW + 5 });
    expect(await mustGet(store, key)).toEqual(updated);
  },

  "owner, name and labels can be emptied": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(
      store,
      createInput(key, { ownerId: "o", displayName: "d", labels: new Map([["l", "1"]]) }),
    );
    const updated = await store.updateSession(
      updateInput(key, { ownerId: "", displayName: "", labels: new Map() }),
    );
    expect(updated).toMatchObject({ ownerId: "", displayName: "", labels: new Map() });
    expect(await mustGet(store, key)).toEqual(updated);
  },

  "labels are replaced as a whole": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(
      store,
      createInput(key, {
        labels: new Map([
          ["a", "1"],
          ["b", "1"],
        ]),
      }),
    );
    const labels = new Map([
      ["b", "2"],
      ["c", "2"],
    ]);
    expect((await store.updateSession(updateInput(key, { labels }))).labels).toEqual(labels);
    expect((await mustGet(store, key)).labels).toEqual(labels);
  },

  "a state patch merges into all scopes": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(
      store,
      createInput(key, {
        delta: deltaOf({ a: "1", b: "1", "user:a": "1", "user:b": "1", "app:a": "1", "app:b": "1" }),
      }),
    );
    const delta = deltaOf({ b: "2", c: "2", "user:b": "2", "app:c": "2" }, [
      "a",
      "user:a",
      "app:a",
      "missing",
    ]);
    const updated = await store.updateSession(updateInput(key, { state: { kind: "merge", delta } }));
    expect(updated.state).toEqual(
      new Map([
        ["b", "2"],
        ["c", "2"],
        ["user:b", "2"],
        ["app:b", "1"],
        ["app:c", "2"],
      ]),
    );
    expect((await mustGet(store, key)).state).toEqual(updated.state);
  },

  "a replacement takes all of the session's own keys and no shared ones": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(
      store,
      createInput(key, { delta: deltaOf({ a: "1", b: "1", "user:a": "1", "app:a": "1" }) }),
    );
    const state = new Map([["b", "2"]]);
    const updated = await store.updateSession(updateInput(key, { state: { kind: "replace", state } }));
    expect(updated.state).toEqual(
      new Map([
        ["b", "2"],
        ["user:a", "1"],
        ["app:a", "1"],
      ]),
    );
    const emptied = await store.updateSession(
      updateInput(key, { state: { kind: "replace", state: new Map() } }),
    );
    expect([...(emptied.state?.keys() ?? [])].sort()).toEqual(["app:a", "user:a"]);
  },

  "every update adds one to the revision and none to the seq": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    await append(store, appendInput(key, [eventOf(), eventOf()]));
    const updated = await store.updateSession(updateInput(key));
    expect(updated).toMatchObject({ revision: 4, headSeq: 2, eventCount: 2 });
    const next = await append(store, appendInput(key, [eventOf()]));
    expect(next.events).toMatchObject([{ seq: 3, revision: 5 }]);
  },

  "a missing session is an error": async ({ store, app }) => {
    await failsWith(store.updateSession(updateInput(keyOf(app), { displayName: "x" })), "SESSION_NOT_FOUND");
  },

  "another revision or uid than expected changes nothing": async ({ store, app }) => {
    const key = keyOf(app);
    const made = await createSession(store, createInput(key, { delta: deltaOf({ a: "1" }) }));
    const state = { kind: "merge", delta: deltaOf({ a: "2", "user:b": "2" }) } as const;
    const expectations = [
      { ...ANY, revision: 2 },
      { ...ANY, revision: 0 },
      { ...ANY, uid: "another" },
      { uid: made.uid, revision: 2 },
    ];
    for (const expected of expectations) {
      const error = await failsWith(
        store.updateSession(updateInput(key, { expected, state })),
        "STALE_SESSION",
      );
      expect(error.facts).toEqual({ actual_uid: made.uid, actual_revision: "1", head_seq: "0" });
    }
    expect(await mustGet(store, key)).toEqual(made);
    const expected = { uid: made.uid, revision: 1 };
    expect((await store.updateSession(updateInput(key, { expected, state }))).revision).toBe(2);
  },

  "the update time never goes backwards": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key, { nowMicros: NOW }));
    expect((await store.updateSession(updateInput(key, { nowMicros: NOW - 1_000_000 }))).updateMicros).toBe(
      NOW,
    );
    const appended = await append(store, appendInput(key, [eventOf()], { nowMicros: NOW - 2_000_000 }));
    expect(appended.events[0]?.createMicros).toBe(NOW);
    expect((await mustGet(store, key)).updateMicros).toBe(NOW);
    await append(store, appendInput(key, [eventOf()], { nowMicros: NOW + 7 }));
    expect((await mustGet(store, key)).updateMicros).toBe(NOW + 7);
  },
} satisfies Cases;
