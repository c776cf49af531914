/** What is SQLite's own: files and their failures, worker threads, memory, query plans. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StoreError } from "../../src/store/errors.ts";
import { planMigration } from "../../src/store/migrations.ts";
import type { Connection } from "../../src/store/sqlite/connection.ts";
import { toStoreError } from "../../src/store/sqlite/errors.ts";
import { sqliteEngine } from "../../src/store/sqlite/index.ts";
import { openForWork } from "../../src/store/sqlite/open.ts";
import { OPERATIONS } from "../../src/store/sqlite/operations.ts";
import { STEPS } from "../../src/store/sqlite/schema.ts";
import type { CreateSessionInput, EventRange, SessionRecord, Store } from "../../src/store/store.ts";
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
  listInput,
  mustGet,
  NOW,
  rangeOf,
  readHistory,
  readRange,
  refusesStart,
  sessionWithEvents,
} from "./build.ts";
import { ENGINE_OPTIONS, makeSqliteDatabase } from "./sqlite-harness.ts";

const ROOT = join(import.meta.dirname, "../..");

let database: Awaited<ReturnType<typeof makeSqliteDatabase>>;
let stores: Store[];

beforeEach(async () => {
  database = await makeSqliteDatabase();
  stores = [];
});

afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await database.cleanup();
});

function migrate(url = database.url, dryRun = false) {
  return sqliteEngine.migrate(url, { ...ENGINE_OPTIONS, dryRun });
}

async function openStore(options = ENGINE_OPTIONS): Promise<Store> {
  await migrate();
  const store = await sqliteEngine.open(database.url, options);
  stores.push(store);
  return store;
}

/** Fills a session by SQL with so many events, much faster than appends. */
async function fill(store: Store, count: number) {
  const key = keyOf("app");
  await sessionWithEvents(store, key, 1);
  const db = new Database(database.path);
  const columns = db.prepare("SELECT name FROM pragma_table_info('adk_events')").pluck().all() as string[];
  const own: Record<string, string> = {
    seq: "n.seq",
    revision: "n.seq + 1",
    id: "'e' || n.seq",
    append_end_seq: "n.seq",
  };
  db.exec(`
    WITH RECURSIVE n (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM n WHERE seq < ${count})
    INSERT INTO adk_events (${columns.join(", ")})
    SELECT ${columns.map((name) => own[name] ?? `e.${name}`).join(", ")} FROM n, adk_events e WHERE e.seq = 1;
    UPDATE adk_sessions SET head_seq = ${count}, event_count = ${count}, revision = ${count + 1};
  `);
  db.close();
  return mustGet(store, key);
}

