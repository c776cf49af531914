/** A whole run of the tails benchmark. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import mysql from "mysql2/promise";
import { capture } from "../../scripts/lib.ts";
import { type Database, openDatabase } from "../lib/database.ts";
import { describeMachine, load } from "../lib/machine.ts";
import { cpuSeconds } from "../lib/proc.ts";
import { type SessiondServer, startSessiond } from "../lib/server.ts";
import { Worker } from "../lib/worker.ts";
import type { TailsOptions } from "./options.ts";
import { countedBy, memoryOf, questionsOf } from "./probe.ts";
import { type Place, places, type Queries, type TailsRow, type TailsRun } from "./result.ts";

/** A round that is not counted: compilers compile, pools fill. */
const WARM_UP_SECONDS = 10;
/** Tails of the warm-up on each session. */
const WARM_UP_TAILS = 1;
/** What a server has room for besides the measured tails. */
const SPARE_STREAMS = 1_000;

/** Measures every count of tails in both places; `onRow` has the run so far after each. */
export async function runTails(
  options: TailsOptions,
  say: (text: string) => void,
  onRow: (run: TailsRun) => void,
): Promise<void> {
  const { engine, sessions, rate, seconds, idleSeconds, note } = options;
  const startedAt = new Date().toISOString();
  say(`starting ${engine} …`);
  const database = await openDatabase(engine);
  const rows: TailsRow[] = [];
  try {
    for (const count of options.tails) {
      for (const place of places) {
        say(`${count} tails, ${place} …`);
        rows.push(await measure(database, options, count, place));
        onRow({
          startedAt,
          command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
          commit: capture("git", ["rev-parse", "--short", "HEAD"]).out.trim(),
          ...{ engine, version: database.version, settings: database.settings },
          machine: describeMachine(),
          node: process.versions.node,
          ...{ sessions, rate, idleSeconds, seconds },
          ...(note === undefined ? {} : { note }),
          rows,
        });
      }
    }
  } finally {
    await database.stop();
  }
}

/** The processes of one measurement. */
interface Setting {
  readonly database: Database;
  readonly connection: mysql.Connection;
  /** The server of the tails, and that of the appends, which may be the same. */
  readonly tails: SessiondServer;
  readonly writer: SessiondServer;
}

async function measure(
  database: Database,
  options: TailsOptions,
  count: number,
  place: Place,
): Promise<TailsRow> {
  const store = await database.urlFor("sessiond");
  const room = String(count + SPARE_STREAMS);
  const flags = ["--max-tails", room, "--max-tails-per-session", room, "--max-concurrent-streams", room];
  const ends: (() => Promise<void>)[] = [];
  try {
    const start = async () => {
      const server = await startSessiond(store, { flags, inspect: true });
      ends.push(() => server.stop());
      return server;
    };
    const tails = await start();
    const writer = place === "same server" ? tails : await start();
    const connection = await mysql.createConnection({ uri: database.raw?.href ?? "" });
    ends.push(async () => connection.destroy());
    const openWorker = async () => {
      const worker = loadWorker();
      ends.push(() => worker.close());
      return worker;
    };
    return await measureRow({ database, connection, tails, writer }, options, count, place, openWorker);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

function loadWorker(): Worker {
  const file = join(import.meta.dirname, "worker.ts");
  return new Worker([process.execPath, "--disable-warning=ExperimentalWarning", file]);
}

async function measureRow(
  setting: Setting,
  { sessions, rate, seconds, idleSeconds }: TailsOptions,
  count: number,
  place: Place,
  openWorker: () => Promise<Worker>,
): Promise<TailsRow> {
  const loadBefore = load();
  const app = `tails-${randomUUID().slice(0, 12)}`;
  const setup = (role: string, server: SessiondServer, tails = 0) => ({
    ...{ setup: role, service: "sessiond", address: server.target, database: "" },
    parameters: { app, sessions, rate, tails },
  });
  const writer = await openWorker();
  await writer.setup(setup("writer", setting.writer));

  const warmUp = await openWorker();
  await warmUp.setup(setup("tails", setting.tails, sessions * WARM_UP_TAILS));
  await Promise.all([warmUp.round(WARM_UP_SECONDS), writer.round(WARM_UP_SECONDS)]);
  await warmUp.close();

  const empty = await memoryOf(setting.tails);
  const tails = await openWorker();
  const began = performance.now();
  await tails.setup(setup("tails", setting.tails, count));
  const openSeconds = (performance.now() - began) / 1_000;
  const waiting = await counted(setting, () => sleep(idleSeconds * 1_000));
  const full = await memoryOf(setting.tails);

  // Collecting all garbage drops compiled code, too.
  await Promise.all([tails.round(WARM_UP_SECONDS), writer.round(WARM_UP_SECONDS)]);
  const [received, busy] = await Promise.all([
    tails.round(seconds),
    counted(setting, () => writer.round(seconds)),
  ]);
  const appended = busy.result;
  const kib = (of: "resident" | "heap") => (full[of] - empty[of]) / 1_024 / count;
  return {
    ...{ count, place, openSeconds, loadBefore, loadAfter: load() },
    ...{ p50: received.p50, p99: received.p99 },
    ...{ appendP50: appended.p50, appendP99: appended.p99, appendErrors: appended.errorCount },
    rate: appended.operations / appended.seconds,
    arrived: received.operations,
    expected: (appended.operations * count) / sessions,
    ...{ residentKiB: kib("resident"), heapKiB: kib("heap") },
    ...{ idle: waiting.queries, busy: busy.queries },
    cpu: {
      ...busy.cpu,
      // The tails' process also waits for what comes late, which costs it next to nothing.
      load: (received.cpuSeconds + appended.cpuSeconds) / appended.seconds,
    },
    loopDelay: { tails: busy.loopDelayMs, load: received.facts["loopDelayMs"] ?? 0 },
  };
}

/** What was counted during some work, beside its result. */
interface Counts<T> {
  readonly result: T;
  readonly queries: Queries;
  readonly cpu: Omit<TailsRow["cpu"], "load">;
  /** Of the tails' server. */
  readonly loopDelayMs: number;
}

/** Does the work, and counts what the servers ask the database meanwhile and the cores that they use. */
async function counted<T>(
  { database, connection, tails, writer }: Setting,
  work: () => Promise<T>,
): Promise<Counts<T>> {
  const read = async () => ({
    ...(({ statements, ...counted }) => ({ tails: statements, ...counted }))(await countedBy(tails)),
    writer: writer === tails ? undefined : (await countedBy(writer)).statements,
    database: await questionsOf(connection),
    tailsCpu: cpuSeconds(tails.pid),
    writerCpu: writer === tails ? undefined : cpuSeconds(writer.pid),
    databaseCpu: cpuSeconds(database.pid),
  });
  const before = await read();
  const began = performance.now();
  const result = await work();
  const elapsed = (performance.now() - began) / 1_000;
  const after = await read();
  const perSecond = (of: keyof typeof before) => {
    const [start, end] = [before[of], after[of]];
    return start === undefined || end === undefined ? undefined : (end - start) / elapsed;
  };
  return {
    result,
    loopDelayMs: after.loopDelayMs,
    queries: {
      tails: perSecond("tails") ?? 0,
      writer: perSecond("writer"),
      database: perSecond("database") ?? 0,
      polls: perSecond("polls") ?? 0,
      pollMs: ((after.pollSeconds - before.pollSeconds) * 1_000) / (after.polls - before.polls),
    },
    cpu: {
      tails: perSecond("tailsCpu"),
      writer: perSecond("writerCpu"),
      database: perSecond("databaseCpu"),
    },
  };
}
