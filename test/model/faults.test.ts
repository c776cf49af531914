/** Random histories while something breaks: nothing acknowledged is lost, nothing is doubled, and all recovers. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type Data, newData, removeFolder, storeNames, temporaryFolder, urlFor } from "../api/harness.ts";
import { startProxy, type TcpProxy } from "../store/mysql/proxy.ts";
import {
  type PrivateServer,
  serverEngines,
  serverTimeout,
  startPrivateServer,
} from "../support/databases/index.ts";
import { killConnections, killDatabase, killServers } from "./faults/kills.ts";
import { deadlocks, lockTimeouts } from "./faults/locks.ts";
import { cutCommits, slowCommits } from "./faults/network.ts";
import type { Fault } from "./faults/pace.ts";
import { type Account, changePassword, crowd, switchReadOnly, writePassword } from "./faults/refusals.ts";
import { Servers } from "./faults/servers.ts";
import { runRound, seedsOf } from "./round.ts";

/** Rounds with a fault; all of them go well. */
async function rounds(count: number, cluster: Servers, faults: Fault, clients = 4): Promise<void> {
  const started = performance.now();
  const seeds = seedsOf(count);
  let calls = 0;
  for (const seed of seeds) calls += await runRound({ seed, cluster, clients, callsPerClient: 10, faults });
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`${expect.getState().currentTestName}: ${seeds.length} rounds, ${calls} calls, ${seconds} s`);
  expect(calls).toBeGreaterThan(0);
}

/** As long as more rounds than usual may take, in milliseconds. */
const timeout = 3_600_000;

/** Next to no connections, queues and patience. */
const TINY = [
  ...["--write-connections", "1", "--read-connections", "1", "--pool-queue", "1"],
  ...["--acquire-timeout", "20ms", "--append-queue-calls", "1"],
];

/** How long a call may take where commits are slow, and how long a commit then does, in milliseconds. */
const SHORT = 1_000;
const LONG = 1_200;
const UNARY = SessionService.methods.filter(({ methodKind }) => methodKind === "unary");
const IMPATIENT = [
  ...["--max-deadline", `${SHORT}ms`],
  ...["--deadlines", UNARY.map(({ name }) => `${name}=${SHORT}ms`).join()],
];

describe.each(storeNames)("%s: servers", (store) => {
  let data: Data;
  const started: Servers[] = [];
  const start = async (count: number, args: readonly string[] = []) => {
    const servers = await Servers.start(data.url, count, args);
    started.push(servers);
    return servers;
  };

  beforeAll(async () => {
    data = await newData(store);
  }, serverTimeout);

  afterAll(async () => {
    for (const servers of started) await servers.stop();
    await data?.drop();
  });

  test(
    "kill -9 of a server",
    async () => {
      const servers = await start(store === "sqlite" ? 1 : 2);
      await rounds(2, servers, killServers(servers));
    },
    timeout,
  );

  test("full pools", async () => rounds(1, await start(1, TINY), crowd(), 12), timeout);
});

describe.each(serverEngines())("%s: database", (engine) => {
  let database: PrivateServer;
  let proxy: TcpProxy;
  let url: string;
  let servers: Servers;
  let impatient: Servers;
  let folder: string;
  let account: Account;
  let name: string;

  beforeAll(async () => {
    database = await startPrivateServer(engine);
    const made = await database.createDatabase();
    name = made.name;
    proxy = await startProxy(made.url);
    const through = new URL(proxy.url);
    folder = await temporaryFolder();
    account = {
      user: through.username,
      password: decodeURIComponent(through.password),
      passwordFile: join(folder, "password"),
    };
    await writePassword(account, account.password);
    through.password = "";
    url = urlFor(engine, through.href);
    const args = ["--store-password-file", account.passwordFile];
    servers = await Servers.start(url, 2, args);
    impatient = await Servers.start(url, 2, [...args, ...IMPATIENT]);
  }, serverTimeout);

  afterAll(async () => {
    await Promise.all([servers?.stop(), impatient?.stop()]);
    await proxy?.close();
    await database?.stop();
    if (folder !== undefined) await removeFolder(folder);
  });

  const faults: Record<string, { count: number; make: () => Fault; slow?: boolean }> = {
    "connections cut at COMMIT": { count: 4, make: () => cutCommits(proxy) },
    "slow commits": { count: 1, make: () => slowCommits(proxy, LONG), slow: true },
    "KILL of connections and queries": { count: 4, make: () => killConnections(database, name) },
    deadlocks: { count: 2, make: () => deadlocks(database, name) },
    "lock wait timeouts": { count: 1, make: () => lockTimeouts(database, name) },
    "read_only switched on and off": { count: 1, make: () => switchReadOnly(database) },
    "a changed password": { count: 1, make: () => changePassword(database, name, account) },
    "kill -9 of the database": { count: 2, make: () => killDatabase(database) },
  };
  test.each(Object.entries(faults))(
    "%s",
    (_, { count, make, slow }) => rounds(count, slow === true ? impatient : servers, make()),
    timeout,
  );
});
