import { expect } from "vitest";
import type { Store } from "../../../src/store/store.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deleteInput,
  eventOf,
  keyOf,
  mustGet,
  readHistory,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

/** Runs `work` in so many lanes at once, round after round in each. */
async function inLanes(
  lanes: number,
  rounds: number,
  work: (lane: number, round: number) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (let round = 0; round < rounds; round++) await work(lane, round);
    }),
  );
}

/** Writers of one session over several stores: nothing lost, nothing doubled, in order. */
async function writersOfOneSession(stores: readonly Store[], app: string): Promise<void> {
  const [store] = stores;
  if (store === undefined) throw new Error("no store");
  const key = keyOf(app);
  await createSession(store, createInput(key));
  const lanes = 12;
  const rounds = 8;
  await inLanes(lanes, rounds, async (lane, round) => {
    const name = `${lane}-${round}`;
    const set = {
      [name]: "1",
      [`user:${name}`]: "2",
      [`app:${name}`]: "3",
      both: `"${name}"`,
      "app:both": `"${name}"`,
    };
    const on = stores[lane % stores.length] ?? store;
    await append(on, appendInput(key, [eventOf({ id: `${name}-a`, set }), eventOf({ id: `${name}-b` })]));
  });
  const history = await readHistory(store, key);
  const appends = lanes * rounds;
  expect(history.map((event) => event.seq)).toEqual(Array.from({ length: appends * 2 }, (_, at) => at + 1));
  expect(history.map((event) => event.revision)).toEqual(history.map((event) => event.seq + 1));
  for (let at = 0; at < history.length; at += 2) {
    const [first, second] = [history[at], history[at + 1]];
    expect(second?.id).toBe(first?.id.replace(/a$/, "b"));
    expect([first?.appendEndSeq, second?.appendEndSeq]).toEqual([at + 2, at + 2]);
  }
  // Each lane waits for its answers, so its events are in its order.
  for (let lane = 0; lane < lanes; lane++) {
    const mine = history.filter((event) => event.id.startsWith(`${lane}-`) && event.id.endsWith("a"));
    expect(mine.map((event) => event.id)).toEqual(
      Array.from({ length: rounds }, (_, round) => `${lane}-${round}-a`),
    );
  }
  const session = await mustGet(store, key);
  expect(session).toMatchObject({ headSeq: appends * 2, eventCount: appends * 2, revision: appends * 2 + 1 });
  expect(session.state?.size).toBe(appends * 3 + 2);
  // The last word on a key is the last event's in seq.
  const last = history.at(-2)?.stateDelta;
  expect(session.state?.get("both")).toBe(last?.get("both"));
  expect(session.state?.get("app:both")).toBe(last?.get("app:both"));
}

export const concurrency = {
  "many writers of one session": async ({ store, app }) => {
    await writersOfOneSession([store], app);
  },

  "many writers of one session over two stores": async ({ store, app, openAnother }) => {
    await writersOfOneSession([store, await openAnother()], app);
  },

  "many sessions share a user and an app without losing a key": async ({ store, app, openAnother }) => {
    const stores = [store, await openAnother()];
    const lanes = 10;
    for (let lane = 0; lane < lanes; lane++)
      await createSession(store, createInput(keyOf(app, `s${lane}`, `u${lane % 2}`)));
    await inLanes(lanes, 6, async (lane, round) => {
      const on = stores[(lane + round) % 2] ?? store;
      const set = { [`user:${lane}.${round}`]: "1", [`app:${lane}.${round}`]: "1", [`own${round}`]: "1" };
      await append(on, appendInput(keyOf(app, `s${lane}`, `u${lane % 2}`), [eventOf({ set })]));
    });
    expect((await store.getSharedState(app, undefined)).size).toBe(60);
    expect((await store.getSharedState(app, "u0")).size).toBe(30);
    expect((await store.getSharedState(app, "u1")).size).toBe(30);
    for (let lane = 0; lane < lanes; lane++) {
      const session = await mustGet(store, keyOf(app, `s${lane}`, `u${lane % 2}`));
      expect([...(session.state?.keys() ?? [])].filter((name) => name.startsWith("own"))).toHaveLength(6);
    }
  },

  "of writers that expect the same revision one wins each time": async ({ store, app, openAnother }) => {
    const stores = [store, await openAnother()];
    const key = keyOf(app);
    await createSession(store, createInput(key));
    for (let revision = 1; revision <= 5; revision++) {
      const tries = await Promise.all(
        Array.from({ length: 6 }, (_, at) => {
          const on = stores[at % 2] ?? store;
          const expected = { uid: undefined, revision };
          return (
            at < 4
              ? append(on, appendInput(key, [eventOf({ set: { at: String(at) } })], { expected }))
              : on.updateSession(updateInput(key, { expected, displayName: String(at) }))
          ).then(
            () => "won",
            (error: { reason?: string }) => error.reason,
          );
        }),
      );
      expect(tries.filter((result) => result === "won")).toHaveLength(1);
      expect(tries.filter((result) => result === "STALE_SESSION")).toHaveLength(5);
      expect((await mustGet(store, key)).revision).toBe(revision + 1);
    }
  },

  "updates and appends at once each have their revision": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const revisions = new Set<number>();
    await inLanes(8, 5, async (lane, round) => {
      if (lane % 2 === 0) {
        const updated = await store.updateSession(updateInput(key, { displayName: `${lane}.${round}` }));
        revisions.add(updated.revision);
      } else {
        const appended = await append(store, appendInput(key, [eventOf()]));
        for (const event of appended.events) revisions.add(event.revision);
      }
    });
    expect([...revisions].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => at + 2));
  },

  "appends against a delete and a create of the same key": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const landed: string[] = [];
    await Promise.all([
      inLanes(4, 15, async (lane, round) => {
        const id = `${lane}-${round}`;
        const [outcome] = await store.append([appendInput(key, [eventOf({ id })])]);
        if (outcome?.ok) landed.push(`${outcome.uid}/${id}`);
        else expect(outcome?.error.reason).toBe("SESSION_NOT_FOUND");
      }),
      (async () => {
        for (let round = 0; round < 10; round++) {
          await store.deleteSession(deleteInput(key));
          await createSession(store, createInput(key, { uid: `round-${round}` }));
        }
      })(),
    ]);
    const session = await mustGet(store, key);
    const history = await readHistory(store, key);
    expect(session.uid).toBe("round-9");
    expect(history.map((event) => event.seq)).toEqual(history.map((_, at) => at + 1));
    expect(session).toMatchObject({ headSeq: history.length, eventCount: history.length });
    const mine = landed
      .filter((text) => text.startsWith("round-9/"))
      .map((text) => text.slice("round-9/".length));
    expect(history.map((event) => event.id).sort()).toEqual(mine.sort());
  },
} satisfies Cases;
