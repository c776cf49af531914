import { expect } from "vitest";
import { canonicalHash } from "../../../src/json/canonical.ts";
import type {
  ListSessionsInput,
  SessionOrderField,
  SessionPosition,
  SessionRecord,
  Store,
} from "../../../src/store/store.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deleteInput,
  deltaOf,
  eventOf,
  keyOf,
  listInput,
  mustGet,
  NOW,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

/** Pages to the end as a caller does; `between` runs after every page. */
async function walk(
  store: Store,
  input: ListSessionsInput,
  between: (page: number) => Promise<void> = async () => {},
): Promise<SessionRecord[]> {
  const all: SessionRecord[] = [];
  let after: SessionPosition | undefined;
  for (let page = 0; ; page++) {
    const sessions = await store.listSessions({ ...input, after });
    all.push(...sessions);
    const last = sessions.at(-1);
    if (last === undefined) return all;
    after = { micros: last[input.orderBy], userId: last.key.userId, sessionId: last.key.sessionId };
    await between(page);
  }
}

/** The order that a list promises, by code point. */
function inOrder(sessions: readonly SessionRecord[], field: SessionOrderField): string[] {
  const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  return [...sessions]
    .sort(
      (a, b) =>
        a[field] - b[field] ||
        compare(a.key.userId, b.key.userId) ||
        compare(a.key.sessionId, b.key.sessionId),
    )
    .map((session) => session.uid);
}

async function someSessions(store: Store, app: string): Promise<SessionRecord[]> {
  const made: SessionRecord[] = [];
  for (const userId of ["u", "U", "v\u00e9", "v", "\u{1f600}", "\uff5e"]) {
    for (let at = 0; at < 5; at++) {
      // Many of the same time.
      const nowMicros = NOW + (at % 2);
      const input = createInput(keyOf(app, `s${at}`, userId), {
        nowMicros,
        delta: deltaOf({ at: String(at) }),
      });
      made.push(await createSession(store, input));
    }
  }
  return made;
}

const uids = (sessions: readonly SessionRecord[]): string[] => sessions.map((session) => session.uid);