describe("files", () => {
  test("a migration makes the folder and the file, a dry run neither", async () => {
    const path = join(dirname(database.path), "deep/er/sessions.db");
    expect((await migrate(`sqlite:${path}`, true)).steps).toHaveLength(STEPS.length);
    await expect(stat(dirname(path))).rejects.toThrow("ENOENT");
    await migrate(`sqlite:${path}`);
    const store = await sqliteEngine.open(`sqlite:${path}`, ENGINE_OPTIONS);
    await store.ping();
    await store.close();
    expect(await readdir(dirname(path))).toEqual(["sessions.db"]);
  });

  test("a path may be relative", async () => {
    await migrate();
    const store = await sqliteEngine.open(`sqlite:${relative(process.cwd(), database.path)}`, ENGINE_OPTIONS);
    await store.ping();
    await store.close();
  });

  test("the log is flushed at every commit", async () => {
    const store = await openStore();
    expect(store.capabilities.durability).toEqual({
      settings: new Map([
        ["journal_mode", "WAL"],
        ["synchronous", "FULL"],
      ]),
      losesCommitsOnCrash: false,
    });
  });

  test.each(["sqlite:", "sqlite://host/path", "sqlite:///path", "sqlite::memory:"])(
    "%s is no path",
    async (url) => {
      await refusesStart(migrate(url), /Write sqlite:PATH/);
      await refusesStart(sqliteEngine.open(url, ENGINE_OPTIONS), /Write sqlite:PATH/);
      expect(() => sqliteEngine.displayUrl(url)).toThrow(/Write sqlite:PATH/);
    },
  );

  test("a file that is no database is refused and left as it is", async () => {
    const text = "These are my notes, and not a database. ".repeat(100);
    await writeFile(database.path, text);
    await refusesStart(migrate(), /not a database.*name another path/);
    await refusesStart(sqliteEngine.open(database.url, ENGINE_OPTIONS), /not a database.*name another path/);
    expect(await readFile(database.path, "utf8")).toBe(text);
  });

  test("a folder, and a path below a file, are refused", async () => {
    await mkdir(database.path);
    await refusesStart(migrate(), /cannot be used: it is a folder. Name a file in it/);
    await refusesStart(sqliteEngine.open(database.url, ENGINE_OPTIONS), /cannot be used: it is a folder/);
    const file = join(database.path, "file");
    await writeFile(file, "");
    await refusesStart(migrate(`sqlite:${file}/below.db`), /cannot be used/);
  });

  test("a refused database is not changed by a byte", async () => {
    await database.execute("CREATE TABLE adk_sessions (id TEXT)");
    const before = await readFile(database.path);
    await refusesStart(migrate(), /adk_sessions/);
    await refusesStart(sqliteEngine.open(database.url, ENGINE_OPTIONS), /adk_sessions/);
    expect(await readFile(database.path)).toEqual(before);
    expect(await readdir(dirname(database.path))).toEqual(["test.db"]);
  });

  test("names of foreign tables do not heed case", async () => {
    await database.execute("CREATE TABLE ADK_Sessions (id TEXT)");
    await refusesStart(migrate(), /adk_sessions/);
  });

  test("a damaged file fails calls with STORE_UNAVAILABLE, and start says so", async () => {
    const store = await openStore();
    await sessionWithEvents(store, keyOf("app"), 500);
    await store.close();
    const pages = await database.execute("SELECT pageno, pgsize FROM dbstat WHERE name LIKE 'adk_sessions%'");
    await overwrite(
      pages.map((page) => [(Number(page["pageno"]) - 1) * Number(page["pgsize"]), Number(page["pgsize"])]),
    );
    const damaged = await sqliteEngine.open(database.url, ENGINE_OPTIONS);
    stores.push(damaged);
    const error = await failsWith(damaged.listSessions(listInput("app")), "STORE_UNAVAILABLE");
    expect(error.message).toMatch(/damaged/);
    await failsWith(damaged.append([appendInput(keyOf("app"), [eventOf()])]), "STORE_UNAVAILABLE");
    await damaged.close();
    await overwrite([[100, 3900]]);
    await refusesStart(sqliteEngine.open(database.url, ENGINE_OPTIONS), /damaged|malformed|something else/);
    await refusesStart(migrate(), /damaged|malformed|something else/);
  });

  test("a file that was removed or replaced is noticed by the ping", async () => {
    const store = await openStore();
    await store.ping();
    await copyFile(database.path, `${database.path}.copy`);
    await rm(database.path);
    expect((await failsWith(store.ping(), "STORE_UNAVAILABLE")).message).toMatch(/removed or replaced/);
    await copyFile(`${database.path}.copy`, database.path);
    await failsWith(store.ping(), "STORE_UNAVAILABLE");
  });

  test("a file or folder that cannot be written is refused with what to do", async () => {
    await migrate();
    const folder = dirname(database.path);
    await chmod(database.path, 0o444);
    await chmod(folder, 0o555);
    try {
      asNobody(() => {
        const options = { path: database.path, busyTimeoutMs: 100, role: "writer" } as const;
        expect(() => openForWork(options)).toThrow(/readonly|unable to open/);
      });
      const remedy = /Let the user that runs sessiond write|folder that can be written/;
      const unmigrated = `sqlite:${join(folder, "new.db")}`;
      // `migrate` does its work before its first await, as nobody.
      await refusesStart(
        asNobody(() => migrate(unmigrated)),
        remedy,
      );
      await refusesStart(
        asNobody(() => migrate(`sqlite:${join(folder, "new/folder.db")}`)),
        remedy,
      );
    } finally {
      await chmod(folder, 0o755);
    }
  });
});

