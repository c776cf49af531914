/** `npm run bench`: measures the product and its peers on the same database in the same run. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { allCases } from "./cases.ts";
import { readOptions, usage } from "./options.ts";
import { publish, writeDocument } from "./report/document.ts";
import { caseText } from "./report/terminal.ts";
import { runEngine } from "./run.ts";
import { tailsCommand } from "./tails/main.ts";

const results = join(import.meta.dirname, "results");

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const known = allCases({ engine: "mysql", scale: 1 });
  if (options.help) return void process.stdout.write(usage);
  if (options.list) {
    for (const { name, title } of known) process.stdout.write(`${name.padEnd(16)}${title}\n`);
    return;
  }
  if (options.docs) return writeDocument();
  const unknown = options.cases.filter((name) => !known.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(", ")}; --list names them`);
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  for (const engine of options.engines) {
    let file = "";
    await runEngine(engine, options, {
      say,
      onCase(result, run) {
        process.stdout.write(caseText(result));
        // After each case: a run that is broken off leaves what it has measured.
        file = join(results, `${engine}-${run.startedAt.replaceAll(/[:.]/g, "-")}.json`);
        mkdirSync(results, { recursive: true });
        writeFileSync(file, `${JSON.stringify(run, null, 1)}\n`);
        if (options.publish) publish(run);
      },
    });
    say(`written: ${file}`);
    if (options.publish) writeDocument();
  }
}

// An end by a signal would skip the ends of the processes that were started here.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
try {
  const [command, ...rest] = process.argv.slice(2);
  await (command === "tails" ? tailsCommand(rest) : main(process.argv.slice(2)));
  process.exit(0);
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).stack ?? error}\n`);
  process.exit(1);
}
