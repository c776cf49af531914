/** Many servers over one database: no key is lost, and no caller hears of the contention. */
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import {
  ANY,
  appendInput,
  createInput,
  createSession,
  eventOf,
  keyOf,
  mustGet,
  newId,
  readHistory,
} from "../build.ts";
import { type ServerStore, serverStore } from "./harness.ts";

describe.each(serverEngines())("%s: contention", (kind) => {
  let made: ServerStore;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
  }, serverTimeout);

  afterAll(async () => {
    await made?.cleanup();
  });

  test("eight replicas append to one session and shared keys", async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => made.open()));
    const key = keyOf("replicas");
    await createSession(made.store, createInput(key));
    const rounds = 15;
    const groups = stores.map(async (store, who) => {
      for (let round = 0; round < rounds; round++) {
        const own = keyOf("replicas", `own-${who}-${round % 2}`);
        const outcomes = await store.append([
          appendInput(own, [eventOf({ set: { "app:hot": String(who) } })], { createUid: newId("uid") }),
          appendInput(key, [
            eventOf({
              set: { [`k${who}-${round}`]: String(round), [`app:k${who}-${round}`]: "1", "user:hot": "1" },
            }),
            eventOf({ set: { "app:hot": "2" }, remove: [`user:k${(who + round) % 4}`] }),
          ]),
        ]);
        for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: true });
      }
    });
    await Promise.all(groups);
    const history = await readHistory(made.store, key);
    expect(history.map(({ seq }) => seq)).toEqual(Array.from({ length: 8 * rounds * 2 }, (_, at) => at + 1));
    const { state } = await mustGet(made.store, key);
    for (let who = 0; who < 8; who++) {
      for (let round = 0; round < rounds; round++) {
        expect(state?.get(`k${who}-${round}`)).toBe(String(round));
        expect(state?.get(`app:k${who}-${round}`)).toBe("1");
      }
    }
  }, 120_000);

  test("replicas that make the same session by an append make one", async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => made.open()));
    for (let turn = 0; turn < 5; turn++) {
      const key = keyOf("made", `s${turn}`);
      const outcomes = await Promise.all(
        stores.map((store) => store.append([appendInput(key, [eventOf()], { createUid: newId("uid") })])),
      );
      const uids = new Set(
        outcomes.map(([outcome]) => (outcome?.ok === true ? outcome.uid : outcome?.error)),
      );
      expect(uids.size).toBe(1);
      const session = await mustGet(made.store, key);
      expect(uids).toEqual(new Set([session.uid]));
      expect(session).toMatchObject({ headSeq: 8, revision: 9 });
    }
  }, 120_000);

  test("appends and deletes of one session leave nothing behind", async () => {
    const [one, two] = await Promise.all([made.open(), made.open()]);
    const key = keyOf("gone");
    const appends = Array.from({ length: 30 }, () =>
      one.append([appendInput(key, [eventOf({ set: { a: "1" } })], { createUid: newId("uid") })]),
    );
    const deletes = Array.from({ length: 30 }, () =>
      two.deleteSession({ key, expected: ANY, nowMicros: 1, request: undefined }),
    );
    for (const [outcome] of await Promise.all(appends)) expect(outcome).toMatchObject({ ok: true });
    await Promise.all(deletes);
    await two.deleteSession({ key, expected: ANY, nowMicros: 1, request: undefined });
    expect(await made.store.getSession(key)).toBeUndefined();
  }, 60_000);

  test("of two deletes the one that a deadlock undid says that it deleted nothing", async () => {
    const key = keyOf("undone");
    await createSession(made.store, createInput(key));
    await made.store.append([appendInput(key, [eventOf({ set: { k: "1" } })])]);
    const [rival, admin] = await Promise.all([
      mysql.createConnection(made.url),
      mysql.createConnection(made.url),
    ]);
    await rival.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    // InnoDB ends the transaction that wrote less.
    await rival.query("CREATE TABLE weight (id INT NOT NULL PRIMARY KEY)");
    await rival.beginTransaction();
    await rival.query("INSERT INTO weight VALUES ?", [Array.from({ length: 400 }, (_, at) => [at])]);
    await rival.query("SELECT 1 FROM adk_session_states WHERE app_name = 'undone' FOR UPDATE");
    const retries: string[] = [];
    const observe = { statement: () => () => {}, retry: (cause: string) => void retries.push(cause) };
    const store = await made.open(undefined, { observe });
    const told = store.deleteSession({ key, expected: ANY, nowMicros: 1, request: undefined });
    const lock = "SELECT 1 FROM adk_sessions WHERE app_name = 'undone' FOR UPDATE";
    // Until the delete has the session, and so waits for the state.
    const taken = () =>
      admin.query(`${lock} NOWAIT`).then(
        () => false,
        () => true,
      );
    await vi.waitUntil(taken, { timeout: 30_000 });
    // The other delete, which is the one that counts.
    await rival.query(lock);
    for (const table of ["adk_events", "adk_session_states", "adk_session_changes", "adk_sessions"]) {
      await rival.query(`DELETE FROM ${table} WHERE app_name = 'undone'`);
    }
    await rival.commit();
    expect(await told).toBe(false);
    expect(retries).toEqual(["contention"]);
    await rival.query("DROP TABLE weight");
    await Promise.all([rival.end(), admin.end()]);
  }, 60_000);

  test("sessions of one app that write different keys do not wait for each other", async () => {
    const retries: string[] = [];
    const observe = { statement: () => () => {}, retry: (cause: string) => void retries.push(cause) };
    const store = await made.open(undefined, { observe });
    const [one, other] = [keyOf("beside", "one"), keyOf("beside", "other")];
    for (const key of [one, other]) await createSession(store, createInput(key));
    const there = { "app:b": "1", "app:f": "1", "user:b": "1", "user:f": "1" };
    await store.append([appendInput(other, [eventOf({ set: there })])]);
    // As another server's append that is under way: a key that was there and one that is new, of both scopes.
    const holder = await mysql.createConnection(made.url);
    await holder.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    await holder.beginTransaction();
    const scopes = [
      ["adk_app_states", "app_name", "'beside'"],
      ["adk_user_states", "app_name, user_id", "'beside', 'u'"],
    ];
    for (const [table, columns, values] of scopes) {
      await holder.query(
        `INSERT INTO ${table} (${columns}, state_key, value, value_hash, is_json) VALUES ` +
          `(${values}, 'b', '2', '', 1), (${values}, 'd', '2', '', 1) ON DUPLICATE KEY UPDATE value = VALUES(value)`,
      );
    }
    const set = Object.fromEntries(
      ["a", "c", "e", "f"].flatMap((name) => ["app:", "user:"].map((scope) => [`${scope}${name}`, "3"])),
    );
    const [outcome] = await store.append([appendInput(one, [eventOf({ set, remove: ["app:gone"] })])]);
    expect(outcome).toMatchObject({ ok: true });
    expect(retries).toEqual([]);
    await holder.commit();
    await holder.end();
    const shared = await made.store.getSharedState("beside", undefined);
    expect(Object.fromEntries(shared)).toEqual({ a: "3", b: "2", c: "3", d: "2", e: "3", f: "3" });
  }, 60_000);

  test("sessions of one app that write the same keys, each in an order of its own, do not deadlock", async () => {
    const deadlocks: string[] = [];
    const observe = {
      statement: (name: string) => {
        const began = performance.now();
        // One that waited for a lock for too long waited for 5 s: on a disk that stands still, that is no deadlock.
        return (failed: boolean) =>
          void (failed && performance.now() - began < 4_000 && deadlocks.push(name));
      },
      retry: () => {},
    };
    const stores = await Promise.all(Array.from({ length: 6 }, () => made.open(undefined, { observe })));
    const names = Array.from({ length: 12 }, (_, at) => `k${at}`);
    const key = (who: number, at: number) => keyOf("same", `s${who}.${at}`, `u${at % 2}`);
    const lanes = stores.map(async (store, who) => {
      const keys = Array.from({ length: 4 }, (_, at) => key(who, at));
      for (const each of keys) await createSession(store, createInput(each));
      for (let round = 0; round < 20; round++) {
        const turned = names.map((_, at) => names[(at * (2 * who + 5) + round) % names.length] ?? "");
        const set = Object.fromEntries(
          turned.flatMap((name) => [
            [`user:${name}`, "1"],
            [`app:${name}`, `${who}`],
          ]),
        );
        const group = who % 2 === 0 ? keys : keys.toReversed();
        const outcomes = await store.append(group.map((each) => appendInput(each, [eventOf({ set })])));
        for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: true });
      }
    });
    await Promise.all(lanes);
    expect(deadlocks).toEqual([]);
  }, 120_000);

  test("the same append sent to two replicas at once is stored once", async () => {
    const [one, two] = await Promise.all([made.open(), made.open()]);
    const key = keyOf("twice");
    await createSession(one, createInput(key));
    for (let turn = 1; turn <= 20; turn++) {
      const input = appendInput(key, [eventOf()]);
      const told = (await Promise.all([one.append([input]), two.append([input])])).flat();
      // One of the two stored it.
      const [stored, repeated] = told.toSorted((a) => (a.ok && a.repeated ? 1 : -1));
      expect(stored).toMatchObject({ ok: true, headSeq: turn, repeated: false });
      expect(repeated).toEqual({ ...stored, repeated: true });
    }
  }, 60_000);
});