export const lists = {
  "all four orders, in pages of every size": async ({ store, app }) => {
    await someSessions(store, app);
    for (const at of [1, 3]) {
      await store.updateSession(updateInput(keyOf(app, `s${at}`, "v"), { nowMicros: NOW + 10 - at }));
    }
    const all = await store.listSessions(listInput(app));
    expect(all).toHaveLength(30);
    for (const orderBy of ["updateMicros", "createMicros"] as const) {
      const ascending = inOrder(all, orderBy);
      for (const limit of [1, 7, 30, 100]) {
        expect(uids(await walk(store, listInput(app, { orderBy, limit })))).toEqual(ascending);
        expect(uids(await walk(store, listInput(app, { orderBy, limit, descending: true })))).toEqual(
          ascending.toReversed(),
        );
      }
    }
  },

  "the sessions of one user": async ({ store, app }) => {
    const made = await someSessions(store, app);
    for (const userId of ["u", "U", "v", "nobody"]) {
      const mine = made.filter((session) => session.key.userId === userId);
      for (const descending of [false, true]) {
        for (const orderBy of ["updateMicros", "createMicros"] as const) {
          const expected = inOrder(mine, orderBy);
          const input = listInput(app, { scope: { appName: app, userId }, limit: 2, descending, orderBy });
          expect(uids(await walk(store, input))).toEqual(descending ? expected.toReversed() : expected);
        }
      }
    }
  },

  "rows are light unless state is asked for": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(
      store,
      createInput(key, {
        labels: new Map([["l", "1"]]),
        delta: deltaOf({ a: "1", "user:b": "2", "app:c": "3" }),
      }),
    );
    await createSession(store, createInput(keyOf(app, "s", "v")));
    const whole = await mustGet(store, key);
    expect(await store.listSessions(listInput(app, { limit: 1 }))).toEqual([{ ...whole, state: undefined }]);
    const full = await store.listSessions(listInput(app, { includeState: true }));
    expect(full).toEqual([whole, await mustGet(store, keyOf(app, "s", "v"))]);
  },

  "filters by owner and labels": async ({ store, app }) => {
    const make = (sessionId: string, ownerId: string, labels: Record<string, string>) =>
      createSession(
        store,
        createInput(keyOf(app, sessionId), { ownerId, labels: new Map(Object.entries(labels)) }),
      );
    await make("a", "one", { x: "1", y: "1" });
    await make("b", "One", { x: "1" });
    await make("c", "one", { x: "1 ", y: "1" });
    await make("d", "", { X: "1" });
    const ids = async (more: Partial<ListSessionsInput>) =>
      (await store.listSessions(listInput(app, more))).map((session) => session.key.sessionId);
    expect(await ids({ ownerId: "one" })).toEqual(["a", "c"]);
    expect(await ids({ ownerId: "" })).toEqual(["d"]);
    expect(await ids({ ownerId: "one " })).toEqual([]);
    expect(await ids({ labels: new Map([["x", "1"]]) })).toEqual(["a", "b"]);
    expect(
      await ids({
        labels: new Map([
          ["x", "1"],
          ["y", "1"],
        ]),
      }),
    ).toEqual(["a"]);
    expect(await ids({ labels: new Map([["x", "1"]]), ownerId: "One" })).toEqual(["b"]);
    expect(await ids({ labels: new Map([["x", "1"]]), limit: 1 })).toEqual(["a"]);
  },

  "filters by state as JSON values, in the session's own scope": async ({ store, app }) => {
    const values: Record<string, string> = {
      one: "1",
      oneDot: "1.0",
      oneText: '"1"',
      object: '{"a":1,"b":[true,null]}',
      objectTurned: '{ "b":[true,null], "a":1e0 }',
      objectOther: '{"a":1,"b":[null,true]}',
      null: "null",
      big: "9223372036854775808",
      biggerByOne: "9223372036854775809",
      escaped: '"\\u00e9"',
      plain: '"\u00e9"',
    };
    for (const [sessionId, value] of Object.entries(values)) {
      await createSession(store, createInput(keyOf(app, sessionId), { delta: deltaOf({ k: value }) }));
    }
    await createSession(
      store,
      createInput(keyOf(app, "shared"), { delta: deltaOf({ "user:k": "1", other: "1" }) }),
    );
    const ids = async (value: string, stateKey = "k") => {
      const stateEquals = new Map([[stateKey, canonicalHash(value)]]);
      return (await store.listSessions(listInput(app, { stateEquals })))
        .map((session) => session.key.sessionId)
        .sort();
    };
    expect(await ids("1.00")).toEqual(["one", "oneDot"]);
    expect(await ids('"1"')).toEqual(["oneText"]);
    expect(await ids('{"b":[true,null],"a":1}')).toEqual(["object", "objectTurned"]);
    expect(await ids("null")).toEqual(["null"]);
    expect(await ids("9223372036854775808")).toEqual(["big"]);
    expect(await ids('"\u00e9"')).toEqual(["escaped", "plain"]);
    expect(await ids("2")).toEqual([]);
    expect(await ids("1", "K")).toEqual([]);
    expect(await ids("1", "user:k")).toEqual([]);
    expect(await ids("1", "other")).toEqual(["shared"]);
  },

  "a changed value is found by its new value only": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key, { delta: deltaOf({ k: "1", j: "1" }) }));
    await append(store, appendInput(key, [eventOf({ set: { k: "2" }, remove: ["j"] })]));
    const found = async (stateKey: string, value: string) =>
      (await store.listSessions(listInput(app, { stateEquals: new Map([[stateKey, canonicalHash(value)]]) })))
        .length;
    expect([await found("k", "1"), await found("k", "2"), await found("j", "1")]).toEqual([0, 1, 0]);
    const both = new Map([
      ["k", canonicalHash("2")],
      ["j", canonicalHash("1")],
    ]);
    expect(await store.listSessions(listInput(app, { stateEquals: both }))).toEqual([]);
  },

  "a session that does not change is listed exactly once while others do": async ({ store, app }) => {
    const made = await someSessions(store, app);
    const moving = new Set(made.filter((_, at) => at % 3 === 0).map((session) => session.uid));
    for (const descending of [false, true]) {
      for (const orderBy of ["updateMicros", "createMicros"] as const) {
        const still = new Set(made.map((session) => session.uid).filter((uid) => !moving.has(uid)));
        let clock = NOW + 1_000;
        const seen = await walk(store, listInput(app, { orderBy, descending, limit: 4 }), async (page) => {
          if (page > 20) return;
          for (const session of made.filter(({ uid }) => moving.has(uid)).slice(page % 5, (page % 5) + 3)) {
            await store.updateSession(updateInput(session.key, { nowMicros: clock++ }));
          }
          const key = keyOf(app, `new-${page}-${descending}-${orderBy}`);
          await createSession(store, createInput(key, { nowMicros: clock++ }));
          if (page % 2 === 0) await store.deleteSession(deleteInput(key));
        });
        const times = new Map<string, number>();
        for (const { uid } of seen) times.set(uid, (times.get(uid) ?? 0) + 1);
        for (const uid of still) expect(times.get(uid)).toBe(1);
      }
    }
  },

  "apps and users by code point, in pages": async ({ store, app }) => {
    const names = ["a", "A", "a ", "b", "\u00e9", "\uff5e", "\u{1f600}"].map((name) => `${app}/${name}`);
    const users = ["u1", "U1", "u10", "u2", "\uffff", "\u{10000}"];
    for (const name of names) {
      for (const user of users) await createSession(store, createInput(keyOf(name, "s", user)));
      await createSession(store, createInput(keyOf(name, "s2", "u1")));
    }
    const sorted = (texts: string[]) =>
      texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const pages = async (page: (after: string | undefined) => Promise<string[]>) => {
      const all: string[] = [];
      for (let found = await page(undefined); found.length > 0; found = await page(all.at(-1)))
        all.push(...found);
      return all;
    };
    const apps = await pages((after) => store.listApps(after, 3));
    expect(apps.filter((name) => name.startsWith(`${app}/`))).toEqual(sorted(names));
    expect(apps).toEqual(sorted(apps));
    expect(new Set(apps).size).toBe(apps.length);
    expect(await pages((after) => store.listUsers(names[0] ?? "", after, 4))).toEqual(sorted(users));
    expect(await store.listUsers(`${app}/nobody`, undefined, 10)).toEqual([]);
    expect(await store.listApps(`${app}/b`, 1)).toEqual([`${app}/\u00e9`]);
  },
} satisfies Cases;
