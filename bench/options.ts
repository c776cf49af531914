/** What the command takes. */
import { parseArgs } from "node:util";
import { type EngineName, engines } from "./lib/database.ts";

/** The command's arguments. */
export interface Options {
  /** Names of cases; all if empty. */
  readonly cases: readonly string[];
  readonly engines: readonly EngineName[];
  readonly rounds: number;
  /** Seconds of a round. */
  readonly seconds: number;
  /** What large data sets are multiplied by. */
  readonly scale: number;
  /** A folder for CPU profiles of the server. */
  readonly profile: string | undefined;
  /** Whether docs/performance.md is to have its figures. */
  readonly publish: boolean;
  /** What the page says with this run. */
  readonly note: string | undefined;
  /** Only writes docs/performance.md again. */
  readonly docs: boolean;
  readonly help: boolean;
}

export const usage = `npm run bench -- [CASE …] [OPTIONS]
npm run bench -- tails [OPTIONS]    live tails; its own --help

Measures sessiond beside ADK's DatabaseSessionService and SQLSpec's store on the same database server. Prepares all
that it needs in .cache, prints progress and tables, and writes bench/results/*.json.

  CASE …            only these cases, such as append-1 append-64; --list names them
  --engine NAMES    mysql (default), mariadb, sqlite; several with commas
  --rounds N        rounds of every side, 3 by default
  --seconds N       seconds of a round, 5 by default
  --scale X         multiplies the large data sets (100,000 sessions, 1,000,000 events), for a quick look
  --profile FOLDER  writes CPU profiles of the server (node --cpu-prof) there
  --publish         puts the figures of this run into docs/performance.md, in the place of older ones of the same cases
  --note TEXT       what the page says with this run, such as what else the machine did
  --docs            only writes docs/performance.md again, from the published runs
  --list            names the cases
`;

/** Reads the arguments. @throws Error that says what is wrong with them */
export function readOptions(args: readonly string[]): Options & { readonly list: boolean } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      engine: { type: "string", default: "mysql" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "5" },
      scale: { type: "string", default: "1" },
      profile: { type: "string" },
      publish: { type: "boolean", default: false },
      note: { type: "string" },
      docs: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return {
    cases: positionals,
    engines: values.engine.split(",").map(engineOf),
    rounds: count("rounds", values.rounds),
    seconds: positive("seconds", values.seconds),
    scale: positive("scale", values.scale),
    profile: values.profile,
    publish: values.publish,
    note: values.note,
    docs: values.docs,
    list: values.list,
    help: values.help,
  };
}

/** The engine of a name. @throws Error that names those there are */
export function engineOf(text: string): EngineName {
  const engine = engines.find((name) => name === text.trim());
  if (engine === undefined) throw new Error(`--engine takes ${engines.join(", ")}, not ${text.trim()}`);
  return engine;
}

/** The number above 0 that an option has. @throws Error that says so */
export function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new Error(`--${name} takes a number above 0, not ${text}`);
  return value;
}

/** The same rounded up to a whole number. */
export function count(name: string, text: string): number {
  return Math.ceil(positive(name, text));
}
