import { expect } from "vitest";
import { createInput, createSession, deltaOf, failsWith, keyOf, mustGet, NOW } from "../build.ts";
import type { Cases } from "../harness.ts";

export const create = {
  "a session comes back as it was made": async ({ store, app }) => {
    const key = keyOf(app);
    const made = await createSession(
      store,
      createInput(key, {
        uid: "uid-1",
        ownerId: "tenant-7",
        displayName: "A title",
        labels: new Map([
          ["colour", "red"],
          ["", "empty key"],
        ]),
        delta: deltaOf({ own: "1", "user:shared": '"u"', "app:shared": '"a"', "temp:gone": "0" }),
      }),
    );
    expect(made).toEqual({
      key,
      uid: "uid-1",
      revision: 1,
      headSeq: 0,
      firstSeq: 1,
      eventCount: 0,
      eventBytes: 0,
      ownerId: "tenant-7",
      displayName: "A title",
      labels: new Map([
        ["colour", "red"],
        ["", "empty key"],
      ]),
      createMicros: NOW,
      updateMicros: NOW,
      lastEventTime: NOW / 1e6,
      state: new Map([
        ["own", "1"],
        ["user:shared", '"u"'],
        ["app:shared", '"a"'],
      ]),
    });
    expect(await mustGet(store, key)).toEqual(made);
  },

  "the state of a new session shows what its user and app have": async ({ store, app }) => {
    await createSession(
      store,
      createInput(keyOf(app, "first"), { delta: deltaOf({ "user:a": "1", "app:b": "2", c: "3" }) }),
    );
    const second = await createSession(
      store,
      createInput(keyOf(app, "second"), { delta: deltaOf({ "user:d": "4" }) }),
    );
    expect(second.state).toEqual(
      new Map([
        ["user:a", "1"],
        ["user:d", "4"],
        ["app:b", "2"],
      ]),
    );
  },

  "a create removes shared keys that it names": async ({ store, app }) => {
    await createSession(
      store,
      createInput(keyOf(app, "first"), { delta: deltaOf({ "user:a": "1", "app:b": "2" }) }),
    );
    const second = await createSession(
      store,
      createInput(keyOf(app, "second"), { delta: deltaOf({}, ["user:a", "app:b"]) }),
    );
    expect(second.state).toEqual(new Map());
  },

  "a key that is taken is refused, and nothing of the second create stays": async ({ store, app }) => {
    const key = keyOf(app);
    const first = await createSession(store, createInput(key, { delta: deltaOf({ a: "1" }) }));
    await failsWith(
      createSession(store, createInput(key, { delta: deltaOf({ a: "2", "user:x": "1", "app:y": "1" }) })),
      "SESSION_ALREADY_EXISTS",
    );
    expect(await mustGet(store, key)).toEqual(first);
  },

  "two users may have the same session id": async ({ store, app }) => {
    const one = await createSession(
      store,
      createInput(keyOf(app, "s", "one"), { delta: deltaOf({ a: "1" }) }),
    );
    const two = await createSession(
      store,
      createInput(keyOf(app, "s", "two"), { delta: deltaOf({ a: "2" }) }),
    );
    expect(await mustGet(store, one.key)).toEqual(one);
    expect(await mustGet(store, two.key)).toEqual(two);
  },

  "of creates at once exactly one wins": async ({ store, app }) => {
    const key = keyOf(app);
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, (_, at) => createSession(store, createInput(key, { uid: `uid-${at}` }))),
    );
    const won = tries.filter((result) => result.status === "fulfilled");
    expect(won).toHaveLength(1);
    expect((await mustGet(store, key)).uid).toBe(won[0]?.value.uid);
    for (const lost of tries.filter((result) => result.status === "rejected")) {
      expect(lost.reason).toMatchObject({ reason: "SESSION_ALREADY_EXISTS" });
    }
  },
} satisfies Cases;
