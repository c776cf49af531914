import { expect } from "vitest";
import type { CreateOutcome } from "../../../src/store/store.ts";
import { createInput, createSession, deleteInput, deltaOf, keyOf, mark, mustGet, newId } from "../build.ts";
import type { Cases } from "../harness.ts";

const told = (outcomes: readonly CreateOutcome[]) =>
  outcomes.map((outcome) => (outcome.ok ? outcome.session.uid : outcome.error.reason));

export const createGroups = {
  "sessions of many users and apps are made in one group, each as it was given": async ({ store, app }) => {
    const group = Array.from({ length: 300 }, (_, at) =>
      createInput(keyOf(`${app}-${at % 3}`, `s${(at * 7) % 300}`, `u${at % 5}`), {
        uid: `uid-${at}`,
        ownerId: `owner ${at}`,
        displayName: `session ${at}`,
        labels: new Map([["number", String(at)]]),
        delta: deltaOf({ own: String(at), other: "null" }),
        request: at % 2 === 0 ? mark(newId("r")) : undefined,
      }),
    );
    const outcomes = await store.createSessions(group);
    expect(told(outcomes)).toEqual(group.map(({ uid }) => uid));
    for (const at of [0, 1, 2, 149, 298, 299]) {
      const input = group[at];
      const outcome = outcomes[at];
      if (input === undefined || !outcome?.ok) throw new Error("no outcome");
      expect(outcome.session).toMatchObject({ key: input.key, displayName: input.displayName });
      expect(await mustGet(store, input.key)).toEqual(outcome.session);
      expect(await store.listChanges(input.key, 0)).toMatchObject([{ revision: 1, delta: input.delta }]);
    }
    expect(await store.createSessions([])).toEqual([]);
  },

  "one bad create fails alone": async ({ store, app }) => {
    const taken = await createSession(store, createInput(keyOf(app, "taken")));
    await createSession(store, createInput(keyOf(app, "marked"), { request: mark("used", "a request") }));
    const outcomes = await store.createSessions([
      createInput(keyOf(app, "a"), { uid: "a", delta: deltaOf({ x: "1" }) }),
      createInput(keyOf(app, "taken"), { delta: deltaOf({ "app:no": "1", "user:no": "1" }) }),
      createInput(keyOf(app, "b"), { request: mark("used", "another"), delta: deltaOf({ "app:no": "1" }) }),
      createInput(keyOf(app, "a"), { delta: deltaOf({ y: "1", "app:no": "1" }) }),
      createInput(keyOf(app, "c"), { uid: "c" }),
    ]);
    expect(told(outcomes)).toEqual([
      "a",
      "SESSION_ALREADY_EXISTS",
      "REQUEST_ID_CONFLICT",
      "SESSION_ALREADY_EXISTS",
      "c",
    ]);
    expect(outcomes[1]).toHaveProperty("error.name", "StoreError");
    expect(await mustGet(store, keyOf(app, "taken"))).toEqual(taken);
    expect(await store.getSession(keyOf(app, "b"))).toBeUndefined();
    expect((await mustGet(store, keyOf(app, "a"))).state).toEqual(new Map([["x", "1"]]));
    expect(await store.getSharedState(app, undefined)).toEqual(new Map());
    expect(await store.getSharedState(app, "u")).toEqual(new Map());
  },

  "a request and its retry in one group make one session": async ({ store, app }) => {
    // The server gives each try an id and a uid of its own.
    const tries = Array.from({ length: 3 }, (_, at) =>
      createInput(keyOf(app, `given-${at}`), {
        uid: `uid-${at}`,
        request: mark("r"),
        labels: new Map([["l", "1"]]),
      }),
    );
    const other = createInput(keyOf(app, "other"), { request: mark("r", "another request") });
    const outcomes = await store.createSessions([...tries, other]);
    expect(told(outcomes)).toEqual(["uid-0", "uid-0", "uid-0", "REQUEST_ID_CONFLICT"]);
    expect(outcomes[2]).toEqual(outcomes[0]);
    const again = await store.createSessions(tries.toReversed());
    expect(again).toEqual([outcomes[0], outcomes[0], outcomes[0]]);
    expect(await store.getSession(keyOf(app, "given-1"))).toBeUndefined();
  },

  "a mark whose request was refused is free": async ({ store, app }) => {
    await createSession(store, createInput(keyOf(app, "taken")));
    const outcomes = await store.createSessions([
      createInput(keyOf(app, "taken"), { request: mark("r", "one") }),
      createInput(keyOf(app, "new"), { uid: "new", request: mark("r", "two") }),
    ]);
    expect(told(outcomes)).toEqual(["SESSION_ALREADY_EXISTS", "new"]);
  },

  "answers to retries and new sessions stand side by side": async ({ store, app }) => {
    const one = createInput(keyOf(app, "one"), { request: mark("one"), delta: deltaOf({ a: "1" }) });
    const gone = createInput(keyOf(app, "gone"), { request: mark("gone"), delta: deltaOf({ secret: "1" }) });
    const [first, second] = await store.createSessions([one, gone]);
    await store.deleteSession(deleteInput(gone.key));
    const outcomes = await store.createSessions([
      { ...one, uid: "again" },
      createInput(keyOf(app, "two"), { uid: "two" }),
      { ...gone, uid: "again" },
    ]);
    expect(outcomes[0]).toEqual(first);
    expect(outcomes[1]).toMatchObject({ ok: true, session: { uid: "two" } });
    if (!second?.ok) throw new Error("not made");
    expect(outcomes[2]).toEqual({ ok: true, session: { ...second.session, state: new Map() } });
  },

  "a try again of a group that was committed finds its own sessions": async ({ store, app }) => {
    const group = ["a", "b"].map((id) =>
      createInput(keyOf(app, id), { uid: `uid-${id}`, delta: deltaOf({ [id]: "1" }) }),
    );
    const first = await store.createSessions(group);
    expect(await store.createSessions(group)).toEqual(first);
  },

  "shared state of a group ends with its last word, and each answer has it": async ({ store, app }) => {
    await createSession(
      store,
      createInput(keyOf(app, "before"), {
        delta: deltaOf({ "app:old": "1", "app:away": "1", "user:old": "1" }),
      }),
    );
    const outcomes = await store.createSessions([
      createInput(keyOf(app, "a", "u"), { delta: deltaOf({ "app:n": "1", "user:n": "1", own: "1" }) }),
      createInput(keyOf(app, "b", "v"), { delta: deltaOf({ "user:n": "2" }, ["app:away"]) }),
      createInput(keyOf(app, "c", "u"), { delta: deltaOf({ "app:n": "3", "user:m": "3" }) }),
    ]);
    expect(await store.getSharedState(app, undefined)).toEqual(
      new Map([
        ["old", "1"],
        ["n", "3"],
      ]),
    );
    expect(await store.getSharedState(app, "u")).toEqual(
      new Map([
        ["old", "1"],
        ["n", "1"],
        ["m", "3"],
      ]),
    );
    expect(await store.getSharedState(app, "v")).toEqual(new Map([["n", "2"]]));
    const last = outcomes[2];
    if (!last?.ok) throw new Error("not made");
    expect(last.session.state).toEqual((await mustGet(store, keyOf(app, "c", "u"))).state);
    for (const outcome of outcomes) {
      expect(outcome.ok && outcome.session.state?.get("app:old")).toBe("1");
    }
  },

  "groups of several stores that want the same sessions and keys each get all that they may": async ({
    store,
    app,
    openAnother,
  }) => {
    const stores = [store, await openAnother()];
    const groups = Array.from({ length: 6 }, (_, who) =>
      Array.from({ length: 20 }, (_, at) => {
        const turned = who % 2 === 0 ? at : 19 - at;
        return createInput(keyOf(app, `s${turned}`, `u${turned % 3}`), {
          uid: `${who}-${turned}`,
          delta: deltaOf({
            [`app:k${turned}`]: String(who),
            "app:hot": String(who),
            [`user:k${turned}`]: "1",
          }),
        });
      }),
    );
    const all = await Promise.all(
      groups.map((group, who) => (stores[who % 2] ?? store).createSessions(group)),
    );
    const uids = all.flatMap((outcomes) => told(outcomes));
    expect(uids.filter((uid) => uid === "SESSION_ALREADY_EXISTS")).toHaveLength(100);
    const made = uids.filter((uid) => uid !== "SESSION_ALREADY_EXISTS");
    expect(new Set(made.map((uid) => uid.split("-")[1])).size).toBe(20);
    expect((await store.getSharedState(app, undefined)).size).toBe(21);
  },
} satisfies Cases;
