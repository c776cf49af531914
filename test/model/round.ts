/** A round: clients that write and read at once for a while, then the final reads, then the check. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Api, connect, type Server } from "../api/harness.ts";
import { Random } from "../store/random.ts";
import type { Attempt } from "./calls.ts";
import { violationsOf } from "./checker/index.ts";
import { type Recorder, resolve, runClient } from "./client.ts";
import { finalReads, Generator } from "./generate.ts";

/** What CI begins with: a change is judged by the same histories as the one before it. */
const CI_SEED = 20_261_121;

/** The seed of the first round: `SEED` of the environment, under `CI` a fixed one, else one that changes with every run. */
export const firstSeed = Number(
  process.env["SEED"] ?? (process.env["CI"] ? CI_SEED : Date.now() % 1_000_000_000),
);

/** How many times the usual number of rounds: `SESSIOND_TEST_MODEL_SCALE` of the environment. */
const scale = Number(process.env["SESSIOND_TEST_MODEL_SCALE"] ?? 1);

/** The seeds of a test with so many rounds by default; one alone where the environment names it. */
export function seedsOf(rounds: number): number[] {
  const count = process.env["SEED"] === undefined ? Math.ceil(rounds * scale) : 1;
  return Array.from({ length: count }, (_, at) => firstSeed + at);
}

/** Servers that clients reach, some of which may be replaced while a round runs. */
export interface Cluster {
  /** The clients of the servers that run now, one for each. */
  readonly apis: readonly Api[];
}

/** How a round goes. */
export interface RoundOptions {
  readonly seed: number;
  readonly cluster: Cluster;
  readonly clients: number;
  readonly callsPerClient: number;
  /** Breaks things while the clients run; they go on until it is done. */
  readonly faults?: ((random: Random, history: readonly Attempt[]) => Promise<void>) | undefined;
}

/**
 * Runs a round and checks it; resolves to how many calls it had.
 * @throws Error with the violations, the history around them and the command that replays the seed
 */
export async function runRound(options: RoundOptions): Promise<number> {
  const { seed, cluster, clients, callsPerClient } = options;
  const appName = `model ${seed} ${process.pid} ${performance.now()}`;
  const attempts: Attempt[] = [];
  let ticks = 0;
  const recorder: Recorder = {
    attempts,
    tick: () => ++ticks,
    api: (random) => random.pick(cluster.apis),
  };
  let broken = options.faults !== undefined;
  const running = Array.from({ length: clients }, (_, client) => {
    let calls = 0;
    const random = randomOf(seed, `client ${client}`);
    const generator = new Generator(randomOf(seed, `calls ${client}`), appName, `${client}`);
    return runClient(recorder, random, client, generator, () => ++calls <= callsPerClient || broken);
  });
  const breaking = options.faults?.(randomOf(seed, "faults"), attempts).finally(() => {
    broken = false;
  });
  await Promise.all([...running, breaking]);
  const random = randomOf(seed, "end");
  await Promise.all(finalReads(appName).map((call) => resolve(recorder, random, clients, call)));
  const violations = violationsOf({ attempts, faults: options.faults !== undefined });
  if (violations.length > 0) throw new Error(describeFailure(options, violations, attempts));
  return attempts.length;
}

/** Clients of a server over its gRPC door. */
export function clientsOf(servers: readonly Server[]): Api[] {
  return servers.map((server) => connect("grpc-js", server));
}

/** Choices of one part of a round, so that parts do not depend on how others interleave. */
function randomOf(seed: number, part: string): Random {
  return new Random(createHash("sha256").update(`${seed} ${part}`).digest().readUInt32LE());
}

function describeFailure(
  { seed }: RoundOptions,
  violations: readonly string[],
  attempts: readonly Attempt[],
): string {
  const shown = violations.slice(0, 10).map((violation) => `- ${violation.slice(0, 2_000)}`);
  const lines = [
    `${violations.length} violations in the history of seed ${seed}:`,
    ...shown,
    `Replay: SEED=${seed} npx vitest run --project model -t '${expect.getState().currentTestName}'`,
    `The whole history: ${keepHistory(seed, attempts)}`,
  ];
  return lines.join("\n");
}

/** Writes a history into a file and gives its path: of clients that ran at once it does not come again. */
function keepHistory(seed: number, attempts: readonly Attempt[]): string {
  const folder = join(import.meta.dirname, "../../.cache/model");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${seed}-${process.pid}.txt`);
  writeFileSync(path, `${attempts.map(toLine).join("\n")}\n`);
  return path;
}

function toLine(attempt: Attempt): string {
  const { client, call, start, end, outcome } = attempt;
  const text = (value: unknown) =>
    JSON.stringify(value, (_, part) => (typeof part === "bigint" ? Number(part) : part));
  return `${start}-${end} client ${client} ${call.kind} ${text(call.request)} -> ${text(outcome)}`;
}
