/**
 * How the servers run what the store sends, at 100,000 sessions: by the index in whose order
 * it asks, without a scan of a table and without sorting.
 */
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mysqlEngine } from "../../../src/store/mysql/index.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import {
  appendInput,
  createInput,
  createSession,
  deleteInput,
  deltaOf,
  eventOf,
  keyOf,
  listInput,
  mark,
  mustGet,
  NOW,
  newId,
  updateInput,
} from "../build.ts";
import { fillSessions } from "./fill.ts";
import { options, type ServerStore, serverStore } from "./harness.ts";
import { type Sent, sentBy } from "./statements.ts";

const SESSIONS = 100_000;

interface Step {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly Extra: string | null;
}

const BY_KEY: Step = { table: "", type: "const", key: "PRIMARY", Extra: null };

async function drain(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of chunks);
}

describe.each(serverEngines())("%s: plans", (kind) => {
  let made: ServerStore;
  let connection: mysql.Connection;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
    await fillSessions(made.url, SESSIONS);
    connection = await mysql.createConnection(made.url);
    const mysqlOnly = kind === "mysql";
    await connection.query(
      `SET NAMES utf8mb4 COLLATE ${mysqlOnly ? "utf8mb4_0900_bin" : "utf8mb4_nopad_bin"}`,
    );
    if (mysqlOnly) {
      await connection.query("SET explain_format = 'TRADITIONAL'").catch(() => {
        // Servers before 8.3 have this format and no setting for it.
      });
    }
  }, serverTimeout);

  afterAll(async () => {
    await connection?.end();
    await made?.cleanup();
  });

  /** The plan's steps over tables, those over what the query itself made left out. */
  async function stepsOf({ query, values }: Sent): Promise<Step[]> {
    const [rows] =
      values.length === 0
        ? await connection.query(`EXPLAIN ${query}`)
        : await connection.execute(`EXPLAIN ${query}`, [...values]);
    // A row that is not there, looked for by its whole key.
    if (
      (rows as Step[]).some(({ Extra }) =>
        /no matching row in const table|after reading const tables/i.test(Extra ?? ""),
      )
    )
      return [BY_KEY];
    return (rows as Step[]).filter(({ table }) => table !== null && !table.startsWith("<"));
  }

  function expectByIndex(steps: readonly Step[], query: string): void {
    expect(steps.length, query).toBeGreaterThan(0);
    for (const { type, key, Extra } of steps) {
      expect(Extra ?? "", query).not.toMatch(/filesort|temporary/i);
      expect(type, query).not.toMatch(/^(ALL|index)$/);
      expect(key, query).not.toBeNull();
    }
  }

  const orders = (["updateMicros", "createMicros"] as const).flatMap((orderBy) =>
    [true, false].flatMap((descending) =>
      [undefined, "u2"].map((userId) => ({ orderBy, descending, userId })),
    ),
  );

  test.each(orders)("sessions by $orderBy, descending $descending, of user $userId", async (order) => {
    const { store } = made;
    const { updateMicros } = await mustGet(store, keyOf("app0", "s5", "u2"));
    const scope = { appName: "app0", userId: order.userId };
    const first = listInput("app0", { ...order, scope, limit: 10 });
    const next = { ...first, after: { micros: updateMicros, userId: "u2", sessionId: "s5" } };
    // As live lists read: everything of a time and later.
    const since = { ...first, after: { micros: updateMicros, userId: "", sessionId: "" }, limit: 500 };
    const filtered = {
      ...first,
      labels: new Map([["a", "b"]]),
      stateEquals: new Map([["a", new Uint8Array(16)]]),
      includeState: true,
    };
    const sent = await sentBy(async () => {
      for (const input of [first, next, since, filtered]) await store.listSessions(input);
    });
    // That of the state asks from time to time which keys have indexes.
    const lists = sent.filter(({ query }) => !query.includes("information_schema"));
    expect(lists).toHaveLength(4);
    for (const one of lists) expectByIndex(await stepsOf(one), one.query);
  });

  test("apps and users by steps through the index", async () => {
    const sent = await sentBy(async () => {
      await made.store.listApps("a", 10);
      await made.store.listUsers("app0", "u", 10);
    });
    expect(sent).toHaveLength(2);
    for (const one of sent) {
      const steps = await stepsOf(one);
      expectByIndex(steps, one.query);
      expect(steps[0]?.Extra).toMatch(/index for group-by/i);
    }
  });

  test("histories, deltas and walks by ranges of the primary key", async () => {
    const { store } = made;
    const session = await mustGet(store, keyOf("app0", "s5", "u2"));
    const { key, uid } = session;
    const range = { key, uid, afterSeq: 0, throughSeq: 2, afterTime: 1, maxRows: 10, maxBytes: 1_000_000 };
    const after = { userId: "u2", sessionId: "s5", seq: 1 };
    const sent = await sentBy(async () => {
      await drain(store.readEvents({ ...range, descending: false }));
      await drain(store.readEvents({ ...range, descending: true }));
      await drain(store.readStateDeltas({ ...range, afterSeq: 0 }));
      await store.seqBeforeNewest({ ...range, count: 1 });
      await store.listChanges(key, 5);
      await store.getSession(key);
      for (const newest of [undefined, 1]) {
        await store.openHistory({ key, afterSeq: 0, newest, maxRows: 64, maxEventBytes: 1_000 });
      }
      for (const userId of [undefined, "u2"]) {
        for (const from of [undefined, after]) {
          const scope = { appName: "app0", userId };
          await store.listScopeEvents({ scope, after: from, afterTime: 1, maxRows: 90, maxBytes: 1_000_000 });
        }
      }
    });
    expect(sent.length).toBeGreaterThan(12);
    for (const one of sent) expectByIndex(await stepsOf(one), one.query);
  });

  test("a short history is one statement, and a page of a long one is weighed by one before", async () => {
    const { store } = made;
    const session = await mustGet(store, keyOf("app0", "s5", "u2"));
    const { key, uid, headSeq: throughSeq, eventBytes: sessionBytes } = session;
    const range = { key, uid, afterSeq: 0, throughSeq, descending: false, afterTime: undefined };
    const ways = [
      [1, { maxRows: 2_000, maxBytes: sessionBytes, sessionBytes }],
      [2, { maxRows: 20, maxBytes: sessionBytes - 1, sessionBytes }],
      [2, { maxRows: 20, maxBytes: sessionBytes - 1, sessionBytes, descending: true }],
    ] as const;
    for (const [statements, bounds] of ways) {
      const sent = await sentBy(() => drain(store.readEvents({ ...range, ...bounds })));
      expect(sent).toHaveLength(statements);
      for (const one of sent) expectByIndex(await stepsOf(one), one.query);
    }
  });

  /** Everything that a store does, by the name of its method, so that none is left out. */
  function everything(): Record<string, () => Promise<unknown>> {
    const { store } = made;
    const key = keyOf("app1", "s7", "u3");
    const other = keyOf("app2", "s8", "u4");
    const fresh = keyOf("app3", newId("new"), "u5");
    const delta = deltaOf({ a: "2", "user:b": "3", "app:c": "4" }, ["gone", "user:gone", "app:gone"]);
    const range = { key, uid: "", afterSeq: 0, throughSeq: 2, maxRows: 10, maxBytes: 1_000_000 };
    const withUid = async () => ({ ...range, uid: (await mustGet(store, key)).uid });
    const event = () =>
      eventOf({ set: { a: "5", "user:b": "6", "app:c": "7" }, remove: ["gone", "app:gone"] });
    return {
      ping: () => store.ping(),
      createSessions: () =>
        createSession(
          store,
          createInput(fresh, { delta, labels: new Map([["a", "b"]]), request: mark(newId("r")) }),
        ),
      getSession: () => store.getSession(key),
      openHistory: () =>
        store.openHistory({ key, afterSeq: 0, newest: 1, maxRows: 64, maxEventBytes: 1_000 }),
      getSessionRow: () => store.getSessionRow(key),
      updateSession: () =>
        store.updateSession(
          updateInput(key, {
            displayName: "name",
            labels: new Map([["c", "d"]]),
            state: { kind: "merge", delta },
            request: mark(newId("r")),
          }),
        ),
      append: () =>
        store.append([
          appendInput(key, [event(), event()]),
          appendInput(other, [event()]),
          appendInput(keyOf("app4", newId("new"), "u6"), [event()], { createUid: newId("uid") }),
        ]),
      listSessions: () => store.listSessions(listInput("app1", { limit: 10, includeState: true })),
      listTombstones: async () => {
        for (const userId of [undefined, "u3"]) {
          for (const after of [
            { micros: NOW + 50_000_000, uid: "" },
            { micros: NOW + 50_000_000, uid: "uid5" },
          ]) {
            await store.listTombstones({ scope: { appName: "app1", userId }, after, limit: 10 });
          }
        }
      },
      listApps: () => store.listApps("a", 10),
      listUsers: () => store.listUsers("app1", "u", 10),
      readEvents: async () => {
        for (const descending of [true, false]) {
          await drain(store.readEvents({ ...(await withUid()), descending, afterTime: 1 }));
        }
      },
      seqBeforeNewest: async () => store.seqBeforeNewest({ ...(await withUid()), afterTime: 1, count: 1 }),
      listScopeEvents: () =>
        store.listScopeEvents({
          scope: { appName: "app1", userId: undefined },
          after: undefined,
          afterTime: 1,
          maxRows: 90,
          maxBytes: 1_000_000,
        }),
      listChanges: () => store.listChanges(key, 5),
      readChanges: () =>
        store.readChanges({ key, afterRevision: 0, throughRevision: 9, maxRows: 10, maxBytes: 1_000_000 }),
      sessionHeads: () =>
        store.sessionHeads(Array.from({ length: 1_000 }, (_, at) => keyOf(`app${at % 10}`, `s${at}`, "u2"))),
      readStateDeltas: async () => drain(store.readStateDeltas({ ...(await withUid()), afterSeq: 0 })),
      getSharedState: async () => {
        for (const user of [undefined, "u3"]) await store.getSharedState("app1", user);
      },
      updateSharedState: () =>
        store.updateSharedState({
          appName: "app1",
          userId: "u3",
          delta: delta.user,
          nowMicros: NOW,
          request: mark(newId("r")),
        }),
      "updateSession, replacing": () =>
        store.updateSession(updateInput(key, { state: { kind: "replace", state: new Map([["d", "1"]]) } })),
      deleteSession: () => store.deleteSession(deleteInput(other, { request: mark(newId("r")) })),
      sweepRequests: () => store.sweepRequests(NOW + 10_000),
      sweepTombstones: () => store.sweepTombstones(NOW + 10_000),
    };
  }

  test("every statement of every method", async () => {
    const work = everything();
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(made.store));
    const notWork = ["constructor", "close", "poolStats"];
    expect(
      Object.keys(work)
        .filter((name) => !name.includes(","))
        .sort(),
    ).toEqual(methods.filter((name) => !notWork.includes(name)).sort());
    let explained = 0;
    for (const [name, run] of Object.entries(work)) {
      const sent = await sentBy(run);
      const asked = sent.filter(({ query }) => /^\s*(SELECT|WITH|UPDATE|DELETE)\b/.test(query));
      expect(sent.length, name).toBeGreaterThan(0);
      for (const one of asked) {
        // A handful of rows, asked for one of them.
        if (one.query.includes("FROM adk_schema_versions")) continue;
        expectByIndex(await stepsOf(one), `${name}: ${one.query}`);
        explained++;
      }
      const others = sent.filter((one) => !asked.includes(one)).map(({ query }) => query);
      expect(
        others.filter(
          (query) => !/^(INSERT INTO \w+ \(|SET |START TRANSACTION|BEGIN|COMMIT|ROLLBACK)/.test(query),
        ),
        name,
      ).toEqual([]);
    }
    expect(explained).toBeGreaterThan(40);
  });

  test("an estimate of stats steps from app to app", async () => {
    const estimate = { ...options, appName: undefined, largest: 10, estimate: true };
    const sent = await sentBy(() => mysqlEngine.stats(made.url, estimate));
    const asked = sent.filter(({ query }) => /FROM `?adk_sessions\b/.test(query));
    expect(asked).toHaveLength(2);
    for (const one of asked) {
      const steps = await stepsOf(one);
      expectByIndex(steps, one.query);
      expect(steps[0]?.Extra).toMatch(/index for group-by/i);
    }
  });

  test.each([
    "SELECT id FROM adk_sessions WHERE display_name = 'x'",
    "SELECT id FROM adk_sessions WHERE app_name = 'app1' ORDER BY event_bytes LIMIT 1",
    "SELECT event_count, COUNT(*) FROM adk_sessions WHERE app_name = 'app1' GROUP BY event_count",
  ])("scans and sorts are noticed: %s", async (query) => {
    const steps = await stepsOf({ query, values: [] });
    expect(() => expectByIndex(steps, query)).toThrow();
  });
});
