/** Random histories while something breaks: nothing acknowledged is lost, nothing is doubled, and all recovers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Data, newData, storeNames, urlFor } from "../api/harness.ts";
import { startProxy, type TcpProxy } from "../store/mysql/proxy.ts";
import {
  type PrivateServer,
  serverEngines,
  serverTimeout,
  startPrivateServer,
} from "../support/databases/index.ts";
import {
  cutCommits,
  type Fault,
  killConnections,
  killDatabase,
  killServers,
  Servers,
  switchReadOnly,
} from "./faults.ts";
import { runRound, seedsOf } from "./round.ts";

/** Rounds with a fault; all of them go well. */
async function rounds(count: number, cluster: Servers, faults: Fault): Promise<void> {
  const started = performance.now();
  const seeds = seedsOf(count);
  let calls = 0;
  for (const seed of seeds)
    calls += await runRound({ seed, cluster, clients: 4, callsPerClient: 10, faults });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`${expect.getState().currentTestName}: ${seeds.length} rounds, ${calls} calls, ${seconds} s`);
  expect(calls).toBeGreaterThan(0);
}

/** As long as more rounds than usual may take, in milliseconds. */
const timeout = 3_600_000;

describe.each(storeNames)("%s: servers", (store) => {
  let data: Data;
  let servers: Servers;

  beforeAll(async () => {
    data = await newData(store);
    servers = await Servers.start(data.url, store === "sqlite" ? 1 : 2);
  }, serverTimeout);

  afterAll(async () => {
    await servers?.stop();
    await data?.drop();
  });

  test("kill -9 of a server", () => rounds(3, servers, killServers(servers)), timeout);
});

describe.each(serverEngines())("%s: database", (engine) => {
  let database: PrivateServer;
  let proxy: TcpProxy;
  let servers: Servers;
  let name: string;

  beforeAll(async () => {
    database = await startPrivateServer(engine);
    const made = await database.createDatabase();
    name = made.name;
    proxy = await startProxy(made.url);
    servers = await Servers.start(urlFor(engine, proxy.url), 2);
  }, serverTimeout);

  afterAll(async () => {
    await servers?.stop();
    await proxy?.close();
    await database?.stop();
  });

  const faults: Record<string, { count: number; make: () => Fault }> = {
    "connections cut at COMMIT": { count: 4, make: () => cutCommits(proxy) },
    "KILL of connections and queries": { count: 4, make: () => killConnections(database, name) },
    "read_only switched on and off": { count: 1, make: () => switchReadOnly(database) },
    "kill -9 of the database": { count: 2, make: () => killDatabase(database) },
  };
  test.each(Object.entries(faults))("%s", (_, { count, make }) => rounds(count, servers, make()), timeout);
});
