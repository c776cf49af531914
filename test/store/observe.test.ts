/** What every engine tells its observer: each statement's begin and end, by names without values. */
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, test } from "vitest";
import type { StoreObserver } from "../../src/store/observer.ts";
import type { Store } from "../../src/store/store.ts";
import { databaseServer, serverEngines, serverTimeout } from "../support/databases/index.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  deltaOf,
  eventOf,
  keyOf,
  readHistory,
} from "./build.ts";
import type { TestDatabase } from "./harness.ts";
import { serverHarness, serverStore } from "./mysql/harness.ts";
import { startProxy } from "./mysql/proxy.ts";
import { sqliteHarness } from "./sqlite-harness.ts";

class Recorder implements StoreObserver {
  readonly caller = new AsyncLocalStorage<string>();
  readonly begun: { readonly name: string; readonly caller: string | undefined }[] = [];
  readonly ended: { readonly name: string; readonly failed: boolean }[] = [];
  readonly retries: string[] = [];

  statement(name: string): (failed: boolean) => void {
    this.begun.push({ name, caller: this.caller.getStore() });
    return (failed) => void this.ended.push({ name, failed });
  }

  retry(cause: string): void {
    this.retries.push(cause);
  }
}

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const work of cleanups.splice(0).reverse()) await work();
});

const harnesses = [sqliteHarness, ...serverEngines().map((kind) => serverHarness(kind))];

describe.each(harnesses)("$name", { timeout: serverTimeout }, ({ engine, options, makeDatabase }) => {
  async function observed(): Promise<{ store: Store; database: TestDatabase; recorder: Recorder }> {
    const database = await makeDatabase();
    cleanups.push(() => database.cleanup());
    await engine.migrate(database.url, { ...options, dryRun: false });
    const recorder = new Recorder();
    const store = await engine.open(database.url, { ...options, observe: recorder });
    cleanups.push(() => store.close());
    return { store, database, recorder };
  }

  test("every statement begins and ends once, in its caller's context, under a name without values", async () => {
    const { store, recorder } = await observed();
    const key = keyOf("ID-of-app", "ID-of-session", "ID-of-user");
    recorder.begun.length = 0;
    recorder.ended.length = 0;
    await recorder.caller.run("the call", async () => {
      await createSession(store, createInput(key, { delta: deltaOf({ "app:ID-of-key": '"CONTENT"' }) }));
      const events = [eventOf({ content: '{"text":"CONTENT"}' }), eventOf({})];
      await append(store, appendInput(key, events));
      expect(await readHistory(store, key)).toHaveLength(2);
    });
    expect(recorder.begun.length).toBeGreaterThan(3);
    expect(recorder.ended.map(({ name }) => name).sort()).toEqual(
      recorder.begun.map(({ name }) => name).sort(),
    );
    expect(recorder.ended.filter(({ failed }) => failed)).toEqual([]);
    // A connection is set up on nobody's behalf: it stays in the pool.
    const strangers = recorder.begun.filter(
      ({ name, caller }) => caller === undefined && name !== "SET, SELECT",
    );
    expect(strangers).toEqual([]);
    for (const { name } of recorder.begun)
      expect(name).toMatch(/^[A-Za-z_]+( adk_[a-z_]+)?(, [A-Z]+( adk_[a-z_]+)?)*$/);
  });

  test("one that fails says so", async () => {
    const { store, database, recorder } = await observed();
    await createSession(store, createInput(keyOf("a")));
    await database.execute("DROP TABLE adk_session_labels");
    await expect(store.getSession(keyOf("a"))).rejects.toThrow();
    expect(recorder.ended.some(({ failed }) => failed)).toBe(true);
  });
});

test.each(serverEngines())(
  "%s: what a lost connection makes run again is told with its cause",
  {
    timeout: serverTimeout,
  },
  async (kind) => {
    const direct = await serverStore(await databaseServer(kind));
    cleanups.push(() => direct.cleanup());
    const proxy = await startProxy(direct.url);
    cleanups.push(async () => proxy.close());
    const recorder = new Recorder();
    const store = await direct.open(proxy.url, { observe: recorder });
    const key = keyOf("app");
    await createSession(store, createInput(key));
    let cut = false;
    proxy.rules = {
      cutAnswer(piece) {
        if (cut || !piece.includes("COMMIT")) return false;
        cut = true;
        return true;
      },
    };
    await append(store, appendInput(key, [eventOf({})]));
    expect(recorder.retries).toEqual(["lost"]);
  },
);
