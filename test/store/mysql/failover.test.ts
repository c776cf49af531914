/** Several hosts: connections lead to the one that takes writes, at start and when that changes. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { EngineOptions } from "../../../src/store/engine.ts";
import { mysqlEngine } from "../../../src/store/mysql/index.ts";
import type { Store } from "../../../src/store/store.ts";
import {
  type PrivateServer,
  serverEngines,
  serverTimeout,
  startPrivateServer,
} from "../../support/databases/index.ts";
import {
  append,
  appendInput,
  createInput,
  createSession,
  eventOf,
  failsWith,
  keyOf,
  mustGet,
  refusesStart,
} from "../build.ts";
import { options, query } from "./harness.ts";

const ACCOUNT = "app:pw";

describe.each(serverEngines())("%s: failover", (kind) => {
  let servers: PrivateServer[] = [];
  let stores: Store[] = [];
  /** Over both servers, and over each alone. */
  let url: string;
  let alone: string[];

  beforeAll(async () => {
    servers = await Promise.all([startPrivateServer(kind), startPrivateServer(kind)]);
    for (const { adminUrl } of servers) {
      await query(adminUrl, "CREATE DATABASE sessions CHARACTER SET utf8mb4");
      await query(adminUrl, "CREATE USER 'app'@'%' IDENTIFIED BY 'pw'");
      await query(adminUrl, "GRANT ALL ON sessions.* TO 'app'@'%'");
    }
    alone = servers.map(({ port }) => `mysql://${ACCOUNT}@127.0.0.1:${port}/sessions`);
    url = `mysql://${ACCOUNT}@${servers.map(({ port }) => `127.0.0.1:${port}`).join(",")}/sessions`;
    for (const each of alone) await mysqlEngine.migrate(each, { ...options, dryRun: false });
  }, serverTimeout);

  beforeEach(() => setReadOnly(false, false));

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    stores = [];
  });

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
  });

  async function setReadOnly(...values: boolean[]): Promise<void> {
    for (const [at, value] of values.entries()) {
      await query(servers[at]?.adminUrl ?? "", `SET GLOBAL read_only = ${value ? 1 : 0}`);
    }
  }

  async function open(through = url, more: Partial<EngineOptions> = {}): Promise<Store> {
    const store = await mysqlEngine.open(through, { ...options, connectTimeoutMs: 2_000, ...more });
    stores.push(store);
    return store;
  }

  /** The same session on both servers, as replication makes it. */
  async function sessionOnBoth(app: string) {
    const key = keyOf(app);
    for (const each of alone) await createSession(await open(each), createInput(key));
    return { key, on: (at: number) => mustGet(stores[at] as Store, key) };
  }

  test("a first host that is read-only is passed over, for writes and reads", async () => {
    const { key, on } = await sessionOnBoth("passed-over");
    await setReadOnly(true, false);
    const store = await open();
    await append(store, appendInput(key, [eventOf()]));
    expect((await mustGet(store, key)).headSeq).toBe(1);
    expect([(await on(0)).headSeq, (await on(1)).headSeq]).toEqual([0, 1]);
  });

  test("a migration goes to the host that takes writes", async () => {
    await setReadOnly(true, false);
    expect((await mysqlEngine.migrate(url, { ...options, dryRun: false })).steps).toEqual([]);
  });

  test("a host that becomes read-only is left for the one that takes writes now", async () => {
    const { key, on } = await sessionOnBoth("moved");
    await setReadOnly(false, true);
    const store = await open();
    await append(store, appendInput(key, [eventOf()]));
    expect((await on(0)).headSeq).toBe(1);
    await setReadOnly(true, false);
    await append(store, appendInput(key, [eventOf(), eventOf()]));
    // A read goes to where the write went.
    expect((await mustGet(store, key)).headSeq).toBe(2);
    expect([(await on(0)).headSeq, (await on(1)).headSeq]).toEqual([1, 2]);
    const [writes, reads] = store.poolStats?.() ?? [];
    expect(writes?.closed.moved).toBeGreaterThan(0);
    expect(reads?.closed.moved).toBeGreaterThan(0);
    await setReadOnly(false, true);
    await append(store, appendInput(key, [eventOf()]));
    expect((await on(0)).headSeq).toBe(2);
  });

  test("where no host takes writes, that is said, and it passes", async () => {
    const { key } = await sessionOnBoth("none");
    const store = await open();
    await setReadOnly(true, true);
    await failsWith(append(store, appendInput(key, [eventOf()])), "STORE_READ_ONLY");
    await refusesStart(mysqlEngine.open(url, options), /none of the hosts takes writes/);
    await setReadOnly(true, false);
    expect((await append(store, appendInput(key, [eventOf()]))).headSeq).toBe(1);
  });

  test("one read-only host alone serves reads, and writes once it takes them", async () => {
    const { key } = await sessionOnBoth("alone");
    await setReadOnly(true, false);
    const store = await open(alone[0]);
    expect((await mustGet(store, key)).headSeq).toBe(0);
    await failsWith(append(store, appendInput(key, [eventOf()])), "STORE_READ_ONLY");
    await setReadOnly(false, false);
    expect((await append(store, appendInput(key, [eventOf()]))).headSeq).toBe(1);
    expect((await mustGet(store, key)).headSeq).toBe(1);
  });

  // The last, since it ends a server for good.
  test("a host that goes down is left for the other, at run time and at start", async () => {
    const { key, on } = await sessionOnBoth("down");
    const store = await open();
    await append(store, appendInput(key, [eventOf()]));
    await servers[0]?.kill();
    expect((await append(store, appendInput(key, [eventOf()]))).headSeq).toBe(1);
    expect((await mustGet(store, key)).headSeq).toBe(1);
    expect((await on(1)).headSeq).toBe(1);
    const another = await open();
    await append(another, appendInput(key, [eventOf()]));
    expect((await on(1)).headSeq).toBe(2);
    await servers[1]?.kill();
    await failsWith(append(store, appendInput(key, [eventOf()])), "STORE_UNAVAILABLE");
    await refusesStart(mysqlEngine.open(url, options), /nothing listens there/);
    await servers[1]?.start();
    expect((await append(store, appendInput(key, [eventOf()]))).headSeq).toBe(3);
  });
});
