/**
 * Random histories with tails: writers, resumes, stalls, cuts, kill -9, two servers on one database, deletes and
 * re-creates. What each tail received is held to the six guarantees of I6.
 */
import { afterAll, beforeAll, describe, test } from "vitest";
import { type StoreName, storeNames } from "../api/harness.ts";
import { seedsOf } from "../model/round.ts";
import type { Random } from "../store/random.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { round } from "./round.ts";
import { stalledRound } from "./stalls.ts";
import { untilAnswered } from "./writers.ts";

const caseTimeout = 240_000;

/** The servers that a store can have on one database. */
const servers: Readonly<Record<StoreName, number>> = { sqlite: 1, mysql: 2, mariadb: 2 };

describe.each(storeNames)("%s", (store) => {
  let cluster: Cluster;
  beforeAll(async () => {
    // Small frames, so that appends are split over several, and short waits.
    const args = [
      "--frame-bytes",
      "64KiB",
      "--stream-bytes-in-flight",
      "64KiB",
      "--stall-timeout",
      "1s",
      "--tail-poll",
      "50ms",
      "--tail-poll-busy",
      "20ms",
    ];
    cluster = await startCluster(store, servers[store], args);
  }, serverTimeout);
  afterAll(() => cluster.close());

  test.each([
    ["writers and tails that stay", 14, { restless: false }],
    ["tails that leave and resume", 21, {}],
    ["connections that are cut", 20, { fault: cuts }],
    ["sessions that are deleted and made again", 10, { remake: true }],
    ["servers that are killed", 3, { fault: kill }],
  ] as const)("%s", { timeout: caseTimeout }, async (_, rounds, options) => {
    for (const seed of seedsOf(rounds)) await round({ seed, cluster, ...options });
  });

  test("readers that stop for a while, until they are cut off, and for good", {
    timeout: caseTimeout,
  }, async () => {
    for (const seed of seedsOf(3)) await stalledRound(seed, cluster);
  });
});

/** Cuts a few times, between answers to calls, as time passes for the others. */
async function cuts(cluster: Cluster, random: Random): Promise<void> {
  for (let cut = 0; cut < 3; cut++) {
    await untilAnswered(() => cluster.api(random).listApps({ pageSize: 1 }));
    cluster.cut(random);
  }
}

function kill(cluster: Cluster, random: Random): Promise<void> {
  return cluster.kill(random);
}
