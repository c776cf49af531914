/** How the servers run the store's queries: by the index in whose order they ask, without sorting. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import { appendInput, eventOf, keyOf, listInput, mustGet, newId } from "../build.ts";
import { type ServerStore, serverStore } from "./harness.ts";

interface Sent {
  readonly query: string;
  readonly values: readonly (string | number | null)[];
}

interface Step {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly Extra: string | null;
}

/** The prepared statements that `work` makes the driver send in this process. */
async function sentBy(work: () => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const listen = (message: unknown) => {
    sent.push(message as Sent);
  };
  subscribe("tracing:mysql2:execute:start", listen);
  try {
    await work();
  } finally {
    unsubscribe("tracing:mysql2:execute:start", listen);
  }
  return sent;
}

async function drain(chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of chunks);
}

describe.each(serverEngines())("%s: plans", (kind) => {
  let made: ServerStore;
  let connection: mysql.Connection;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
    for (let user = 0; user < 20; user++) {
      const keys = Array.from({ length: 40 }, (_, at) => keyOf(`app${user % 2}`, `s${at}`, `u${user}`));
      const group = keys.map((key) =>
        appendInput(key, [eventOf({ set: { a: "1" } }), eventOf()], { createUid: newId("uid") }),
      );
      await made.store.append(group);
    }
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
    await connection.query("ANALYZE TABLE adk_sessions, adk_events, adk_session_states, adk_session_labels");
  }, serverTimeout);

  afterAll(async () => {
    await connection?.end();
    await made?.cleanup();
  });

  /** The plan's steps over tables, those over what the query itself made left out. */
  async function stepsOf({ query, values }: Sent): Promise<Step[]> {
    const [rows] = await connection.execute(`EXPLAIN ${query}`, [...values]);
    const steps = (rows as Step[]).filter(({ table }) => table !== null && !table.startsWith("<"));
    expect(steps.length).toBeGreaterThan(0);
    return steps;
  }

  function expectByIndex(steps: readonly Step[], query: string): void {
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
    const filtered = {
      ...first,
      labels: new Map([["a", "b"]]),
      stateEquals: new Map([["a", new Uint8Array(16)]]),
      includeState: true,
    };
    const sent = await sentBy(async () => {
      for (const input of [first, next, filtered]) await store.listSessions(input);
    });
    expect(sent).toHaveLength(3);
    for (const one of sent) expectByIndex(await stepsOf(one), one.query);
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
});
