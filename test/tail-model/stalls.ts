/** A random history with readers that stop reading while their connections stay open. */
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { newKey } from "../api/harness.ts";
import { Random } from "../store/random.ts";
import type { Cluster } from "./cluster.ts";
import { check } from "./round.ts";
import { startTail } from "./tail.ts";
import { heavyEvent, nothingWritten, readTruth, untilAnswered, write } from "./writers.ts";

/**
 * Runs a round in which one reader stops until its server cuts it off, one until all is written, one for good; another
 * must not wait for them. @throws Error with what was violated
 */
export async function stalledRound(seed: number, cluster: Cluster): Promise<void> {
  const random = new Random(seed);
  const key = newKey();
  const api = () => cluster.api(random);
  await untilAnswered(() => api().createSession({ key, requestId: `create ${seed}` }));
  const written = nothingWritten();
  await write(api, key, random, random.below(10), written);
  const requestId = randomUUID();
  const allWritten = Promise.withResolvers<void>();
  const cutOff = Promise.withResolvers<void>();
  const tail = { key, api, random, restless: false };
  const tails = [
    startTail({
      ...tail,
      requestId,
      api: () => cluster.grpcApi(random),
      stall: { over: cutOff.promise, afterwards: "reads on" },
    }),
    startTail({ ...tail, stall: { over: allWritten.promise, afterwards: "reads on" } }),
    startTail({ ...tail, stall: { over: allWritten.promise, afterwards: "leaves" } }),
    startTail(tail),
  ];
  try {
    // One that has yet to catch up takes what is written before it stops.
    await Promise.all(tails.map((one) => one.caughtUp()));
    // More than a client's library, the kernel and the server hold for a reader of gRPC that takes nothing.
    await Promise.all([0, 1].map(() => write(api, key, random, 18, written, heavyEvent)));
    const truth = await readTruth(api, key, written);
    const reached = (some: typeof tails) =>
      Promise.all(some.map((one) => one.reached(truth.headSeq, truth.revision)));
    await reached(tails.slice(3));
    allWritten.resolve();
    await reached(tails.slice(1));
    await expect.poll(() => cluster.cutOff(requestId), { message: `seed ${seed}` }).toBe(true);
    cutOff.resolve();
    await reached(tails);
    await Promise.all(tails.map((one) => one.stop()));
    for (const { log } of tails) check(seed, log, truth);
    // Who was cut off came back, and so did who left.
    for (const at of [0, 2]) expect(tails[at]?.log.connections.length, `seed ${seed}`).toBeGreaterThan(1);
  } finally {
    allWritten.resolve();
    cutOff.resolve();
  }
}
