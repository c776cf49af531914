/** Runs one case: prepares all sides, then lets them take turns, round by round. */

import { join } from "node:path";
import type { AimResult, BenchCase, CaseResult, Side, SideResult, SideRound } from "./case.ts";
import type { Database } from "./lib/database.ts";
import { load } from "./lib/machine.ts";
import { cpuSeconds, residentMiB } from "./lib/proc.ts";
import type { Python } from "./lib/python.ts";
import { type SessiondServer, startSessiond } from "./lib/server.ts";
import { median } from "./lib/stats.ts";
import { type RoundReport, Worker } from "./lib/worker.ts";
import { openRawInserts } from "./raw/inserts.ts";

/** What cases run on. */
export interface Ground {
  readonly database: Database;
  readonly python: Python;
  readonly server: SessiondServer;
  readonly rounds: number;
  readonly seconds: number;
  readonly say: (text: string) => void;
}

interface OpenSide {
  readonly side: Side;
  readonly by?: string;
  readonly facts: Readonly<Record<string, number>>;
  readonly round: (seconds: number) => Promise<RoundReport>;
  readonly close: () => Promise<void>;
}

const MEMORY_SAMPLE_MS = 20;
const WARM_UP_SECONDS = 1;

/** Measures a case. A side that fails is told of in the result, and the others go on. */
export async function runCase(bench: BenchCase, ground: Ground): Promise<CaseResult> {
  const { say } = ground;
  const loadBefore = load();
  const failed = new Map<string, string>();
  const open: OpenSide[] = [];
  const rounds = new Map<string, SideRound[]>();
  let own: SessiondServer | undefined;
  try {
    if (bench.watchMemory) own = await startSessiond(await ground.database.urlFor("sessiond"));
    const server = own ?? ground.server;
    for (const side of bench.sides) {
      say(`${bench.name}: preparing ${side.name} …`);
      try {
        open.push(await openSide(side, ground, server));
        rounds.set(side.name, []);
      } catch (error) {
        failed.set(side.name, describe(error, ground));
      }
    }
    if (own !== undefined) own = await restarted(own, ground);
    else await warmUp(open, ground, failed);
    const count = bench.rounds ?? ground.rounds;
    for (let number = 0; number < count; number++) {
      // Each round begins with another side, so that none is always the one after a certain other.
      const order = open.map((_, at) => open[(at + number) % open.length] as OpenSide);
      for (const side of order.filter(({ side }) => !failed.has(side.name))) {
        const { name } = side.side;
        say(`${bench.name}: round ${number + 1} of ${count}, ${name} …`);
        try {
          rounds
            .get(name)
            ?.push(await measured(side, ground, own ?? ground.server, bench.watchMemory === true));
        } catch (error) {
          failed.set(name, describe(error, ground));
        }
      }
    }
  } finally {
    for (const side of open) await side.close();
    await own?.stop();
  }
  const sides = bench.sides.map((side) =>
    summarise(
      side.name,
      rounds.get(side.name) ?? [],
      open.find((one) => one.side === side),
      failed.get(side.name),
    ),
  );
  const { name, title, operation, compares, note } = bench;
  return {
    ...{ name, title, operation, compares, loadBefore, loadAfter: load(), sides },
    ...(note === undefined ? {} : { note }),
    aims: aimResults(bench, ground.database, sides),
  };
}

async function openSide(side: Side, ground: Ground, server: SessiondServer): Promise<OpenSide> {
  const { database, python, say } = ground;
  if (side.worker === "raw") {
    if (database.raw === undefined) throw new Error("this engine has no server");
    const inserts = await openRawInserts(database.raw, Number(side.parameters["clients"]), say);
    return { side, by: inserts.client, facts: {}, round: inserts.round, close: inserts.close };
  }
  const url = await database.urlFor(side.service);
  const worker =
    side.worker === "python"
      ? new Worker(python.worker, python.env)
      : new Worker([
          process.execPath,
          "--disable-warning=ExperimentalWarning",
          join(import.meta.dirname, "load/worker.ts"),
        ]);
  try {
    const facts = await worker.setup({
      setup: side.setup,
      service: side.service,
      address: side.service === "sessiond" ? server.target : url,
      database: url,
      parameters: side.parameters,
    });
    return { side, facts, round: (seconds) => worker.round(seconds), close: () => worker.close() };
  } catch (error) {
    await worker.close();
    throw error;
  }
}

