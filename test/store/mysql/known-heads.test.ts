/** Appends to a session that another server changed since this one last saw it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { append as appendGroup } from "../../../src/store/mysql/append.ts";
import { KnownHeads } from "../../../src/store/mysql/known-heads.ts";
import type { SessionKey, Store } from "../../../src/store/store.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deleteInput,
  deltaOf,
  eventOf,
  failsWith,
  keyOf,
  mustGet,
  newId,
  readHistory,
  updateInput,
} from "../build.ts";
import { connectionOptionsFor, poolOfOne, query, type ServerStore, serverStore } from "./harness.ts";
import { sentBy } from "./statements.ts";

describe.each(serverEngines())("%s: known sessions", (kind) => {
  let made: ServerStore;
  let other: Store;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
    other = await made.open();
  }, serverTimeout);

  afterAll(async () => {
    await made?.cleanup();
  });

  const set = { own: "1", "user:mine": "2", "app:ours": "3" };

  async function known(): Promise<{ key: SessionKey; uid: string }> {
    const key = keyOf(newId("app"));
    const { uid } = await createSession(made.store, createInput(key));
    await append(made.store, appendInput(key, [eventOf({ id: "first" })]));
    return { key, uid };
  }

  /** All that a session's key has in the tables, whether or not there is a session. */
  async function rowsOf({ appName }: SessionKey): Promise<Record<string, number>> {
    const tables = ["adk_sessions", "adk_events", "adk_session_states", "adk_user_states", "adk_app_states"];
    const counted = tables.map(async (table) => {
      const sql = `SELECT COUNT(*) AS n FROM ${table} WHERE app_name = '${appName}'`;
      return [table, Number((await query(made.url, sql))[0]?.["n"])] as const;
    });
    return Object.fromEntries(await Promise.all(counted));
  }

  test("an append goes behind another server's", async () => {
    const { key } = await known();
    await append(other, appendInput(key, [eventOf({ id: "theirs", set })]));
    expect(await append(made.store, appendInput(key, [eventOf({ id: "ours" })]))).toMatchObject({
      ok: true,
      headSeq: 3,
      events: [{ id: "ours", seq: 3, revision: 4 }],
    });
    const history = await readHistory(made.store, key);
    expect(history.map(({ id, seq }) => [id, seq])).toEqual([
      ["first", 1],
      ["theirs", 2],
      ["ours", 3],
    ]);
    expect(await mustGet(made.store, key)).toMatchObject({ revision: 4, headSeq: 3, eventCount: 3 });
  });

  test("an append goes behind another server's change without an event", async () => {
    const { key } = await known();
    await other.updateSession(
      updateInput(key, { ownerId: "theirs", state: { kind: "merge", delta: deltaOf(set) } }),
    );
    expect(await append(made.store, appendInput(key, [eventOf({ id: "ours" })]))).toMatchObject({
      ok: true,
      events: [{ seq: 2, revision: 4 }],
    });
    const session = await mustGet(other, key);
    expect(session).toMatchObject({ revision: 4, ownerId: "theirs" });
    expect(session.state?.get("own")).toBe("1");
  });

  test("one that is gone is not found, and nothing of the append stays", async () => {
    const { key } = await known();
    await other.deleteSession(deleteInput(key));
    await failsWith(append(made.store, appendInput(key, [eventOf({ set })])), "SESSION_NOT_FOUND");
    expect(Object.values(await rowsOf(key))).toEqual([0, 0, 0, 0, 0]);
  });

  test("a namesake takes an append to no session in particular, and refuses one to the old", async () => {
    const { key, uid } = await known();
    await other.deleteSession(deleteInput(key));
    const namesake = await createSession(other, createInput(key));
    const expected = { uid, revision: undefined };
    const refused = await failsWith(
      append(made.store, appendInput(key, [eventOf({ set })], { expected })),
      "STALE_SESSION",
    );
    expect(refused.facts).toMatchObject({ actual_uid: namesake.uid });
    expect(await rowsOf(key)).toMatchObject({ adk_events: 0, adk_app_states: 0 });
    expect(await append(made.store, appendInput(key, [eventOf({ id: "ours" })]))).toMatchObject({
      ok: true,
      uid: namesake.uid,
      headSeq: 1,
    });
  });

  test("a namesake that has come to the same revision and event is told apart", async () => {
    const { key } = await known();
    await other.deleteSession(deleteInput(key));
    const namesake = await createSession(other, createInput(key));
    await append(other, appendInput(key, [eventOf({ id: "theirs" })]));
    expect(await append(made.store, appendInput(key, [eventOf({ id: "ours", set })]))).toMatchObject({
      uid: namesake.uid,
      events: [{ seq: 2, revision: 3 }],
    });
    expect(await rowsOf(key)).toMatchObject({ adk_sessions: 1, adk_events: 2, adk_app_states: 1 });
    expect(await mustGet(other, key)).toMatchObject({ revision: 3, headSeq: 2, eventCount: 2 });
  });

  test("a session that came to its revision in another way, after a restore of the database, is told apart", async () => {
    const { key } = await known();
    await append(made.store, appendInput(key, [eventOf({ id: "forgotten" })]));
    // Back to before that event, then a change without one.
    const row = `app_name = '${key.appName}'`;
    await query(made.url, `DELETE FROM adk_events WHERE ${row} AND seq = 2`);
    await query(made.url, `UPDATE adk_sessions SET head_seq = 1, event_count = 1 WHERE ${row}`);
    expect(await append(made.store, appendInput(key, [eventOf()]))).toMatchObject({
      events: [{ seq: 2, revision: 4 }],
    });
  });

  // Each leaves the row where the append would have, or short of it or beyond: no other place may pass for the known.
  test.each([
    ["events", [1, 0]],
    ["events", [2, 0]],
    ["events", [3, 0]],
    ["a change", [0, 1]],
    ["changes", [0, 2]],
    ["events and a change", [1, 1]],
  ] as const)(
    "an append of two goes whole behind %s of another server (%j)",
    async (_, [events, changes]) => {
      const { key } = await known();
      for (let at = 0; at < events; at++) {
        await append(other, appendInput(key, [eventOf({ id: `theirs ${at}` })]));
      }
      for (let at = 0; at < changes; at++)
        await other.updateSession(updateInput(key, { displayName: `${at}` }));
      const two = [eventOf({ id: "one", set }), eventOf({ id: "two", set: { own: "4" } })];
      expect(await append(made.store, appendInput(key, two))).toMatchObject({
        headSeq: events + 3,
        events: [
          { seq: events + 2, revision: events + changes + 3 },
          { seq: events + 3, revision: events + changes + 4 },
        ],
      });
      const history = await readHistory(made.store, key);
      expect(history.map(({ seq }) => seq)).toEqual(Array.from({ length: events + 3 }, (_, at) => at + 1));
      const session = await mustGet(other, key);
      expect(session).toMatchObject({ revision: events + changes + 4, eventCount: events + 3 });
      expect(session.state?.get("own")).toBe("4");
    },
  );

  test("an event of one's own that comes again changes nothing, alone or beside a new one", async () => {
    const { key } = await known();
    const event = eventOf({ id: "ours", set });
    const first = await append(made.store, appendInput(key, [event]));
    await append(made.store, appendInput(key, [eventOf({ set: { own: "9" } })]));
    const again = await append(made.store, appendInput(key, [event]));
    expect(again.events).toEqual(first.events);
    await append(made.store, appendInput(key, [eventOf()]));
    const partly = appendInput(key, [eventOf({ set: { own: "10" } }), event]);
    await failsWith(append(made.store, partly), "BATCH_PARTLY_STORED");
    const session = await mustGet(other, key);
    expect(session).toMatchObject({ revision: 5, headSeq: 4 });
    expect(session.state?.get("own")).toBe("9");
    expect(await readHistory(made.store, key)).toHaveLength(4);
  });

  test.each(["known", "not known"])("a group with one bad append, of a session that is %s", async (which) => {
    const { key, uid } = await known();
    const store = which === "known" ? made.store : other;
    const stale = { expected: { uid, revision: 1 } };
    const outcomes = await store.append([
      appendInput(key, [eventOf({ id: "a" })]),
      appendInput(key, [eventOf({ id: "b", set })], stale),
      appendInput(key, [eventOf({ id: "c" }), eventOf({ id: "d" })]),
    ]);
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect((await readHistory(other, key)).map(({ id }) => id)).toEqual(["first", "a", "c", "d"]);
    expect((await mustGet(other, key)).state?.size).toBe(0);
  });

  test("a group of several sessions is compared whole, each in its own way another by now", async () => {
    const app = newId("app");
    const keys = Array.from({ length: 5 }, (_, at) => keyOf(app, `s${at}`, `u${at % 2}`));
    const group = (store: Store, round: string) =>
      store.append(
        keys.map((key, at) =>
          appendInput(
            key,
            at === 1 ? [eventOf({ set }), eventOf()] : [eventOf({ id: round, set: { own: "0" } })],
          ),
        ),
      );
    for (const key of keys) await createSession(made.store, createInput(key));
    const [first, , third, fourth] = keys as [SessionKey, SessionKey, SessionKey, SessionKey];
    const trips = async (round: string) => {
      const sent = await sentBy(async () => {
        const outcomes = await group(made.store, round);
        expect(outcomes.filter(({ ok }) => !ok)).toEqual([]);
      });
      return sent.filter(({ query }) => /^(START|ROLLBACK)|FOR UPDATE$/.test(query)).length;
    };
    expect(await trips("a")).toBe(1);
    // START, ROLLBACK, START, FOR UPDATE; then a group that is let pass and relearns, and one that is known again.
    await append(other, appendInput(third, [eventOf()]));
    expect(await trips("b")).toBe(4);
    expect(await trips("c")).toBe(2);
    expect(await trips("d")).toBe(1);
    await other.updateSession(updateInput(first, { displayName: "theirs" }));
    expect(await trips("e")).toBe(4);
    expect(await trips("f")).toBe(2);
    await other.deleteSession(deleteInput(fourth));
    const outcomes = await group(made.store, "g");
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true, false, true]);
    const own = await Promise.all(keys.map((key) => other.getSession(key)));
    expect(own.map((session) => session && [session.revision, session.headSeq, session.eventCount])).toEqual([
      [9, 7, 7],
      [15, 14, 14],
      [9, 8, 8],
      undefined,
      [8, 7, 7],
    ]);
    expect(await rowsOf(fourth)).toMatchObject({ adk_sessions: 4, adk_events: 36 });
    for (const key of [first, keys[1] as SessionKey, third]) {
      const seqs = (await readHistory(other, key)).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, at) => at + 1));
    }
  });

  test("a group in which one event is stored already answers it as it was and stores the rest", async () => {
    const app = newId("app");
    const keys = ["a", "b", "c"].map((id) => keyOf(app, id));
    for (const key of keys) await createSession(made.store, createInput(key));
    const group = (ids: string[]) =>
      keys.map((key, at) => appendInput(key, [eventOf({ id: ids[at] as string, set })]));
    const first = await made.store.append(group(["1", "1", "1"]));
    const second = await made.store.append(group(["2", "1", "2"]));
    expect(second[1]).toEqual({ ...first[1], repeated: true });
    const counts = await Promise.all(keys.map(async (key) => (await mustGet(other, key)).eventCount));
    expect(counts).toEqual([2, 1, 2]);
  });

  test("an event that is bound, not escaped, is compared as well", async () => {
    const { key } = await known();
    const large = () => eventOf({ content: JSON.stringify({ text: "x".repeat(2 << 20) }) });
    const sent = await sentBy(() => append(made.store, appendInput(key, [large()])));
    expect(sent.map(({ query }) => query.split(" ", 2).join(" "))).toEqual([
      "START TRANSACTION",
      "INSERT INTO",
      "INSERT INTO",
      "COMMIT",
    ]);
    await other.updateSession(updateInput(key, { displayName: "theirs" }));
    expect(await append(made.store, appendInput(key, [large(), eventOf({ set })]))).toMatchObject({
      events: [
        { seq: 3, revision: 5 },
        { seq: 4, revision: 6 },
      ],
    });
    expect(await mustGet(other, key)).toMatchObject({ revision: 6, displayName: "theirs", eventCount: 4 });
  });

  test("a row that is another is told apart where a proxy lost the session's SQL mode, too", async () => {
    const opened = connectionOptionsFor(kind);
    const pool = poolOfOne(made.url, { ...opened, setup: [...opened.setup, "SET SESSION sql_mode = ''"] });
    const heads = new KnownHeads();
    const options = { ...made.store.capabilities, maxJsonDepth: 30, maxPacketBytes: 1 << 20 };
    const keys = ["a", "b", "c"].map((id) => keyOf(newId("app"), id));
    const [first, second, third] = keys as [SessionKey, SessionKey, SessionKey];
    for (const key of keys) await createSession(other, createInput(key));
    const appendAll = (of: readonly SessionKey[]) =>
      appendGroup(
        pool,
        heads,
        of.map((key) => appendInput(key, [eventOf({ set }), eventOf()])),
        options,
        undefined,
      );
    const seqs = (outcomes: Awaited<ReturnType<typeof appendAll>>) =>
      outcomes.map((outcome) => (outcome.ok ? outcome.events.map(({ seq }) => seq) : outcome.error.reason));
    await appendAll(keys);
    await other.updateSession(updateInput(second, { displayName: "theirs" }));
    expect(seqs(await appendAll([first, second]))).toEqual([
      [3, 4],
      [3, 4],
    ]);
    expect(await mustGet(other, second)).toMatchObject({ revision: 6, headSeq: 4, eventCount: 4 });
    for (const of of [[third], keys]) {
      for (const key of of) heads.see({ ...(await mustGet(other, key)), ownerId: "" });
      await other.deleteSession(deleteInput(third));
      expect(seqs(await appendAll(of)).at(-1)).toBe("SESSION_NOT_FOUND");
      expect(await rowsOf(third)).toMatchObject({ adk_sessions: 0, adk_events: 0 });
      await createSession(other, createInput(third));
    }
    await pool.close();
  });

  test("writers on two servers leave one history without a gap", async () => {
    const { key } = await known();
    const writers = [made.store, other, made.store, other].map(async (store, writer) => {
      for (let at = 0; at < 15; at++) {
        const event = eventOf({ id: `${writer}.${at}`, set: { [`${writer}.${at}`]: "1", shared: `${at}` } });
        const appended = await append(store, appendInput(key, at % 3 === 0 ? [event, eventOf()] : [event]));
        expect(appended.events[0]?.id).toBe(`${writer}.${at}`);
      }
    });
    const patches = Array.from({ length: 5 }, () =>
      other.updateSession(updateInput(key, { displayName: "x" })),
    );
    await Promise.all([...writers, ...patches]);
    const events = 1 + 4 * 20;
    const history = await readHistory(made.store, key);
    expect(history.map(({ seq }) => seq)).toEqual(Array.from({ length: events }, (_, at) => at + 1));
    const session = await mustGet(other, key);
    expect(session).toMatchObject({ headSeq: events, eventCount: events, revision: 1 + events + 5 });
    expect(session.state?.size).toBe(4 * 15 + 1);
  });

  test("an expected revision is that of the database, not of the memory", async () => {
    const { key, uid } = await known();
    await append(other, appendInput(key, [eventOf({ id: "theirs" })]));
    const at = (revision: number) =>
      append(made.store, appendInput(key, [eventOf()], { expected: { uid, revision } }));
    await failsWith(at(2), "STALE_SESSION");
    expect(await at(3)).toMatchObject({ ok: true, headSeq: 3 });
  });

  test("an event that another server stored is answered as it was, and other bytes are refused", async () => {
    const { key } = await known();
    const event = eventOf({ id: "theirs", set });
    const theirs = await append(other, appendInput(key, [event]));
    expect(await append(made.store, appendInput(key, [event]))).toEqual({ ...theirs, repeated: true });
    expect(await append(made.store, appendInput(key, [event]))).toEqual({ ...theirs, repeated: true });
    const conflicting = appendInput(key, [eventOf({ id: "theirs", content: '{"other":1}' })]);
    await failsWith(append(made.store, conflicting), "EVENT_ID_CONFLICT");
    expect(await readHistory(made.store, key)).toHaveLength(2);
  });
});

