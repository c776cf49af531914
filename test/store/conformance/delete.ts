import { expect } from "vitest";
import {
  ANY,
  append,
  appendInput,
  createInput,
  createSession,
  deleteInput,
  deltaOf,
  eventOf,
  failsWith,
  keyOf,
  listInput,
  mustGet,
  readHistory,
  sessionWithEvents,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

export const remove = {
  "a missing session is no error": async ({ store, app }) => {
    expect(await store.deleteSession(deleteInput(keyOf(app)))).toBe(false);
    expect(await store.deleteSession(deleteInput(keyOf(app), { expected: { uid: "u", revision: 3 } }))).toBe(
      false,
    );
  },

  "everything of the session goes, what is shared stays": async ({ store, app, database }) => {
    const key = keyOf(app);
    await createSession(
      store,
      createInput(key, {
        labels: new Map([["l", "1"]]),
        delta: deltaOf({ a: "1", "user:b": "2", "app:c": "3" }),
      }),
    );
    await append(store, appendInput(key, [eventOf({ set: { d: "4" } })]));
    expect(await store.deleteSession(deleteInput(key))).toBe(true);
    expect(await store.getSession(key)).toBeUndefined();
    expect(await store.listSessions(listInput(app))).toEqual([]);
    expect(await store.listChanges(key, 100)).toEqual([]);
    for (const table of ["adk_events", "adk_session_states", "adk_session_labels", "adk_session_changes"]) {
      expect(await database.execute(`SELECT session_id FROM ${table} WHERE app_name = '${app}'`)).toEqual([]);
    }
    expect(await store.getSharedState(app, key.userId)).toEqual(new Map([["b", "2"]]));
    expect(await store.getSharedState(app, undefined)).toEqual(new Map([["c", "3"]]));
    expect(await store.deleteSession(deleteInput(key))).toBe(false);
  },

  "neighbours stay": async ({ store, app }) => {
    const neighbours = [keyOf(app, "s1"), keyOf(app, "s", "u1"), keyOf(`${app}x`, "s"), keyOf(app, "S")];
    for (const key of neighbours) await sessionWithEvents(store, key, 2);
    await sessionWithEvents(store, keyOf(app), 2);
    await store.deleteSession(deleteInput(keyOf(app)));
    for (const key of neighbours) expect(await readHistory(store, key)).toHaveLength(2);
  },

  "another revision than expected deletes nothing": async ({ store, app }) => {
    const key = keyOf(app);
    const { uid } = await createSession(store, createInput(key));
    const updated = await store.updateSession(updateInput(key, { displayName: "x" }));
    for (const expected of [
      { ...ANY, revision: 1 },
      { uid, revision: 3 },
    ]) {
      const error = await failsWith(store.deleteSession(deleteInput(key, { expected })), "STALE_SESSION");
      expect(error.facts).toEqual({ actual_uid: uid, actual_revision: "2", head_seq: "0" });
    }
    expect(await mustGet(store, key)).toEqual(updated);
    expect(await store.deleteSession(deleteInput(key, { expected: { uid, revision: 2 } }))).toBe(true);
  },

  "a session of another uid is not the one that is meant": async ({ store, app }) => {
    const key = keyOf(app);
    const made = await createSession(store, createInput(key));
    for (const revision of [undefined, 1, 7]) {
      const another = deleteInput(key, { expected: { uid: "another", revision } });
      expect(await store.deleteSession(another)).toBe(false);
    }
    expect(await mustGet(store, key)).toEqual(made);
  },

  "a namesake begins anew": async ({ store, app }) => {
    const key = keyOf(app);
    const first = await sessionWithEvents(store, key, 3);
    await store.deleteSession(deleteInput(key));
    const second = await sessionWithEvents(store, key, 1);
    expect(second.uid).not.toBe(first.uid);
    expect(second).toMatchObject({ revision: 2, headSeq: 1, eventCount: 1, firstSeq: 1 });
    expect(await readHistory(store, key)).toHaveLength(1);
    const expected = { uid: first.uid, revision: undefined };
    const error = await append(store, appendInput(key, [eventOf()], { expected })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ reason: "STALE_SESSION" });
  },
} satisfies Cases;
