/** What `stats` counts, on every engine. */

import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineOptions } from "../../src/cli/migrate.ts";
import { configWith } from "../../src/config.ts";
import { engineFor } from "../../src/store/open.ts";
import type { StatsOptions, StoreStats } from "../../src/store/stats.ts";
import { databaseServer, serverEngines, serverTimeout, testEngines } from "../support/databases/index.ts";
import { createInput, createSession, keyOf, NOW, refusesStart, sessionWithEvents } from "./build.ts";
import type { TestDatabase } from "./harness.ts";
import { fillSessions } from "./mysql/fill.ts";
import { makeDatabase } from "./mysql/harness.ts";
import { makeSqliteDatabase } from "./sqlite-harness.ts";

const options = engineOptions(configWith(), pino({ level: "silent" }));
const ALL: StatsOptions = { appName: undefined, largest: 2, estimate: false };

const migrate = (url: string) => engineFor(url).migrate(url, { ...options, dryRun: false });
const stats = (url: string, more: Partial<StatsOptions & typeof options> = {}): Promise<StoreStats> =>
  engineFor(url).stats(url, { ...options, ...ALL, ...more });

describe.each(testEngines())("%s: stats", (kind) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database =
      kind === "sqlite" ? await makeSqliteDatabase() : await makeDatabase(await databaseServer(kind));
    await migrate(database.url);
    const store = await engineFor(database.url).open(database.url, options);
    try {
      await sessionWithEvents(store, keyOf("app1", "small"), 2);
      await sessionWithEvents(store, keyOf("app1", "large", "v"), 20);
      await createSession(store, createInput(keyOf("app2"), { nowMicros: NOW - 5_000_000 }));
    } finally {
      await store.close();
    }
  }, serverTimeout);

  afterAll(async () => {
    await database?.cleanup();
  });

  test("sessions, events and bytes of each app, and the largest sessions", async () => {
    const { apps, largest, storage } = await stats(database.url);
    expect(apps.map(({ appName, counts }) => [appName, counts?.sessions, counts?.events])).toEqual([
      ["app1", 2, 22],
      ["app2", 1, 0],
    ]);
    expect(apps[0]?.counts?.eventBytes).toBeGreaterThan(22 * 100);
    expect(apps[1]).toMatchObject({
      oldestCreateMicros: NOW - 5_000_000,
      newestUpdateMicros: NOW - 5_000_000,
    });
    expect(largest).toMatchObject([
      { appName: "app1", userId: "v", sessionId: "large", events: 20 },
      { appName: "app1", userId: "u", sessionId: "small", events: 2 },
    ]);
    expect(storage.length).toBeGreaterThan(0);
    expect(storage.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(10_000);
  });

  test("one app, and an app that is not there", async () => {
    const one = await stats(database.url, { appName: "app1", largest: 1 });
    expect(one.apps).toMatchObject([{ appName: "app1", counts: { sessions: 2, events: 22 } }]);
    expect(one.largest).toMatchObject([{ sessionId: "large" }]);
    expect(await stats(database.url, { appName: "none" })).toMatchObject({ apps: [], largest: [] });
  });

  test("an estimate has ages and no counts", async () => {
    const { apps, largest } = await stats(database.url, { estimate: true });
    const exact = await stats(database.url);
    expect(apps).toEqual(exact.apps.map((app) => ({ ...app, counts: undefined })));
    expect(largest).toEqual([]);
    expect(await stats(database.url, { estimate: true, appName: "none" })).toMatchObject({ apps: [] });
  });

  test("a database without our tables is refused", async () => {
    const empty =
      kind === "sqlite" ? await makeSqliteDatabase() : await makeDatabase(await databaseServer(kind));
    try {
      await empty.execute("CREATE TABLE other (a INT)");
      await refusesStart(stats(empty.url), /sessiond migrate/);
    } finally {
      await empty.cleanup();
    }
  });
});

describe.each(serverEngines())("%s: stats of many sessions", (kind) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await makeDatabase(await databaseServer(kind));
    await migrate(database.url);
    await fillSessions(database.url, 20_000);
  }, serverTimeout);

  afterAll(async () => {
    await database?.cleanup();
  });

  test("counts and estimates agree", async () => {
    const { apps, storage } = await stats(database.url);
    expect(apps).toHaveLength(10);
    for (const { counts } of apps) expect(counts).toMatchObject({ sessions: 2_000, events: 4_000 });
    const rows = storage.find(({ name }) => name === "adk_sessions")?.rows ?? 0;
    expect(rows).toBeGreaterThan(10_000);
    expect(rows).toBeLessThan(40_000);
    const { apps: ages } = await stats(database.url, { estimate: true });
    expect(ages).toEqual(apps.map((app) => ({ ...app, counts: undefined })));
  });

  test("counting that takes too long is ended, and says what else there is", async () => {
    await refusesStart(stats(database.url, { statementTimeoutMs: 1 }), /--estimate|--statement-timeout/);
  });
});