/** Overwrites parts of the file, each from an offset for a length. */
async function overwrite(parts: readonly (readonly [number, number])[]): Promise<void> {
  const file = await open(database.path, "r+");
  for (const [offset, length] of parts) await file.write(Buffer.alloc(length, 0xff), 0, length, offset);
  await file.close();
}

/** Root may write everything; what is not allowed is tried as somebody else. */
function asNobody<T>(work: () => T): T {
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65534);
  try {
    return work();
  } finally {
    if (root) process.seteuid?.(0);
  }
}

describe("one connection", () => {
  let db: Connection;

  beforeEach(async () => {
    await migrate();
    db = openForWork({ path: database.path, busyTimeoutMs: 100, role: "writer" }).db;
  });

  afterEach(() => db.close());

  /** The statements that `work` runs, with their plans. */
  function plansOf(work: () => void): { sql: string; plan: string[] }[] {
    const plans: { sql: string; plan: string[] }[] = [];
    const prepare = db.db.prepare.bind(db.db);
    db.db.prepare = ((sql: string) => {
      const rows = prepare(`EXPLAIN QUERY PLAN ${sql}`);
      const count = (sql.match(/\?/g) ?? []).length;
      const plan = rows.all(...Array.from({ length: count }, () => null)) as { detail: string }[];
      plans.push({ sql, plan: plan.map((row) => row.detail) });
      return prepare(sql);
    }) as typeof db.db.prepare;
    try {
      work();
    } finally {
      db.db.prepare = prepare;
    }
    return plans;
  }

  function makeSession(on: typeof db, input: CreateSessionInput): SessionRecord {
    const [outcome] = OPERATIONS.createSessions(on, [input]);
    if (outcome?.ok !== true) throw new Error(outcome?.error.reason);
    return outcome.session;
  }

  test("a full database fails the append as a whole, and goes on when there is room", () => {
    makeSession(db, createInput(keyOf("app")));
    const pages = Number(db.pragma("page_count"));
    db.db.pragma(`max_page_count = ${pages + 2}`);
    const input = appendInput(keyOf("app"), [
      eventOf({ set: { a: "1" } }),
      eventOf({ content: JSON.stringify("x".repeat(1_000_000)) }),
    ]);
    let failure: StoreError | undefined;
    try {
      OPERATIONS.append(db, [input]);
    } catch (error) {
      failure = toStoreError(error);
    }
    expect(failure).toBeInstanceOf(StoreError);
    expect(failure?.reason).toBe("STORE_FULL");
    expect(OPERATIONS.getSession(db, keyOf("app"))).toMatchObject({
      headSeq: 0,
      revision: 1,
      state: new Map(),
    });
    db.db.pragma("max_page_count = 1000000");
    expect(OPERATIONS.append(db, [input])).toMatchObject([{ ok: true, headSeq: 2 }]);
  });

  test("an append neither reads nor writes state that it leaves alone", () => {
    const key = keyOf("app");
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, "1"]));
    makeSession(db, createInput(key, { delta: deltaOf(many) }));
    const changes = () => db.get<{ n: number }>("SELECT total_changes() AS n")?.n ?? 0;
    const before = changes();
    const plans = plansOf(() => {
      OPERATIONS.append(db, [appendInput(key, [eventOf({ set: { k7: "2" } })])]);
    });
    // The session's row, the event, the key.
    expect(changes() - before).toBe(3);
    expect(plans.filter(({ sql }) => /SELECT.*_states/s.test(sql))).toEqual([]);
  });

  test("lists follow an index in every order, and pages begin within it", () => {
    for (const userId of [undefined, "u"]) {
      for (const orderBy of ["updateMicros", "createMicros"] as const) {
        for (const descending of [false, true]) {
          const scope = { appName: "app", userId };
          const after = { micros: 1, userId: "u", sessionId: "s" };
          const plans = plansOf(() =>
            OPERATIONS.listSessions(db, listInput("app", { scope, orderBy, descending, after })),
          );
          const [list] = plans.filter(({ sql }) => sql.includes("ORDER BY"));
          expect(list?.plan).toHaveLength(1);
          const time = orderBy === "updateMicros" ? "update_time" : "create_time";
          expect(list?.plan[0]).toMatch(new RegExp(`^SEARCH s USING INDEX .*${descending ? "<" : ">"}`));
          expect(list?.plan[0]).toContain(time);
        }
      }
    }
  });

  test("apps and users are found by steps in the index", () => {
    const plans = plansOf(() => {
      OPERATIONS.listApps(db, "a", 10);
      OPERATIONS.listUsers(db, "a", "b", 10);
    });
    const [apps, users] = plans.filter(({ sql }) => sql.includes("ORDER BY"));
    expect(apps?.plan.join()).toMatch(/^SEARCH .*\(app_name>\?\)$/);
    expect(users?.plan.join()).toMatch(/^SEARCH .*\(app_name=\? AND user_id>\?\)$/);
  });

  test("reads of events are one search each, without sorting", () => {
    const { uid } = makeSession(db, createInput(keyOf("app")));
    const range = {
      ...rangeOf({ ...makeSession(db, createInput(keyOf("app", "t"))), uid }),
      key: keyOf("app"),
    };
    const plans = plansOf(() => {
      OPERATIONS.readEventsChunk(db, range, true);
      OPERATIONS.readEventsChunk(db, { ...range, descending: true }, true);
      OPERATIONS.seqBeforeNewest(db, {
        key: keyOf("app"),
        afterSeq: 0,
        throughSeq: 9,
        afterTime: 0,
        count: 3,
      });
      const page = { afterTime: undefined, maxRows: 10, maxBytes: 1e6 };
      const after = { userId: "u", sessionId: "s", seq: 1 };
      OPERATIONS.listScopeEvents(db, { ...page, scope: { appName: "app" }, after });
      OPERATIONS.listScopeEvents(db, { ...page, scope: { appName: "app", userId: "u" }, after });
    }).filter(({ sql }) => sql.includes("FROM adk_events"));
    expect(plans).toHaveLength(5);
    for (const { plan } of plans) {
      expect(plan).toHaveLength(1);
      expect(plan[0]).toMatch(/^SEARCH adk_events USING/);
    }
  });

  test("a delete finds everything of the session by an index", () => {
    makeSession(db, createInput(keyOf("app")));
    const plans = plansOf(() => {
      OPERATIONS.deleteSession(db, deleteInput(keyOf("app")));
    }).filter(({ sql }) => /^(DELETE|UPDATE)/.test(sql));
    expect(plans).toHaveLength(6);
    for (const { plan } of plans)
      expect(plan[0]).toMatch(/^SEARCH .*app_name=\? AND user_id=\? AND (session_)?id=\?/);
  });

  test("deleting is right without foreign keys", () => {
    db.db.pragma("foreign_keys = OFF");
    const key = keyOf("app");
    makeSession(db, createInput(key, { labels: new Map([["a", "b"]]), delta: deltaOf({ a: "1" }) }));
    OPERATIONS.append(db, [appendInput(key, [eventOf()])]);
    OPERATIONS.deleteSession(db, deleteInput(key));
    for (const table of ["events", "session_states", "session_labels", "session_changes", "sessions"]) {
      expect(db.all(`SELECT 1 FROM adk_${table}`)).toEqual([]);
    }
  });

  test("events cannot outlive their session", () => {
    const key = keyOf("app");
    makeSession(db, createInput(key));
    OPERATIONS.append(db, [appendInput(key, [eventOf()])]);
    db.db.exec("DELETE FROM adk_sessions");
    expect(db.all("SELECT 1 FROM adk_events")).toEqual([]);
  });

  test("a reader cannot write", () => {
    const reader = openForWork({ path: database.path, busyTimeoutMs: 100, role: "reader" }).db;
    try {
      expect(() => makeSession(reader, createInput(keyOf("app")))).toThrow(/readonly/);
    } finally {
      reader.close();
    }
  });
});

