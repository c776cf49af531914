import { expect } from "vitest";
import {
  ANY,
  appendInput,
  createInput,
  createSession,
  eventOf,
  keyOf,
  mustGet,
  readHistory,
} from "../build.ts";
import type { Cases } from "../harness.ts";

export const appendGroups = {
  "appends of many sessions land in one group, each in its place": async ({ store, app }) => {
    const keys = Array.from({ length: 12 }, (_, at) => keyOf(app, `s${at % 6}`, `u${at % 2}`));
    const distinct = new Map(keys.map((key) => [`${key.userId}/${key.sessionId}`, key]));
    for (const key of distinct.values()) await createSession(store, createInput(key));
    const group = keys.map((key, at) =>
      appendInput(key, [
        eventOf({ id: `e${at}`, set: { [`k${at}`]: "1", "user:n": String(at), "app:n": String(at) } }),
      ]),
    );
    const outcomes = await store.append(group);
    expect(outcomes.map((outcome) => outcome.ok)).toEqual(keys.map(() => true));
    for (const key of distinct.values()) {
      const mine = group.filter(
        (input) => input.key.sessionId === key.sessionId && input.key.userId === key.userId,
      );
      expect((await readHistory(store, key)).map((event) => event.id)).toEqual(
        mine.map((input) => input.events[0]?.id),
      );
    }
    // The last word in the order of the group counts.
    expect(await store.getSharedState(app, undefined)).toEqual(new Map([["n", "11"]]));
    expect(await store.getSharedState(app, "u0")).toEqual(new Map([["n", "10"]]));
  },

  "appends of one session take effect in order": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const outcomes = await store.append([
      appendInput(key, [eventOf({ id: "a", set: { k: "1", gone: "1" } }), eventOf({ id: "b" })]),
      appendInput(key, [eventOf({ id: "c", set: { k: "2" }, remove: ["gone"] })]),
      appendInput(key, [eventOf({ id: "d", set: { again: "1" } })]),
    ]);
    expect(outcomes.map((outcome) => outcome.ok && outcome.headSeq)).toEqual([2, 3, 4]);
    const session = await mustGet(store, key);
    expect(session).toMatchObject({ headSeq: 4, revision: 5, eventCount: 4 });
    expect(session.state).toEqual(
      new Map([
        ["k", "2"],
        ["again", "1"],
      ]),
    );
    const history = await readHistory(store, key);
    expect(history.map((event) => [event.id, event.seq, event.appendEndSeq])).toEqual([
      ["a", 1, 2],
      ["b", 2, 2],
      ["c", 3, 3],
      ["d", 4, 4],
    ]);
  },

  "one bad append fails alone": async ({ store, app }) => {
    const key = keyOf(app);
    const other = keyOf(app, "other");
    const missing = keyOf(app, "missing");
    const { uid } = await createSession(store, createInput(key));
    await createSession(store, createInput(other));
    await store.append([appendInput(key, [eventOf({ id: "old" })])]);
    const outcomes = await store.append([
      appendInput(key, [eventOf({ id: "one", set: { a: "1" } })]),
      appendInput(missing, [eventOf({ set: { "app:no": "1" } })]),
      appendInput(key, [eventOf({ set: { no: "1" } })], { expected: { uid, revision: 1 } }),
      appendInput(key, [eventOf({ id: "old", author: "somebody else", set: { no: "1" } })]),
      appendInput(key, [{ ...eventOf({ set: { no: "1" } }), bytes: store.capabilities.maxEventBytes + 1 }]),
      appendInput(key, [eventOf({ id: "two", set: { b: "1" } })]),
      appendInput(other, [eventOf({ id: "three" })]),
    ]);
    expect(outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.error.reason))).toEqual([
      "ok",
      "SESSION_NOT_FOUND",
      "STALE_SESSION",
      "EVENT_ID_CONFLICT",
      "TOO_LARGE",
      "ok",
      "ok",
    ]);
    expect((await readHistory(store, key)).map((event) => event.id)).toEqual(["old", "one", "two"]);
    expect((await readHistory(store, other)).map((event) => event.id)).toEqual(["three"]);
    expect(await store.getSession(missing)).toBeUndefined();
    expect((await mustGet(store, key)).state).toEqual(
      new Map([
        ["a", "1"],
        ["b", "1"],
      ]),
    );
  },

  "a revision expected within the group is the one after the appends before": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const outcomes = await store.append([
      appendInput(key, [eventOf()], { expected: { ...ANY, revision: 1 } }),
      appendInput(key, [eventOf()], { expected: { ...ANY, revision: 1 } }),
      appendInput(key, [eventOf()], { expected: { ...ANY, revision: 2 } }),
    ]);
    expect(outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.error.reason))).toEqual([
      "ok",
      "STALE_SESSION",
      "ok",
    ]);
    expect(outcomes[1]).toMatchObject({ error: { facts: { actual_revision: "2", head_seq: "1" } } });
  },

  "the same event twice in one group is one event": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const event = eventOf({ id: "twin", set: { n: "1" } });
    const outcomes = await store.append([
      appendInput(key, [event]),
      appendInput(key, [eventOf({ id: "between" })]),
      appendInput(key, [event]),
      appendInput(key, [eventOf({ id: "twin", author: "another" })]),
    ]);
    expect(outcomes[2]).toMatchObject({ ok: true, events: [{ id: "twin", seq: 1, revision: 2 }] });
    expect(outcomes[3]).toMatchObject({ ok: false, error: { reason: "EVENT_ID_CONFLICT" } });
    expect((await readHistory(store, key)).map((read) => read.id)).toEqual(["twin", "between"]);
  },

  "a session that the group makes is made once": async ({ store, app }) => {
    const key = keyOf(app);
    const outcomes = await store.append([
      appendInput(key, [eventOf()]),
      appendInput(key, [eventOf({ set: { a: "1" } })], { createUid: "first", createOwnerId: "one" }),
      appendInput(key, [eventOf({ set: { b: "1" } })], { createUid: "second", createOwnerId: "two" }),
      appendInput(key, [eventOf()]),
    ]);
    expect(
      outcomes.map((outcome) => (outcome.ok ? [outcome.uid, outcome.headSeq] : outcome.error.reason)),
    ).toEqual(["SESSION_NOT_FOUND", ["first", 1], ["first", 2], ["first", 3]]);
    expect(await mustGet(store, key)).toMatchObject({
      uid: "first",
      ownerId: "one",
      revision: 4,
      headSeq: 3,
    });
    expect(await store.listChanges(key, 3)).toHaveLength(1);
  },

  "a group without an append that may be written writes nothing": async ({ store, app }) => {
    expect(await store.append([])).toEqual([]);
    const outcomes = await store.append([appendInput(keyOf(app), [eventOf()])]);
    expect(outcomes).toMatchObject([{ ok: false, error: { reason: "SESSION_NOT_FOUND" } }]);
    expect(outcomes[0]).toHaveProperty("error.name", "StoreError");
  },
} satisfies Cases;
