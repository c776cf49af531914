/** A whole run on one engine. */
import { capture } from "../scripts/lib.ts";
import type { CaseResult } from "./case.ts";
import { allCases } from "./cases.ts";
import { type EngineName, openDatabase } from "./lib/database.ts";
import { describeMachine, load, type Machine } from "./lib/machine.ts";
import { preparePython } from "./lib/python.ts";
import { startSessiond } from "./lib/server.ts";
import type { Options } from "./options.ts";
import { runCase } from "./run-case.ts";

/** A run with everything that its figures depend on. */
export interface RunResult {
  readonly startedAt: string;
  readonly command: string;
  readonly commit: string;
  readonly engine: EngineName;
  readonly version: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly machine: Machine;
  /** Load averages of a minute, before and after. */
  readonly load: readonly [number, number];
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly scale: number;
  /** What whoever ran it has to say. */
  readonly note?: string;
  readonly cases: readonly CaseResult[];
}

/** Packages whose versions decide the figures. */
const told = [
  "google-adk",
  "sqlspec",
  "asyncmy",
  "aiosqlite",
  "sqlalchemy",
  "grpcio",
  "protobuf",
  "pydantic",
];

/** What a run tells while it goes. */
export interface Listener {
  say(text: string): void;
  /** A case has ended; `run` is everything so far. */
  onCase(result: CaseResult, run: RunResult): void;
}

/** Runs the chosen cases on an engine. */
export async function runEngine(engine: EngineName, options: Options, listener: Listener): Promise<void> {
  const { rounds, seconds, scale } = options;
  const cases = allCases({ engine, scale }).filter(
    ({ name }) => options.cases.length === 0 || options.cases.includes(name),
  );
  const loadBefore = load();
  const startedAt = new Date().toISOString();
  const python = preparePython(listener.say);
  listener.say(`starting ${engine} …`);
  const database = await openDatabase(engine);
  const results: CaseResult[] = [];
  const soFar = (): RunResult => ({
    startedAt,
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    commit: capture("git", ["rev-parse", "--short", "HEAD"]).out.trim(),
    engine,
    version: database.version,
    settings: database.settings,
    machine: describeMachine(),
    load: [loadBefore, load()],
    versions: {
      node: process.versions.node,
      python: python.version.replace("Python ", ""),
      ...Object.fromEntries(
        told.flatMap((name) => (python.packages[name] ? [[name, python.packages[name]]] : [])),
      ),
    },
    ...{ rounds, seconds, scale },
    ...(options.note === undefined ? {} : { note: options.note }),
    cases: results,
  });
  try {
    const server = await startSessiond(await database.urlFor("sessiond"), { profile: options.profile });
    try {
      for (const bench of cases) {
        const result = await runCase(bench, {
          ...{ database, python, server, rounds, seconds },
          say: listener.say,
        });
        results.push(result);
        listener.onCase(result, soFar());
      }
    } finally {
      await server.stop();
    }
  } finally {
    await database.stop();
  }
}