describe("worker threads", () => {
  /** The threads of one of the store's pools. */
  function threads(store: Store, pool: "writer" | "readers"): Worker[] {
    const workers = Reflect.get(Reflect.get(store, pool), "workers") as Set<object>;
    return [...workers].map((worker) => Reflect.get(worker, "worker") as Worker);
  }

  test("the event loop stays free while much is written and read", async () => {
    const store = await openStore();
    const key = keyOf("app");
    await createSession(store, createInput(key));
    const events = Array.from({ length: 4_000 }, () =>
      eventOf({ content: JSON.stringify("x".repeat(4_000)) }),
    );
    const thread = process.threadCpuUsage();
    const all = process.cpuUsage();
    await append(store, appendInput(key, events));
    await readRange(store, rangeOf(await mustGet(store, key)));
    const { user: own } = process.threadCpuUsage(thread);
    const { user } = process.cpuUsage(all);
    // Time of the processor, which other processes do not prolong: most of the work is the workers'.
    expect(own).toBeLessThan(user / 2);
  });

  test("200,000 events stream in bounded memory", async () => {
    const store = await openStore();
    const session = await fill(store, 200_000);
    let last = 0;
    let peak = 0;
    const before = process.memoryUsage().rss;
    for await (const chunk of store.readEvents(rangeOf(session))) {
      for (const event of chunk)
        if (event.seq !== ++last) throw new Error(`seq ${event.seq} after ${last - 1}`);
      if (last % 6_400 < 64) peak = Math.max(peak, process.memoryUsage().rss);
    }
    expect(last).toBe(200_000);
    // All of it would be more than 400 MB.
    expect((peak - before) / 1e6).toBeLessThan(150);
  });

  test("what a filter leaves in is found across a long history, both ways", async () => {
    const store = await openStore();
    const session = await fill(store, 35_000);
    const seqs = [2, 5_000, 9_999, 10_000, 10_001, 10_002, 15_000, 20_001, 25_000, 34_999, 35_000];
    const delta = JSON.stringify({ own: "1" });
    await database.execute(
      `UPDATE adk_events SET timestamp = 9e12, state_delta = '${delta}' WHERE seq IN (${seqs.join(", ")})`,
    );
    const read = async (more: Partial<EventRange>) =>
      (await readRange(store, rangeOf(session, { afterTime: 9e12, ...more }))).map((event) => event.seq);
    expect(await read({})).toEqual(seqs);
    expect(await read({ descending: true })).toEqual(seqs.toReversed());
    expect(await read({ maxRows: 3 })).toEqual(seqs.slice(0, 3));
    expect(await read({ afterSeq: 10_000, throughSeq: 34_999, descending: true })).toEqual([
      34_999, 25_000, 20_001, 15_000, 10_002, 10_001,
    ]);
    const deltas: number[] = [];
    const range = { key: session.key, uid: session.uid, afterSeq: 0, throughSeq: 35_000, maxRows: 100 };
    for await (const chunk of store.readStateDeltas(range)) deltas.push(...chunk.map((delta) => delta.seq));
    expect(deltas).toEqual(seqs);
  });

  test("a consumer that stops for good holds no reader, and leaving early ends the read", async () => {
    const store = await openStore({ ...ENGINE_OPTIONS, readConnections: 1 });
    const session = await fill(store, 20_000);
    const started = Array.from({ length: 20 }, () =>
      store.readEvents(rangeOf(session))[Symbol.asyncIterator](),
    );
    for (const reader of started) expect((await reader.next()).value).toHaveLength(512);
    expect((await store.getSession(session.key))?.headSeq).toBe(20_000);
    await Promise.all(started.map((reader) => reader.return?.()));
    expect(await started[0]?.next()).toEqual({ done: true, value: undefined });
    expect(await readRange(store, rangeOf(session, { maxRows: 100 }))).toHaveLength(100);
  });

  test("a session deleted or re-created under a reader always ends in an error here", async () => {
    const store = await openStore();
    for (const again of [false, true]) {
      const session = await sessionWithEvents(store, keyOf("app"), 3_000);
      const reader = store.readEvents(rangeOf(session))[Symbol.asyncIterator]();
      await reader.next();
      await store.deleteSession(deleteInput(session.key));
      if (again) await createSession(store, createInput(session.key));
      const rest = (async () => {
        while ((await reader.next()).done !== true);
      })();
      await failsWith(rest, again ? "SESSION_RECREATED" : "SESSION_NOT_FOUND");
    }
  });

  test("a worker that dies fails its calls and is replaced", async () => {
    const store = await openStore();
    const key = keyOf("app");
    await createSession(store, createInput(key));
    for (const pool of ["writer", "readers"] as const) {
      const ended = threads(store, pool).map((thread) => thread.terminate());
      const calls = Array.from({ length: 3 }, () =>
        pool === "writer" ? store.append([appendInput(key, [eventOf()])]) : store.getSession(key),
      );
      const results = await Promise.allSettled(calls);
      await Promise.all(ended);
      const lost = results.filter((result) => result.status === "rejected");
      expect(lost.length).toBeGreaterThan(0);
      for (const { reason } of lost) expect(reason).toMatchObject({ reason: "STORE_UNAVAILABLE" });
    }
    await append(store, appendInput(key, [eventOf()]));
    expect((await readHistory(store, key)).length).toBeGreaterThan(0);
    await store.ping();
  });

  test("a worker that cannot be replaced fails the calls that wait", async () => {
    const store = await openStore();
    await rm(database.path);
    await Promise.all(threads(store, "writer").map((thread) => thread.terminate()));
    const error = await failsWith(createSession(store, createInput(keyOf("app"))), "STORE_UNAVAILABLE");
    expect(error.message).not.toContain(database.path);
  });

  test("a lock that another process holds is CONTENTION, and who waits behind it SERVER_BUSY", async () => {
    const store = await openStore({ ...ENGINE_OPTIONS, acquireTimeoutMs: 300 });
    const other = new Database(database.path);
    other.exec("BEGIN IMMEDIATE");
    try {
      const calls = Array.from({ length: 4 }, (_, at) =>
        createSession(store, createInput(keyOf("app", `s${at}`))).catch(
          (error: { reason?: string }) => error.reason,
        ),
      );
      const reasons = await Promise.all(calls);
      expect(reasons[0]).toBe("CONTENTION");
      expect(reasons).toContain("SERVER_BUSY");
      // Readers do not wait for writers.
      expect(await store.getSession(keyOf("app"))).toBeUndefined();
    } finally {
      other.exec("ROLLBACK");
      other.close();
    }
    await createSession(store, createInput(keyOf("app")));
  });

  test("an abort takes a call back while it waits", async () => {
    const store = await openStore();
    const key = keyOf("app");
    await createSession(store, createInput(key));
    const events = Array.from({ length: 500 }, () => eventOf());
    const running = store.append([appendInput(key, events)]);
    const abort = new AbortController();
    const waiting = store.append([appendInput(key, [eventOf()])], abort.signal);
    abort.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    await running;
    expect((await mustGet(store, key)).headSeq).toBe(500);
  });
});

