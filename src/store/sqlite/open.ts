/** Opening a database: what it is asked before anything is changed, and its migration. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { MigrationReport, MigrationStep } from "../engine.ts";
import { StartError } from "../errors.ts";
import {
  type FoundSchema,
  planMigration,
  type RecordedStep,
  requireCurrent,
  SCHEMA_NAMES,
  stepChecksum,
  stepLiterals,
  VERSIONS_TABLE,
} from "../migrations.ts";
import { Schema } from "../schema.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { toStartError } from "./errors.ts";
import { requireOwnerTable, requireReference } from "./owner.ts";
import { CREATE_VERSIONS_TABLE, renderStep, STEPS } from "./schema.ts";
import type { OpenedInfo, WorkerOptions } from "./wire.ts";

/** Opens a database that has the newest schema. @throws StartError, SqliteError */
export function openForWork(options: WorkerOptions): { db: Connection; info: OpenedInfo } {
  if (!existsSync(options.path)) {
    throw new StartError(
      `There is no SQLite database ${options.path} yet. Run "sessiond migrate", or start without --no-migrate.`,
    );
  }
  const db = Connection.open(options);
  try {
    requireCurrent(STEPS, findSchema(db), nameOf(db));
    requireOwnerTable(db);
    db.enableWal(options.busyTimeoutMs);
    if (options.role === "reader") db.db.pragma("query_only = ON");
    // A file that takes no writes is found out now and not by the first append.
    else db.write(() => undefined);
    return { db, info: describe(db) };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** How a migration is run. */
export interface MigrationOptions extends ConnectionOptions {
  readonly dryRun: boolean;
  readonly onStep: ((step: MigrationStep) => void) | undefined;
}

/** See `Engine.migrate`. @throws StartError */
export function migrate(options: MigrationOptions): MigrationReport {
  try {
    if (!existsSync(options.path)) {
      if (options.dryRun) {
        return rendered(planMigration(STEPS, { names: [], recorded: undefined }), new Schema(options.schema));
      }
      mkdirSync(dirname(options.path), { recursive: true });
      return closing(Connection.create(options), (db) => migrateOpen(db, options));
    }
    return closing(Connection.open(options), (db) => migrateOpen(db, options));
  } catch (error) {
    throw toStartError(error, options.path);
  }
}

function migrateOpen(db: Connection, options: MigrationOptions): MigrationReport {
  const plan = planMigration(STEPS, findSchema(db), nameOf(db));
  if (options.dryRun || plan.steps.length === 0) return rendered(plan, db.schema);
  requireReference(db);
  db.enableWal(options.busyTimeoutMs);
  return db.write(() => {
    // Another server may have migrated while this one waited for the lock.
    const locked = planMigration(STEPS, findSchema(db), nameOf(db));
    db.exec(CREATE_VERSIONS_TABLE);
    for (const step of locked.steps) run(db, step, options.onStep);
    return rendered(locked, db.schema);
  });
}

function nameOf(db: Connection): (template: string) => string {
  return (template) => db.schema.nameOf(template);
}

/** The steps as a person could run them by hand, see the table of versions. */
function rendered(report: MigrationReport, schema: Schema): MigrationReport {
  const steps = report.steps.map((step) => ({
    ...step,
    sql: [
      ...(step.version === 1 ? [schema.sql(CREATE_VERSIONS_TABLE)] : []),
      ...renderStep(step, schema),
      schema.sql(
        "INSERT INTO adk_schema_versions (version, name, checksum, applied_at) " +
          `VALUES (${stepLiterals(step)}, ` +
          "CAST(strftime('%s', 'now') AS INTEGER) * 1000000)",
      ),
    ],
  }));
  return { ...report, steps };
}

function run(db: Connection, step: MigrationStep, onStep: MigrationOptions["onStep"]): void {
  for (const sql of renderStep(step, db.schema)) db.exec(sql);
  db.run(
    "INSERT INTO adk_schema_versions (version, name, checksum, applied_at) VALUES (?, ?, ?, ?)",
    step.version,
    step.name,
    stepChecksum(step),
    Date.now() * 1000,
  );
  onStep?.(step);
}

/** What the file has under our names. */
export function findSchema(db: Connection): FoundSchema {
  return db.read(() => {
    const rows = db.all<{ name: string; type: string }>(
      // Names of tables do not heed case.
      `SELECT lower(name) AS name, type FROM sqlite_schema WHERE type IN ('table', 'view')
       AND lower(name) IN (${SCHEMA_NAMES.map(() => "?").join(", ")})`,
      ...SCHEMA_NAMES.map((name) => db.schema.nameOf(name)),
    );
    const found = rows.map(({ name, type }) => ({ name: db.schema.templateOf(name) ?? name, type }));
    const ours =
      found.some((row) => row.name === VERSIONS_TABLE && row.type === "table") && hasOurColumns(db);
    return { names: found.map((row) => row.name), recorded: ours ? readRecorded(db) : undefined };
  });
}

function hasOurColumns(db: Connection): boolean {
  const columns = db.all<{ name: string }>(
    "SELECT name FROM pragma_table_info(?)",
    db.schema.nameOf(VERSIONS_TABLE),
  );
  const names = new Set(columns.map((column) => column.name));
  return ["version", "name", "checksum", "applied_at"].every((name) => names.has(name));
}

function readRecorded(db: Connection): RecordedStep[] {
  const rows = db.all<Omit<RecordedStep, "finished">>(
    "SELECT version, name, checksum FROM adk_schema_versions ORDER BY version",
  );
  // A step and its record commit together.
  return rows.map((row) => ({ ...row, finished: true }));
}

function describe(db: Connection): OpenedInfo {
  const version = db.get<{ version: string }>("SELECT sqlite_version() AS version")?.version ?? "";
  const synchronous = ["OFF", "NORMAL", "FULL", "EXTRA"][Number(db.pragma("synchronous"))] ?? "";
  const settings = new Map([
    ["journal_mode", db.pragma("journal_mode").toUpperCase()],
    ["synchronous", synchronous],
  ]);
  return { version, settings };
}

function closing<T>(db: Connection, work: (db: Connection) => T): T {
  try {
    return work(db);
  } finally {
    db.close();
  }
}
