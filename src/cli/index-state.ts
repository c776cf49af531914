/** `sessiond index`: indexes over single keys of state. */
import { loadConfig } from "../config/load.ts";
import { didYouMean, UsageError } from "../config/usage.ts";
import type { Config } from "../config.ts";
import { createLog } from "../log.ts";
import type { EngineOptions } from "../store/engine.ts";
import { StartError } from "../store/errors.ts";
import { engineFor } from "../store/open.ts";
import {
  MOST_COUNTED,
  STATE_INDEX_TYPES,
  type StateIndexChange,
  type StateIndexEntry,
  type StateIndexes,
  type StateIndexType,
} from "../store/state-index.ts";
import { type Rest, takeSwitch, takeValue } from "./flags.ts";
import { engineOptions } from "./migrate.ts";

const ACTIONS: Readonly<Record<string, (rest: Rest) => Promise<void>>> = { add, list, drop };

/** Adds, lists or drops an index. @throws UsageError, StartError */
export async function index([action, ...args]: readonly string[]): Promise<void> {
  const names = Object.keys(ACTIONS);
  if (action === undefined) throw new UsageError(`index needs one of ${names.join(", ")}`);
  const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (run === undefined) {
    throw new UsageError(`index has no ${JSON.stringify(action)}${didYouMean(action, names)}`);
  }
  return run({ args });
}

async function add(given: Rest): Promise<void> {
  const dry = takeSwitch("--dry-run", given);
  const state = takeValue("--state", "KEY", dry);
  const as = takeValue("--as", STATE_INDEX_TYPES.join("|"), state);
  const stateKey = required("--state KEY", state.value);
  const type = readType(required(`--as ${STATE_INDEX_TYPES.join("|")}`, as.value));
  const { store, options, indexes } = storeOf(as);
  const made = await indexes.add(store, { ...options, stateKey, type, dryRun: dry.given });
  if (dry.given) return printSql(made);
  process.stdout.write(
    `The state key ${JSON.stringify(stateKey)} has an index as ${type}: ask ${made.table} by ${made.column}.\n` +
      "Servers that run use it for ListSessions from now on.\n",
  );
}

async function drop(given: Rest): Promise<void> {
  const dry = takeSwitch("--dry-run", given);
  const state = takeValue("--state", "KEY", dry);
  const stateKey = required("--state KEY", state.value);
  const { store, options, indexes } = storeOf(state);
  const gone = await indexes.drop(store, { ...options, stateKey, dryRun: dry.given });
  if (dry.given) return printSql(gone);
  process.stdout.write(
    `The index as ${gone.type} of the state key ${JSON.stringify(stateKey)} is gone, and ${gone.table}.${gone.column} with it.\n`,
  );
}

async function list(given: Rest): Promise<void> {
  const json = takeSwitch("--json", given);
  const { store, options, indexes } = storeOf(json);
  const found = await indexes.list(store, options);
  if (json.given) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  else if (found.length === 0) process.stdout.write("No state key has an index.\n");
  else process.stdout.write(tableOf(found));
}

function storeOf(rest: Rest): {
  readonly store: string;
  readonly options: EngineOptions;
  readonly indexes: StateIndexes<EngineOptions>;
} {
  const config: Config = loadConfig(rest.args, process.env);
  const { stateIndexes } = engineFor(config.store);
  if (stateIndexes === undefined) throw new StartError("This kind of store has no indexes over state keys.");
  return { store: config.store, options: engineOptions(config, createLog(config)), indexes: stateIndexes };
}

function required(form: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`${form} is missing`);
  return value;
}

function readType(text: string): StateIndexType {
  const type = STATE_INDEX_TYPES.find((name) => name === text);
  if (type !== undefined) return type;
  throw new UsageError(
    `--as is one of ${STATE_INDEX_TYPES.join(", ")}, not ${JSON.stringify(text)}${didYouMean(text, STATE_INDEX_TYPES)}`,
  );
}

function printSql({ sql }: StateIndexChange): void {
  for (const statement of sql) process.stdout.write(`${statement};\n`);
}

function tableOf(entries: readonly StateIndexEntry[]): string {
  const rows = entries.map(({ stateKey, type, column, rows: found, typed }) => {
    const more = found > MOST_COUNTED;
    return [
      JSON.stringify(stateKey),
      type,
      column,
      more ? `over ${MOST_COUNTED}` : String(found),
      more ? "" : String(found - typed),
    ];
  });
  const all = [["state key", "as", "column", "rows", "of another type"], ...rows];
  const widths = all[0]?.map((_, at) => Math.max(...all.map((row) => (row[at] as string).length))) ?? [];
  const lineOf = (row: readonly string[]) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ");
  return all.map((row) => `${lineOf(row).trimEnd()}\n`).join("");
}