test("what is newer is kept, and not too much", () => {
  const heads = new KnownHeads();
  const head = (sessionId: string, revision: number, uid = "uid") => ({
    ...{ key: keyOf("app", sessionId), uid, revision, headSeq: revision - 1, eventCount: 0, eventBytes: 0 },
    ...{ createMicros: 0, updateMicros: 0, lastEventTime: 0, ownerId: "" },
  });
  const of = (sessionId: string) => {
    const known = heads.ofAll([appendInput(keyOf("app", sessionId), [eventOf()])]);
    return known && [...known.heads.values()][0];
  };
  heads.see(head("s", 3));
  heads.see(head("s", 2));
  expect(of("s")).toMatchObject({ revision: 3 });
  heads.see(head("s", 1, "namesake"));
  expect(of("s")).toMatchObject({ revision: 1 });
  for (let at = 0; at < 10_000; at++) heads.see(head(`other ${at}`, 1));
  expect(of("s")).toBeUndefined();
  expect(of("other 9999")).toBeDefined();
});

test("groups of several sessions are let pass where they are wrong again and again", () => {
  const heads = new KnownHeads();
  const inputs = ["a", "b"].map((id) => appendInput(keyOf("app", id), [eventOf()]));
  const seen = (sessionId: string) => ({
    ...{ key: keyOf("app", sessionId), uid: "uid", revision: 1, headSeq: 0, eventCount: 0, eventBytes: 0 },
    ...{ createMicros: 0, updateMicros: 0, lastEventTime: 0, ownerId: "" },
  });
  /** How many groups are let pass before one is known, which is a hit or a miss. */
  const passes = (right: boolean) => {
    for (let passed = 0; passed < 1_000; passed++) {
      for (const id of ["a", "b"]) heads.see(seen(id));
      expect(heads.ofAll(inputs.slice(0, 1))).toBeDefined();
      const known = heads.ofAll(inputs);
      if (known === undefined) continue;
      if (right) heads.hit(known);
      else heads.miss(known);
      return passed;
    }
    throw new Error("never known");
  };
  expect(Array.from({ length: 9 }, () => passes(false))).toEqual([0, 1, 3, 7, 15, 31, 63, 63, 63]);
  expect([passes(true), passes(true), passes(false), passes(true)]).toEqual([63, 0, 0, 1]);
});

test("a group of more sessions than a statement has rows is not compared, which says nothing of the next", () => {
  const heads = new KnownHeads();
  const keys = Array.from({ length: 501 }, (_, at) => keyOf("app", `${at}`));
  for (const key of keys) {
    heads.see({
      ...{ key, uid: "uid", revision: 1, headSeq: 0, eventCount: 0, eventBytes: 0 },
      ...{ createMicros: 0, updateMicros: 0, lastEventTime: 0, ownerId: "" },
    });
  }
  const inputs = keys.map((key) => appendInput(key, [eventOf()]));
  expect(heads.ofAll(inputs)).toBeUndefined();
  expect(heads.ofAll(inputs.slice(1))?.heads.size).toBe(500);
});
