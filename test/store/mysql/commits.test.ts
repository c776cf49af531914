/** Several group commits in flight on one server: order within sessions holds, and nothing is lost. */
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WritePipeline } from "../../../src/pipeline/write-pipeline.ts";
import type { SessionKey } from "../../../src/store/store.ts";
import { databaseServer, serverEngines, serverTimeout } from "../../support/databases/index.ts";
import { processes } from "../../support/databases/processes.ts";
import {
  ANY,
  appendInput,
  createInput,
  deltaOf,
  eventOf,
  keyOf,
  mark,
  mustGet,
  newId,
  readHistory,
  sessionWithEvents,
} from "../build.ts";
import { query, type ServerStore, serverStore } from "./harness.ts";

describe.each(serverEngines())("%s: commits in flight", (kind) => {
  let made: ServerStore;

  beforeAll(async () => {
    made = await serverStore(await databaseServer(kind));
  }, serverTimeout);

  afterAll(async () => {
    await made?.cleanup();
  });

  test.each([1, 3])("%i at a time", { timeout: 120_000 }, async (maxCommits) => {
    let groups = 0;
    const pipeline = new WritePipeline(made.store, {
      maxQueued: 10_000,
      maxQueuedBytes: 1 << 26,
      maxCommits,
      maxGroupEvents: 8,
      onAppends: () => groups++,
    });
    const app = `commits-${maxCommits}`;
    const keys = Array.from({ length: 12 }, (_, at) => keyOf(app, `s${at}`, `u${at % 3}`));
    const rounds = 12;
    const created = keys.map((key) =>
      pipeline.create(createInput(key, { request: mark(newId("r")), delta: deltaOf({ "app:made": "1" }) })),
    );
    await Promise.all(created);
    await Promise.all(
      keys.flatMap((key, at) =>
        Array.from({ length: rounds }, (_, round) =>
          pipeline.append(
            appendInput(
              key,
              [
                eventOf({
                  id: `${round}`,
                  set: { [`app:${at}.${round}`]: "1", "app:hot": `${at}`, "user:hot": "1" },
                }),
              ],
              { expected: { ...ANY, revision: round + 1 } },
            ),
          ),
        ),
      ),
    );
    for (const key of keys) {
      expect((await readHistory(made.store, key)).map(({ id }) => id)).toEqual(
        Array.from({ length: rounds }, (_, round) => `${round}`),
      );
      expect((await mustGet(made.store, key)).revision).toBe(rounds + 1);
    }
    expect((await made.store.getSharedState(app, undefined)).size).toBe(keys.length * rounds + 2);
    expect(groups).toBeGreaterThan(rounds);
    await pipeline.drain();
  });

  test("rows that a deleted session left behind fail their own write alone", async () => {
    const pipeline = new WritePipeline(made.store, {
      maxQueued: 100,
      maxQueuedBytes: 1 << 20,
      maxCommits: 1,
    });
    await sessionWithEvents(made.store, keyOf("app", "stray"), 1);
    // As by hand where there are no foreign keys, and forgetting the rest.
    const hand = await mysql.createConnection(made.url);
    await hand.query("SET SESSION foreign_key_checks = 0");
    await hand.query("DELETE FROM adk_sessions WHERE app_name = 'app' AND id = 'stray'");
    await hand.end();
    const reasonOf = (write: Promise<unknown>) =>
      write.then(
        () => "ok",
        (error: { reason?: string }) => error.reason,
      );
    const append = (key: SessionKey) =>
      pipeline.append(appendInput(key, [eventOf()], { createUid: newId("uid") }));
    const ids = ["first", "before", "stray", "after"];
    expect(await Promise.all(ids.map((id) => reasonOf(append(keyOf("app", id)))))).toEqual([
      "ok",
      "ok",
      "INTERNAL",
      "ok",
    ]);
    const again = ["one", "two", "stray", "three"].map((id) => createInput(keyOf("app", id)));
    expect(await Promise.all(again.map((input) => reasonOf(pipeline.create(input))))).toEqual([
      "ok",
      "ok",
      "INTERNAL",
      "ok",
    ]);
  }, 60_000);

  test("a commit whose callers have all gone is not run again", async () => {
    const pipeline = new WritePipeline(made.store, {
      maxQueued: 100,
      maxQueuedBytes: 1 << 20,
      maxCommits: 1,
    });
    const key = keyOf("app", "abandoned");
    await pipeline.create(createInput(key));
    const hand = await mysql.createConnection(made.url);
    await hand.beginTransaction();
    await hand.query("SELECT 1 FROM adk_sessions WHERE id = 'abandoned' FOR UPDATE");
    const callers = [new AbortController(), new AbortController()];
    const gone = new Error("gone");
    const ended = callers.map(({ signal }, at) => {
      const write = pipeline.append(appendInput(key, [eventOf({ id: `e${at}` })]), signal);
      return expect(write).rejects.toBe(gone);
    });
    const waiting = async () => {
      const listed = await processes((sql) => query(made.server.adminUrl, sql));
      const database = new URL(made.url).pathname.slice(1);
      return listed.find((each) => each.database === database && each.command === "Query")?.id;
    };
    await expect.poll(waiting, { timeout: 20_000 }).toBeDefined();
    for (const caller of callers) caller.abort(gone);
    await Promise.all(ended);
    // Lost, so that it would run again.
    await query(made.server.adminUrl, `KILL ${await waiting()}`);
    await hand.rollback();
    await hand.end();
    await pipeline.drain();
    expect(await mustGet(made.store, key)).toMatchObject({ revision: 1, headSeq: 0 });
  });
});
