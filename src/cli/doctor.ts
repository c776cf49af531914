/** `sessiond doctor`. */
import { loadConfig } from "../config/load.ts";
import { createLog } from "../log.ts";
import type { Finding, FindingLevel } from "../store/finding.ts";
import { engineFor } from "../store/open.ts";
import { takeSwitch } from "./flags.ts";
import { engineOptions } from "./migrate.ts";

/**
 * Checks the store and prints what it finds; the exit code is 1 if a check failed.
 * @throws UsageError; StartError if the URL is malformed
 */
export async function doctor(given: readonly string[]): Promise<void> {
  const { given: json, args } = takeSwitch("--json", { args: given });
  const config = loadConfig(args, process.env);
  const engine = engineFor(config.store);
  const store = engine.displayUrl(config.store);
  const options = engineOptions(config, createLog({ ...config, logLevel: "error" }));
  const counts: Record<FindingLevel, number> = { ok: 0, warn: 0, fail: 0 };
  const findings: Finding[] = [];
  for await (const finding of engine.doctor(config.store, options)) {
    counts[finding.level]++;
    findings.push(finding);
    if (!json) process.stdout.write(textOf(finding));
  }
  process.stdout.write(
    json
      ? `${JSON.stringify({ store, ...counts, findings }, null, 2)}\n`
      : `\n${store}: ${counts.ok} ok, ${counts.warn} to look at, ${counts.fail} failed\n`,
  );
  if (counts.fail > 0) process.exitCode = 1;
}

function textOf({ level, check, found, advice }: Finding): string {
  const head = `${level.padEnd(4)}  ${check.padEnd(24)}${found}\n`;
  return advice === "" ? head : `${head}${" ".repeat(30)}-> ${advice}\n`;
}
