/** What `npm run bench -- tails` takes. */
import { parseArgs } from "node:util";
import type { EngineName } from "../lib/database.ts";
import { count, engineOf, positive } from "../options.ts";

/** Its arguments. */
export interface TailsOptions {
  readonly engine: EngineName;
  /** How many tails, one measurement after the other. */
  readonly tails: readonly number[];
  readonly sessions: number;
  /** Appends a second, over all sessions. */
  readonly rate: number;
  /** Seconds with appends, and before them without. */
  readonly seconds: number;
  readonly idleSeconds: number;
  readonly publish: boolean;
  readonly note: string | undefined;
  readonly help: boolean;
}

export const tailsUsage = `npm run bench -- tails [OPTIONS]

Measures live tails: append to arrival on one server and through a second one, memory of an idle tail, and what the
servers ask the database. Prints a table and writes bench/results/tails-*.json.

  --engine NAME      mysql (default) or mariadb
  --tails N,…        how many tails, 1000,5000 by default; each a multiple of --sessions
  --sessions N       sessions that they are spread over, 100 by default
  --rate N           appends a second, over all sessions, 200 by default
  --seconds N        seconds of appends, 30 by default
  --idle-seconds N   seconds without any, 20 by default
  --publish          makes this run the one that docs/performance.md shows
  --note TEXT        what the page says with this run, such as what else the machine did
`;

/** Reads the arguments. @throws Error that says what is wrong with them */
export function readTailsOptions(args: readonly string[]): TailsOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      engine: { type: "string", default: "mysql" },
      tails: { type: "string", default: "1000,5000" },
      sessions: { type: "string", default: "100" },
      rate: { type: "string", default: "200" },
      seconds: { type: "string", default: "30" },
      "idle-seconds": { type: "string", default: "20" },
      publish: { type: "boolean", default: false },
      note: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const engine = engineOf(values.engine);
  if (engine === "sqlite") throw new Error("--engine of tails takes one that two servers can share");
  const sessions = count("sessions", values.sessions);
  const tails = values.tails.split(",").map((text) => count("tails", text));
  const uneven = tails.find((one) => one % sessions !== 0);
  if (uneven !== undefined) throw new Error(`${uneven} tails do not spread evenly over ${sessions} sessions`);
  return {
    ...{ engine, tails, sessions },
    rate: positive("rate", values.rate),
    seconds: positive("seconds", values.seconds),
    idleSeconds: positive("idle-seconds", values["idle-seconds"]),
    publish: values.publish,
    note: values.note,
    help: values.help,
  };
}
