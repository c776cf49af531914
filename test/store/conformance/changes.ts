import { expect } from "vitest";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deltaOf,
  eventOf,
  keyOf,
  mark,
  NOW,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

/** A change that left everything but state as it was. */
const NOTHING_ELSE = { ownerId: undefined, displayName: undefined, labels: undefined } as const;

/** What a create without facts has. */
const BARE = { ownerId: "", displayName: "", labels: new Map() } as const;

export const changes = {
  "the create and every change without an event are kept, with all that they changed": async ({
    store,
    app,
  }) => {
    const key = keyOf(app);
    const given = deltaOf({ a: "1.0", "user:b": "2", "app:c": "3" });
    const facts = { ownerId: "o", displayName: "d", labels: new Map([["l", "1"]]) };
    await createSession(store, createInput(key, { ...facts, delta: given }));
    await append(store, appendInput(key, [eventOf({ set: { ignored: "1" } }), eventOf()]));
    const patch = deltaOf({ a: "null", "app:d": "4" }, ["e", "user:b"]);
    await store.updateSession(
      updateInput(key, { nowMicros: NOW + 1, state: { kind: "merge", delta: patch } }),
    );
    await store.updateSession(updateInput(key, { nowMicros: NOW + 2, displayName: "" }));
    await append(store, appendInput(key, [eventOf()], { nowMicros: NOW + 3 }));
    const replacement = new Map([["only", "1"]]);
    const labels = new Map([["a\0b", "\ud83d\ude00"]]);
    await store.updateSession(
      updateInput(key, {
        nowMicros: NOW + 4,
        ownerId: "other",
        labels,
        state: { kind: "replace", state: replacement },
      }),
    );
    await store.updateSession(updateInput(key, { nowMicros: NOW + 5, labels: new Map() }));
    const replaced = { ...deltaOf(), session: { set: replacement, remove: [] } };
    const all = [
      { revision: 1, afterSeq: 0, createMicros: NOW, replaced: false, delta: given, ...facts },
      { revision: 4, afterSeq: 2, createMicros: NOW + 1, replaced: false, delta: patch, ...NOTHING_ELSE },
      {
        ...NOTHING_ELSE,
        revision: 5,
        afterSeq: 2,
        createMicros: NOW + 2,
        replaced: false,
        delta: deltaOf(),
        displayName: "",
      },
      {
        ...NOTHING_ELSE,
        revision: 7,
        afterSeq: 3,
        createMicros: NOW + 4,
        replaced: true,
        delta: replaced,
        ownerId: "other",
        labels,
      },
      {
        ...NOTHING_ELSE,
        revision: 8,
        afterSeq: 3,
        createMicros: NOW + 5,
        replaced: false,
        delta: deltaOf(),
        labels: new Map(),
      },
    ];
    expect(await store.listChanges(key, 3)).toEqual(all);
    expect(await store.listChanges(key, 2)).toEqual(all.slice(0, 3));
    expect(await store.listChanges(key, 1)).toEqual(all.slice(0, 1));
    expect(await store.listChanges(key, 0)).toEqual(all.slice(0, 1));
    expect(await store.listChanges(keyOf(app, "missing"), 10)).toEqual([]);
  },

  "a session made by an append has its create, too": async ({ store, app }) => {
    const key = keyOf(app);
    const more = { createUid: "made", createOwnerId: "owner" };
    await append(store, appendInput(key, [eventOf({ set: { a: "1" } })], more));
    expect(await store.listChanges(key, 1)).toEqual([
      {
        ...BARE,
        ownerId: "owner",
        revision: 1,
        afterSeq: 0,
        createMicros: NOW,
        replaced: false,
        delta: deltaOf(),
      },
    ]);
  },

  "a change that was refused or repeated is not kept twice": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const change = updateInput(key, { displayName: "x", request: mark("once") });
    await store.updateSession(change);
    await store.updateSession(change);
    const refused = updateInput(key, { expected: { uid: undefined, revision: 9 }, displayName: "y" });
    await expect(store.updateSession(refused)).rejects.toMatchObject({ reason: "STALE_SESSION" });
    expect((await store.listChanges(key, 0)).map((change) => change.revision)).toEqual([1, 2]);
  },

  "changes and events together give every revision once": async ({ store, app }) => {
    const key = keyOf(app);
    const { uid } = await createSession(store, createInput(key));
    await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        at % 3 === 0
          ? store.updateSession(updateInput(key, { displayName: String(at) }))
          : append(store, appendInput(key, [eventOf({ set: { [`k${at}`]: "1" } })])),
      ),
    );
    const revisions = (await store.listChanges(key, 100)).map((change) => change.revision);
    const range = { key, uid, afterSeq: 0, throughSeq: 100, maxRows: 100 };
    for await (const chunk of store.readStateDeltas(range))
      revisions.push(...chunk.map((delta) => delta.revision));
    expect(revisions.sort((a, b) => a - b)).toEqual(Array.from({ length: 31 }, (_, at) => at + 1));
  },

  "changes are read by ranges of revisions, bounded in rows and bytes": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key, { displayName: "first" }));
    await append(store, appendInput(key, [eventOf(), eventOf()]));
    const big = deltaOf({ a: JSON.stringify("x".repeat(2_000)) });
    for (const nowMicros of [1, 2, 3]) {
      await store.updateSession(updateInput(key, { nowMicros, state: { kind: "merge", delta: big } }));
    }
    const all = await store.listChanges(key, 2);
    expect(all.map((change) => change.revision)).toEqual([1, 4, 5, 6]);
    const range = { key, afterRevision: 0, throughRevision: 100, maxRows: 100, maxBytes: 1_000_000 };
    const read = async (more: Partial<typeof range>) =>
      (await store.readChanges({ ...range, ...more })).map((change) => change.revision);
    expect(await store.readChanges(range)).toEqual(all);
    expect(await read({ afterRevision: 1, throughRevision: 5 })).toEqual([4, 5]);
    expect(await read({ afterRevision: 3, throughRevision: 4 })).toEqual([4]);
    expect(await read({ afterRevision: 1, throughRevision: 3 })).toEqual([]);
    expect(await read({ maxRows: 2 })).toEqual([1, 4]);
    expect(await read({ afterRevision: 1, maxBytes: 1 })).toEqual([4]);
    expect(await read({ afterRevision: 1, maxBytes: 5_000 })).toEqual([4, 5]);
    expect(await read({ key: keyOf(app, "missing") })).toEqual([]);
  },
} satisfies Cases;
