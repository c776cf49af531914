/** One random history with tails, held to the six guarantees of I6. */
import { expect } from "vitest";
import { newKey } from "../api/harness.ts";
import { Random } from "../store/random.ts";
import type { Cluster } from "./cluster.ts";
import type { TailLog, Truth } from "./log.ts";
import { startTail } from "./tail.ts";
import { violationsOf } from "./validators.ts";
import { nothingWritten, readTruth, untilAnswered, write } from "./writers.ts";

/** What happens in a round. */
export interface RoundOptions {
  readonly seed: number;
  readonly cluster: Cluster;
  readonly restless?: boolean;
  /** Breaks things while the writers write. */
  readonly fault?: (cluster: Cluster, random: Random) => Promise<void> | void;
  /** Deletes the session in the end, and makes another of its name. */
  readonly remake?: boolean;
}

/** Runs a round. @throws Error with what was violated and how to repeat it */
export async function round({
  seed,
  cluster,
  restless = true,
  fault,
  remake = false,
}: RoundOptions): Promise<void> {
  const random = new Random(seed);
  const key = newKey();
  const api = () => cluster.api(random);
  await untilAnswered(() => api().createSession({ key, requestId: `create ${seed}`, state: { k0: "1" } }));
  const written = nothingWritten();
  await write(api, key, random, random.below(20), written);
  const tails = Array.from({ length: 3 }, () => startTail({ key, api, random, restless }));
  const writing = Promise.all([0, 1].map(() => write(api, key, random, 8 + random.below(10), written)));
  const breaking = fault === undefined ? undefined : Promise.resolve(fault(cluster, random));
  tails.push(startTail({ key, api, random, restless }));
  await Promise.all([writing, breaking]);
  const truth = await readTruth(api, key, written);
  await Promise.all(tails.map((tail) => tail.reached(truth.headSeq, truth.revision)));
  if (remake) {
    await untilAnswered(() => api().deleteSession({ key, requestId: `delete ${seed}` }));
    const recreated = random.below(2) === 0;
    if (recreated) await untilAnswered(() => api().createSession({ key, requestId: `again ${seed}` }));
    // Each ends by itself, in the right way.
    const ends = await Promise.all(
      tails.map((tail) => tail.reached(Number.POSITIVE_INFINITY, 0).then(() => tail.stop())),
    );
    for (const end of ends) expect(recreated ? ["deleted", "recreated"] : ["deleted"]).toContain(end);
  }
  await Promise.all(tails.map((tail) => tail.stop()));
  for (const { log } of tails) {
    expect(log.uid).toBe(truth.uid);
    check(seed, log, truth);
  }
}

/** @throws Error with every violation and what the tail was told */
export function check(seed: number, log: TailLog, truth: Truth): void {
  const violations = violationsOf(log, truth);
  if (violations.length === 0) return;
  const told = log.connections.map(({ cursor, frames }) => ({
    cursor,
    frames: frames.map((frame) =>
      frame.kind === "events"
        ? `events ${frame.events.map(({ seq }) => seq).join(" ")}${frame.continues ? " …" : ""} @${frame.seq}`
        : `${frame.kind}${frame.kind === "changed" ? ` ${frame.revision}` : ""} @${frame.seq}`,
    ),
  }));
  throw new Error(
    `seed ${seed}:\n${violations.join("\n")}\n${JSON.stringify(told, undefined, 1)}\n` +
      `Replay: SEED=${seed} npx vitest run --project tail-model`,
  );
}
