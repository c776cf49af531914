/** `sessiond doctor`, `sessiond stats` and `sessiond index` as a user runs them. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engineOptions } from "../../src/cli/migrate.ts";
import { configWith } from "../../src/config.ts";
import { engineFor } from "../../src/store/open.ts";
import { keyOf, sessionWithEvents } from "../store/build.ts";
import { makeDatabase } from "../store/mysql/harness.ts";
import { databaseServer, serverEngines, serverTimeout } from "../support/databases/index.ts";

const main = join(import.meta.dirname, "../../src/main.ts");
const options = engineOptions(configWith(), pino({ level: "silent" }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function sessiond(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env: { PATH: process.env["PATH"] } }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

async function fill(store: string): Promise<void> {
  const engine = engineFor(store);
  await engine.migrate(store, { ...options, dryRun: false });
  const open = await engine.open(store, options);
  try {
    await sessionWithEvents(open, keyOf("shop", "s1", "ana"), 3);
    await sessionWithEvents(open, keyOf("shop", "s2", "ben"), 1);
  } finally {
    await open.close();
  }
}

describe("on a SQLite file", () => {
  let folder: string;
  let store: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "sessiond-commands-"));
    store = `sqlite:${join(folder, "test.db")}`;
    await fill(store);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("doctor finds it well and ends with 0", async () => {
    const { code, out, err } = await sessiond("doctor", "--store", store);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^ok {4}integrity/m);
    expect(out).toMatch(/: \d+ ok, \d+ to look at, 0 failed\n$/);
  });

  test("doctor says what to do about a file that is not there, and ends with 1", async () => {
    const { code, out } = await sessiond("doctor", "--json", "--store", `sqlite:${join(folder, "none.db")}`);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ok: 0,
      fail: 1,
      findings: [{ check: "file", level: "fail", advice: expect.stringMatching(/sessiond migrate/) }],
    });
  });

  test("stats for people", async () => {
    const { code, out, err } = await sessiond("stats", "--store", store, "--largest=1");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^shop +2 +4 +[\d.]+ (B|KiB) /m);
    expect(out).toMatch(/^shop \/ ana \/ s1 +3 /m);
    expect(out).not.toContain("ben");
  });

  test("stats for programs", async () => {
    const { code, out } = await sessiond("stats", "--store", store, "--json", "--app", "shop");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      total: { sessions: 2, events: 4 },
      apps: [{ appName: "shop", sessions: 2, events: 4 }],
      largest: [{ sessionId: "s1" }, { sessionId: "s2" }],
    });
  });

  test("index: dry run, add, list, refusals, drop", async () => {
    const index = (...args: readonly string[]) => sessiond("index", ...args, "--store", store);
    const step = ["--state", "step"];
    const dry = await index("add", ...step, "--as", "integer", "--dry-run");
    expect([dry.code, dry.err]).toEqual([0, ""]);
    expect(dry.out).toMatch(/^ALTER TABLE [^;]* ADD COLUMN [^;]*state_step[^;]*;$/m);
    expect(await index("list", "--json")).toMatchObject({ code: 0, out: "[]\n" });
    const added = await index("add", ...step, "--as=integer");
    expect([added.code, added.err]).toEqual([0, ""]);
    expect(added.out).toMatch(/ask adk_session_states by state_step\.\n/);
    const again = await index("add", ...step, "--as", "integer");
    expect([again.code, again.out]).toEqual([1, ""]);
    expect(again.err).toMatch(/"step" has an index as integer already/);
    expect((await index("list")).out).toMatch(
      /^state key +as +column +rows +of another type\n"step" +integer +state_step +0 +0\n$/,
    );
    expect(await index("drop", ...step)).toMatchObject({ code: 0, err: "" });
    const gone = await index("drop", ...step);
    expect([gone.code, gone.err]).toEqual([1, expect.stringMatching(/"step" has no index\. None has\./)]);
  }, 120_000);

  test.each([
    [["index"], /index needs one of add, list, drop/],
    [["index", "lst"], /index has no "lst" \(did you mean list\?\)/],
    [["index", "add", "--as", "text"], /--state KEY is missing/],
    [
      ["index", "add", "--state", "a", "--as", "int"],
      /--as is one of text, integer, number, boolean, not "int"/,
    ],
    [["stats", "--largest", "many"], /--largest is a whole number up to 1000/],
    [["stats", "--app"], /--app needs a value: --app NAME/],
    [["stats", "--app", "a", "--app=b"], /--app is given twice/],
    [["doctor", "--jsn"], /unknown flag --jsn/],
    [["doctor", "here"], /unexpected argument/],
  ])("%j is refused", async (args, message) => {
    const { code, err } = await sessiond(...args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });

  test("each tells how it is used", async () => {
    for (const command of ["doctor", "stats", "index"]) {
      expect((await sessiond(command, "--help")).out).toContain(`Usage: sessiond ${command}`);
    }
  });
});

describe.each(serverEngines())("on %s", (kind) => {
  test(
    "doctor and stats",
    async () => {
      const database = await makeDatabase(await databaseServer(kind));
      try {
        await fill(database.url);
        const doctor = await sessiond("doctor", "--store", database.url);
        expect(doctor.out).toMatch(/^ok {4}schema +version \d+/m);
        expect(doctor.code).toBe(0);
        expect(doctor.out).not.toContain(new URL(database.url).password);
        const stats = await sessiond("stats", "--store", database.url);
        expect(stats.out).toMatch(/^shop +2 +4 /m);
        expect(stats.out).toMatch(/^adk_events +about /m);
      } finally {
        await database.cleanup();
      }
    },
    serverTimeout,
  );
});
