import { expect } from "vitest";
import type { SessionKey, Store, Tombstone, TombstonePosition } from "../../../src/store/store.ts";
import {
  append,
  appendInput,
  deleteInput,
  eventOf,
  failsWith,
  keyOf,
  NOW,
  newId,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

const BEGINNING: TombstonePosition = { micros: 0, uid: "" };

function list(store: Store, appName: string, userId?: string): Promise<Tombstone[]> {
  return store.listTombstones({ scope: { appName, userId }, after: BEGINNING, limit: 1_000 });
}

/** Makes a session; gives its uid. */
async function make(store: Store, key: SessionKey, nowMicros = NOW): Promise<string> {
  return (await append(store, appendInput(key, [eventOf()], { createUid: newId("uid"), nowMicros }))).uid;
}

/** Makes and deletes a session at a time; gives its uid. */
async function gone(store: Store, key: SessionKey, nowMicros: number): Promise<string> {
  const uid = await make(store, key, nowMicros);
  expect(await store.deleteSession(deleteInput(key, { nowMicros }))).toBe(true);
  return uid;
}

export const tombstones = {
  "a delete leaves one, with the uid and the time": async ({ store, app }) => {
    const key = keyOf(app);
    const uid = await make(store, key);
    expect(await list(store, app)).toEqual([]);
    await store.deleteSession(deleteInput(key, { nowMicros: NOW + 7 }));
    const [tombstone, ...more] = await list(store, app);
    expect(tombstone).toMatchObject({ key, uid });
    // A delete of many events takes its time.
    expect(tombstone?.deleteMicros).toBeGreaterThanOrEqual(NOW + 7);
    expect(tombstone?.deleteMicros).toBeLessThan(NOW + 60_000_000);
    expect(more).toEqual([]);
  },

  "only a delete that deletes leaves one": async ({ store, app }) => {
    const key = keyOf(app);
    await store.deleteSession(deleteInput(key));
    await make(store, key);
    await store.updateSession(updateInput(key));
    const stale = { uid: undefined, revision: 1 };
    await failsWith(store.deleteSession(deleteInput(key, { expected: stale })), "STALE_SESSION");
    const another = { uid: "another", revision: undefined };
    expect(await store.deleteSession(deleteInput(key, { expected: another }))).toBe(false);
    expect(await list(store, app)).toEqual([]);
  },

  "each of several sessions of one key leaves its own": async ({ store, app }) => {
    const key = keyOf(app);
    const uids: string[] = [];
    for (let at = 0; at < 3; at++) uids.push(await gone(store, key, NOW + at * 60_000_000));
    const left = await list(store, app);
    expect(left.map(({ uid }) => uid)).toEqual(uids);
    expect(left.map((tombstone) => tombstone.key)).toEqual([key, key, key]);
  },

  "in pages by time and uid, of an app or one of its users": async ({ store, app }) => {
    for (let at = 0; at < 9; at++) {
      await gone(store, keyOf(app, `s${at}`, at % 3 === 0 ? "u" : "v"), NOW + (at % 2) * 60_000_000);
    }
    await gone(store, keyOf(`${app}x`), NOW);
    for (const [userId, expected] of [
      [undefined, 9],
      ["u", 3],
      ["v", 6],
      ["U", 0],
    ] as const) {
      const all = await list(store, app, userId);
      expect(all).toHaveLength(expected);
      expect(new Set(all.map(({ uid }) => uid)).size).toBe(expected);
      for (const { key } of all) expect(userId ?? key.userId).toBe(key.userId);
      const order = (a: Tombstone, b: Tombstone) =>
        a.deleteMicros - b.deleteMicros || Buffer.compare(Buffer.from(a.uid), Buffer.from(b.uid));
      expect(all).toEqual(all.toSorted(order));
      for (const limit of [1, 2, 100]) {
        const paged: Tombstone[] = [];
        let after = BEGINNING;
        for (;;) {
          const page = await store.listTombstones({ scope: { appName: app, userId }, after, limit });
          const last = page.at(-1);
          if (last === undefined) break;
          expect(page.length).toBeLessThanOrEqual(limit);
          paged.push(...page);
          after = { micros: last.deleteMicros, uid: last.uid };
        }
        expect(paged).toEqual(all);
      }
    }
  },

  "old ones are forgotten, newer ones stay": async ({ makeDatabase, harness }) => {
    const database = await makeDatabase();
    await harness.engine.migrate(database.url, { ...harness.options, dryRun: false });
    const store = await harness.engine.open(database.url, harness.options);
    try {
      await gone(store, keyOf("kept"), NOW + 1_000_000_000);
      // More than a step of a sweep has.
      for (let page = 0; page < 13; page++) {
        const rows = Array.from(
          { length: 100 },
          (_, at) => `('old', ${NOW + at}, 'uid-${page}-${at}', 'u', 's')`,
        );
        await database.execute(
          `INSERT INTO adk_session_tombstones (app_name, delete_time, uid, user_id, session_id) VALUES ${rows.join(", ")}`,
        );
      }
      expect(await store.sweepTombstones(NOW)).toBe(0);
      expect(await store.sweepTombstones(NOW + 99)).toBe(1_287);
      expect(await list(store, "old")).toHaveLength(13);
      expect(await store.sweepTombstones(NOW + 1_000_000)).toBe(13);
      expect(await list(store, "kept")).toHaveLength(1);
    } finally {
      await store.close();
    }
  },
} satisfies Cases;
