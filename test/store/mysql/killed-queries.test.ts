/**
 * A query that is killed fails, and never answers with less. Servers give the value NULL to a subquery that is killed
 * while they prepare the query around it, which may then find nothing and end well.
 */
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StoreError } from "../../../src/store/errors.ts";
import type { EventDelta, SessionRecord, Store } from "../../../src/store/store.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  eventOf,
  keyOf,
  listInput,
  mustGet,
  newId,
  rangeOf,
  readRange,
  updateInput,
} from "../build.ts";
import { type ServerStore, serverStore } from "./harness.ts";

/** So often each read must have been killed, and must have come to its end. */
const KILLED = 40;
const ENDED = 10;

describe.each(serverEngines())("%s: killed queries", (kind) => {
  let made: ServerStore;
  let store: Store;
  let session: SessionRecord;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
    store = await made.open(made.url, { readConnections: 1 });
    const key = keyOf(newId("app"));
    const labels = new Map([["env", "prod"]]);
    await createSession(made.store, createInput(key, { labels }));
    const events = Array.from({ length: 8 }, (_, at) => eventOf({ id: `e${at}`, set: { [`k${at}`]: "1" } }));
    await append(made.store, appendInput(key, events));
    await made.store.updateSession(updateInput(key, { displayName: "Changed" }));
    session = await mustGet(made.store, key);
  }, serverTimeout);

  afterAll(async () => {
    await made?.cleanup();
  });

  const seqs = async (more: Parameters<typeof rangeOf>[1]) => {
    const events = await readRange(store, rangeOf(session, more));
    return events.map(({ seq }) => seq);
  };
  const of = () => ({ key: session.key, uid: session.uid, afterSeq: 0, throughSeq: session.headSeq });
  const inScope = () => ({ appName: session.key.appName, userId: session.key.userId });

  test.each<[string, () => Promise<unknown>]>([
    ["events", () => seqs({ afterSeq: 1 })],
    ["the newest events", () => seqs({ descending: true, maxRows: 2 })],
    ["events since a time", () => seqs({ afterTime: -1e12 })],
    ["events that are weighed", () => seqs({ sessionBytes: 1e9, maxBytes: 1e8 })],
    ["a session", () => store.getSession(session.key)],
    [
      "a session with its first events",
      async () => {
        const opening = { ...of(), newest: undefined, maxRows: 64, maxEventBytes: 1e6 };
        return (await store.openHistory(opening))?.events.map(({ seq }) => seq);
      },
    ],
    ["where a session is", () => store.sessionHeads([session.key])],
    [
      "sessions with a label",
      () =>
        store.listSessions(
          listInput(session.key.appName, { labels: new Map([["env", "prod"]]), includeState: true }),
        ),
    ],
    [
      "events of several sessions",
      async () => {
        const bounds = { after: undefined, afterTime: undefined, maxRows: 5, maxBytes: 1e8 };
        return (await store.listScopeEvents({ scope: inScope(), ...bounds })).map(({ seq }) => seq);
      },
    ],
    [
      "changes of state",
      async () => {
        const read: EventDelta[] = [];
        for await (const deltas of store.readStateDeltas({ ...of(), maxRows: 100 })) read.push(...deltas);
        return read;
      },
    ],
    ["changes without an event", () => store.listChanges(session.key, session.headSeq)],
    ["shared state", () => store.getSharedState(session.key.appName, session.key.userId)],
  ])("%s come whole or not at all", async (_name, read) => {
    const whole = await read();
    let [killed, ended] = [0, 0];
    const killing = await Killer.start(made.url);
    try {
      while (killed < KILLED || ended < ENDED) {
        try {
          expect(await read()).toEqual(whole);
          ended++;
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          expect(error.reason).toBe("STORE_UNAVAILABLE");
          killed++;
        }
      }
    } finally {
      await killing.stop();
    }
  });
});

/** Kills what runs on a database, again and again. */
class Killer {
  readonly #connection: mysql.Connection;
  readonly #killing: Promise<void>;
  #stopped = false;

  private constructor(connection: mysql.Connection) {
    this.#connection = connection;
    this.#killing = this.#kill();
  }

  static async start(url: string): Promise<Killer> {
    return new Killer(await mysql.createConnection({ uri: url }));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#killing;
    await this.#connection.end();
  }

  async #kill(): Promise<void> {
    const others =
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()";
    while (!this.#stopped) {
      const [found] = await this.#connection.query<mysql.RowDataPacket[]>(others);
      for (let times = 0; times < 50 && !this.#stopped; times++) {
        for (const { id, ID = id } of found) {
          // One that is gone is known by its absence the next time.
          await this.#connection.query(`KILL QUERY ${ID}`).catch(() => undefined);
        }
      }
    }
  }
}