/** A short round of everyone that nobody reports: pools fill, compilers compile. */
async function warmUp(open: readonly OpenSide[], ground: Ground, failed: Map<string, string>): Promise<void> {
  for (const { side, round } of open) {
    try {
      await round(Math.min(WARM_UP_SECONDS, ground.seconds));
    } catch (error) {
      failed.set(side.name, describe(error, ground));
    }
  }
}

/** The same server, started anew on its port: what the setup left in its memory is gone. */
async function restarted(server: SessiondServer, { database }: Ground): Promise<SessiondServer> {
  await server.stop();
  return startSessiond(await database.urlFor("sessiond"), { port: Number(server.target.split(":")[1]) });
}

async function measured(
  { side, round }: OpenSide,
  { database, seconds }: Ground,
  server: SessiondServer,
  watchMemory: boolean,
): Promise<SideRound> {
  const statements = side.countStatements ? await database.countStatements(side.service) : undefined;
  const before = residentMiB(server.pid);
  let peak = before ?? 0;
  const watch = () => {
    peak = Math.max(peak, residentMiB(server.pid) ?? 0);
  };
  const timer = watchMemory ? setInterval(watch, MEMORY_SAMPLE_MS) : undefined;
  const serverBefore = side.service === "sessiond" ? cpuSeconds(server.pid) : undefined;
  const databaseBefore = cpuSeconds(database.pid);
  const report = await round(seconds);
  const serverCpu = difference(cpuSeconds(server.pid), serverBefore);
  const databaseCpu = difference(cpuSeconds(database.pid), databaseBefore);
  clearInterval(timer);
  return {
    ...report,
    serverCpu,
    databaseCpu,
    statements: await statements?.(),
    ...(watchMemory && before !== undefined ? { memory: { before, peak } } : {}),
  };
}

function difference(after: number | undefined, before: number | undefined): number | undefined {
  return after === undefined || before === undefined ? undefined : after - before;
}

function summarise(
  name: string,
  rounds: readonly SideRound[],
  open: OpenSide | undefined,
  failed: string | undefined,
): SideResult {
  const perOperation = (of: (round: SideRound) => number | undefined) =>
    median(
      rounds.map((round) => {
        const used = of(round);
        return used === undefined || round.operations === 0 ? undefined : (used * 1_000) / round.operations;
      }),
    );
  return {
    name,
    ...(open?.by === undefined ? {} : { by: open.by }),
    ...(failed === undefined ? {} : { failed }),
    facts: open?.facts ?? {},
    rounds,
    rate: median(rounds.map((round) => round.operations / round.seconds)),
    p50: median(rounds.map((round) => round.p50)),
    p99: median(rounds.map((round) => round.p99)),
    agentCpu: perOperation((round) => round.cpuSeconds),
    serverCpu: perOperation((round) => round.serverCpu),
    databaseCpu: perOperation((round) => round.databaseCpu),
    errors: rounds.reduce((sum, round) => sum + round.errorCount, 0),
  };
}

function aimResults(bench: BenchCase, { engine }: Database, sides: readonly SideResult[]): AimResult[] {
  const results = (name: string) => sides.find((side) => side.name === name && side.rounds.length > 0);
  return bench.aims
    .filter((aim) => aim.engines === undefined || aim.engines.includes(engine))
    .map((aim) => {
      const value = aim.value(results);
      const bound =
        aim.atMost === undefined ? `at least ${round2(aim.atLeast ?? 0)}` : `at most ${round2(aim.atMost)}`;
      const within =
        value !== undefined && value <= (aim.atMost ?? Infinity) && value >= (aim.atLeast ?? -Infinity);
      return {
        text: `${aim.text}: ${bound}`,
        value,
        met: value === undefined ? undefined : within || (aim.or?.(results) ?? false),
      };
    });
}

function round2(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** The end of an error's text, without the passwords that a driver's message may hold. */
function describe(error: unknown, { say }: Ground): string {
  const text = (error instanceof Error ? error.message : String(error)).replaceAll(
    /\/\/[^\s/@]+@/g,
    "//***@",
  );
  say(`  failed: ${text.trim().split("\n").at(-1)}`);
  return text.trim().split("\n").slice(-3).join(" ").slice(0, 400);
}
