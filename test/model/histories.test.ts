/** Random histories on servers that nobody disturbs: several clients, and on a shared database two servers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, type Data, newData, type Server, startServer, storeNames } from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { clientsOf, runRound, seedsOf } from "./round.ts";

describe.each(storeNames)("%s", (store) => {
  let data: Data;
  const servers: Server[] = [];
  let apis: Api[] = [];

  beforeAll(async () => {
    data = await newData(store);
    const count = store === "sqlite" ? 1 : 2;
    while (servers.length < count)
      servers.push(await startServer({ store: data.url, args: ["--log-level", "warn"] }));
    apis = clientsOf(servers);
  }, serverTimeout);

  afterAll(async () => {
    await Promise.all(apis.map((api) => api.close()));
    for (const server of servers) await server.kill();
    await data?.drop();
  });

  test.each([
    { name: "one client", clients: 1, callsPerClient: 40, rounds: 40 },
    { name: "four clients", clients: 4, callsPerClient: 12, rounds: 130 },
  ])(
    "$name",
    async ({ name, clients, callsPerClient, rounds }) => {
      const started = performance.now();
      let calls = 0;
      const seeds = seedsOf(rounds);
      for (const seed of seeds) {
        calls += await runRound({
          seed,
          cluster: { apis },
          clients,
          callsPerClient,
        });
      }
      const seconds = ((performance.now() - started) / 1_000).toFixed(1);
      console.log(`${store}, ${name}: ${seeds.length} rounds, ${calls} calls, ${seconds} s`);
      expect(calls).toBeGreaterThan(seeds.length);
    },
    3_600_000,
  );
});
