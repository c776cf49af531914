/** `sessiond doctor` on SQLite files in several states. */
import { writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Finding } from "../../src/store/finding.ts";
import { sqliteEngine } from "../../src/store/sqlite/index.ts";
import { createInput, createSession, keyOf, refusesStart } from "./build.ts";
import { ENGINE_OPTIONS, makeSqliteDatabase } from "./sqlite-harness.ts";

let database: Awaited<ReturnType<typeof makeSqliteDatabase>>;

beforeEach(async () => {
  database = await makeSqliteDatabase();
});
afterEach(() => database.cleanup());

async function doctor(): Promise<Record<string, Finding>> {
  const found: Record<string, Finding> = {};
  for await (const finding of sqliteEngine.doctor(database.url, ENGINE_OPTIONS))
    found[finding.check] = finding;
  return found;
}

const migrate = () => sqliteEngine.migrate(database.url, { ...ENGINE_OPTIONS, dryRun: false });

test("a file in use is well, and looking changes nothing", async () => {
  await migrate();
  const store = await sqliteEngine.open(database.url, ENGINE_OPTIONS);
  await createSession(store, createInput(keyOf("app")));
  const found = await doctor();
  expect(Object.keys(found)).toEqual([
    "file",
    "disk",
    "version",
    "journal",
    "wal",
    "schema",
    "integrity",
    "state_indexes",
  ]);
  expect(Object.values(found).filter(({ level, check }) => level !== "ok" && check !== "disk")).toEqual([]);
  expect(await store.getSession(keyOf("app"))).toBeDefined();
  await store.close();
});

test("no file, a file of something else, an empty one, a damaged one", async () => {
  expect((await doctor())["file"]).toMatchObject({ level: "fail" });
  writeFileSync(database.path, "This is a letter, not a database. ".repeat(100));
  expect(Object.values(await doctor()).find(({ level }) => level === "fail")).toMatchObject({
    found: expect.stringMatching(/file is not a database/),
    advice: expect.stringMatching(/name another path/),
  });
  writeFileSync(database.path, "");
  expect((await doctor())["schema"]).toMatchObject({
    level: "fail",
    advice: expect.stringMatching(/sessiond migrate/),
  });
});

test("a damaged index", async () => {
  await migrate();
  const db = new Database(database.path);
  db.pragma("journal_mode = DELETE");
  db.unsafeMode(true);
  db.pragma("writable_schema = ON");
  db.prepare("UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'adk_sessions_by_update'").run();
  db.close();
  const broken = Object.values(await doctor()).filter(({ level }) => level === "fail");
  expect(broken.length).toBeGreaterThan(0);
  for (const { advice } of broken) expect(advice).toMatch(/backup/);
});

test("a journal that is none of ours, and one that another server turns on", async () => {
  await migrate();
  const db = new Database(database.path);
  db.pragma("journal_mode = DELETE");
  db.close();
  expect((await doctor())["journal"]).toMatchObject({ level: "warn" });
});

test("a URL that names no file is an error and no finding", async () => {
  const ask = async () => {
    for await (const _ of sqliteEngine.doctor("sqlite:", ENGINE_OPTIONS));
  };
  await refusesStart(ask(), /names no SQLite file/);
});