describe("processes", () => {
  const run = promisify(execFile);
  const engineUrl = (path: string) => JSON.stringify(pathToFileURL(path).href);

  /** A module that has `engine`, `url` and `options`. */
  function script(body: string, engine = join(ROOT, "src/store/sqlite/index.ts")): string[] {
    // What JSON does not carry is left out: the default schema.
    const { log: _, schema: __, ...options } = ENGINE_OPTIONS;
    const head = `
      import { sqliteEngine as engine } from ${engineUrl(engine)};
      const url = ${JSON.stringify(database.url)};
      const options = ${JSON.stringify(options)};
    `;
    return ["--input-type=module", "--eval", head + body];
  }

  test("processes that start at once migrate once", async () => {
    // All are loaded and wait for a word, so that they run at the same moment.
    const body = `
      console.log("loaded");
      process.stdin.once("data", async () => {
        console.log((await engine.migrate(url, { ...options, dryRun: false })).steps.length);
        process.exit();
      });
    `;
    const children = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, script(body), { stdio: ["pipe", "pipe", "inherit"] });
      return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
    });
    for (const { lines } of children) expect((await lines.next()).value).toBe("loaded");
    for (const { child } of children) child.stdin.write("go\n");
    const steps = await Promise.all(children.map(async ({ lines }) => Number((await lines.next()).value)));
    expect(steps.sort()).toEqual([0, 0, 0, STEPS.length]);
  });

  test("what was acknowledged is there after kill -9", async () => {
    await migrate();
    const body = `
      const store = await engine.open(url, options);
      const key = { appName: "app", userId: "u", sessionId: "s" };
      const none = { set: new Map(), remove: [] };
      const delta = { session: none, user: none, app: none };
      await store.createSessions([{ key, uid: "x", nowMicros: ${NOW}, ownerId: "", displayName: "", labels: new Map(), delta }]);
      for (let n = 1; ; n++) {
        const event = {
          id: "e" + n, invocationId: "", author: "", timestamp: n, actions: "", content: "", groundingMetadata: "",
          customMetadata: "", extra: "", stateDelta: new Map(), removedStateKeys: [], writerLanguage: "",
          writerAdkVersion: "", digest: new Uint8Array(32), bytes: 1, delta,
        };
        const expected = {};
        const [outcome] = await store.append([{ key, expected, nowMicros: ${NOW}, events: [event] }]);
        console.log(outcome.headSeq);
      }
    `;
    const child: ChildProcess = spawn(process.execPath, script(body), {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (child.stdout === null) throw new Error("no output");
    const exited = once(child, "exit");
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged >= 40) child.kill("SIGKILL");
    }
    await exited;
    const store = await openStore();
    const session = await mustGet(store, keyOf("app"));
    expect(acknowledged).toBeGreaterThanOrEqual(40);
    expect(session.headSeq).toBeGreaterThanOrEqual(acknowledged);
    expect((await readHistory(store, session.key)).map((event) => event.seq)).toEqual(
      Array.from({ length: session.headSeq }, (_, at) => at + 1),
    );
  });

  test("what tsc builds runs its workers, too", async () => {
    const out = join(ROOT, ".cache", `store-build-${process.pid}`);
    try {
      const flags = [
        "--ignoreConfig",
        "--module",
        "nodenext",
        "--target",
        "es2024",
        "--rewriteRelativeImportExtensions",
      ];
      const files = ["index", "worker"].map((name) => join(ROOT, `src/store/sqlite/${name}.ts`));
      const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
      await run(
        process.execPath,
        [tsc, ...flags, "--skipLibCheck", "--types", "node", "--rootDir", ROOT, "--outDir", out, ...files],
        { cwd: ROOT },
      );
      const body = `
        await engine.migrate(url, { ...options, dryRun: false });
        const store = await engine.open(url, options);
        await store.ping();
        console.log((await store.listApps(undefined, 10)).length);
        await store.close();
      `;
      const { stdout } = await run(process.execPath, script(body, join(out, "src/store/sqlite/index.js")), {
        cwd: ROOT,
      });
      expect(stdout.trim()).toBe("0");
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  });
});

test("the steps are numbered without gaps", () => {
  expect(STEPS.map((step) => step.version)).toEqual(STEPS.map((_, at) => at + 1));
  expect(planMigration(STEPS, { names: [], recorded: undefined }).steps).toEqual(STEPS);
});
