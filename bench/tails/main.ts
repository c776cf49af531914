/** `npm run bench -- tails`: live tails, one server and two. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeDocument } from "../report/document.ts";
import { publishTails, tailsText } from "../report/tails.ts";
import { readTailsOptions, tailsUsage } from "./options.ts";
import type { TailsRun } from "./result.ts";
import { runTails } from "./run.ts";

const results = join(import.meta.dirname, "../results");

/** Runs the command. @throws Error that says what is wrong with its arguments */
export async function tailsCommand(args: readonly string[]): Promise<void> {
  const options = readTailsOptions(args);
  if (options.help) return void process.stdout.write(tailsUsage);
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  let last: TailsRun | undefined;
  let file = "";
  await runTails(options, say, (run) => {
    // After each row: a run that is broken off leaves what it has measured.
    file = join(results, `tails-${run.startedAt.replaceAll(/[:.]/g, "-")}.json`);
    mkdirSync(results, { recursive: true });
    writeFileSync(file, `${JSON.stringify(run, null, 1)}\n`);
    if (options.publish) publishTails(run);
    last = run;
  });
  if (last !== undefined) process.stdout.write(tailsText(last));
  say(`written: ${file}`);
  if (options.publish) writeDocument();
}
