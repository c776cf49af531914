/** `sessiond migrate`. */

import { loadConfig } from "../config/load.ts";
import { schemaOptionsOf } from "../config/schema.ts";
import type { Config } from "../config.ts";
import { createLog } from "../log.ts";
import type { EngineOptions, MigrationStep } from "../store/engine.ts";
import { engineFor } from "../store/open.ts";
import { progressOn } from "./progress.ts";

/** Migrates, or with `--dry-run` prints the SQL. @throws UsageError, StartError */
export async function migrate(args: readonly string[]): Promise<void> {
  const dryRun = args.includes("--dry-run");
  const config = loadConfig(
    args.filter((arg) => arg !== "--dry-run"),
    process.env,
  );
  const log = createLog(config);
  const engine = engineFor(config.store);
  const progress = progressOn(process.stderr);
  const report = await engine.migrate(config.store, {
    ...engineOptions(config, log),
    dryRun,
    onStep: (step) => progress.show(`migrating: ${step.version} ${step.name} …`),
  });
  progress.clear();
  const where = engine.displayUrl(config.store);
  if (report.steps.length === 0) {
    process.stdout.write(
      `${dryRun ? "-- " : ""}${where} is up to date (schema version ${report.toVersion})\n`,
    );
  } else if (dryRun) {
    process.stdout.write(`-- ${where}: schema version ${report.fromVersion} to ${report.toVersion}\n`);
    for (const step of report.steps) process.stdout.write(sqlOf(step));
  } else {
    process.stdout.write(`${where}: schema version ${report.fromVersion} to ${report.toVersion}\n`);
  }
}

/** How an engine is opened under these settings. */
export function engineOptions(config: Config, log: EngineOptions["log"]): EngineOptions {
  return {
    log,
    writeConnections: config.writeConnections,
    readConnections: config.readConnections,
    acquireTimeoutMs: config.acquireTimeout,
    connectTimeoutMs: config.connectTimeout,
    statementTimeoutMs: config.statementTimeout,
    poolMin: config.poolMin,
    poolQueue: config.poolQueue,
    poolIdleTimeoutMs: config.poolIdleTimeout,
    poolMaxAgeMs: config.poolMaxAge,
    poolCheckAfterMs: config.poolCheckAfter,
    initSql: config.initSql,
    credentials: {
      user: config.storeUser,
      userFile: config.storeUserFile,
      password: config.storePassword,
      passwordFile: config.storePasswordFile,
    },
    schema: schemaOptionsOf(config),
  };
}

function sqlOf({ version, name, sql }: MigrationStep): string {
  return `\n-- ${version} ${name}\n${sql.map((statement) => `${statement.trim().replace(/;?$/, ";")}\n`).join("\n")}`;
}
