/**
 * Brings a database to the newest schema. DDL commits by itself here, so a step is
 * recorded as begun, run, and recorded as finished; one that was cut off is run again.
 * One process at a time migrates: it holds a lease, a row of the versions table that
 * runs out by the database's clock, since named locks do not reach across a cluster.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { MigrationReport, MigrationStep } from "../engine.ts";
import { StartError } from "../errors.ts";
import {
  type FoundSchema,
  planMigration,
  SCHEMA_NAMES,
  stepChecksum,
  stepLiterals,
  VERSIONS_TABLE,
} from "../migrations.ts";
import type { Schema } from "../schema.ts";
import type { Connection } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { failureOf } from "./errors.ts";
import { requireReference } from "./owner.ts";
import { renderSql, STEPS, versionsTableSql } from "./schema.ts";
import { count, type SqlValue, statement } from "./sql.ts";

/** The database's clock in microseconds since 1970, whose zone the session set to UTC. */
const NOW_MICROS = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))";

/** The row that is the lease while a process migrates: `name` holds it until `applied_at`. */
const LEASE_VERSION = 0;
const LEASE_MS = 30_000;
const RENEW_MS = 5_000;
const ASK_AGAIN_MS = 200;

export interface MigrationOptions {
  readonly dialect: Dialect;
  readonly dryRun: boolean;
  readonly onStep: ((step: MigrationStep) => void) | undefined;
}

/**
 * Runs what is missing, on a connection for the work and one that keeps the lease.
 * @throws StartError; the driver's error
 */
export async function migrate(
  work: Connection,
  lease: Connection,
  options: MigrationOptions,
): Promise<MigrationReport> {
  const { dialect } = options;
  const { schema } = work;
  const findPlan = async () => planMigration(STEPS, await findSchema(work), (name) => schema.nameOf(name));
  const plan = await findPlan();
  if (plan.steps.length === 0 || options.dryRun) return rendered(plan, schema, options);
  await requireReference(work);
  await run(work, versionsTableSql(schema, dialect));
  return underLease(lease, async () => {
    // Another process may have migrated while this one waited.
    const now = await findPlan();
    for (const step of now.steps) {
      options.onStep?.(step);
      await record(work, step, false);
      for (const sql of step.sql) await run(work, renderSql(sql, schema, dialect));
      await record(work, step, true);
    }
    return rendered(now, schema, options);
  });
}

/**
 * What the database has under our names, read without changing anything. Read until two
 * readings agree, since another process may be migrating between their queries.
 */
export async function findSchema(connection: Connection): Promise<FoundSchema> {
  let found = await readSchema(connection);
  for (;;) {
    const again = await readSchema(connection);
    if (isDeepStrictEqual(found, again)) return found;
    found = again;
  }
}

async function readSchema(connection: Connection): Promise<FoundSchema> {
  const { schema } = connection;
  const tables = await select<{ name: string }>(
    connection,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() " +
      `AND table_name IN (${SCHEMA_NAMES.map(() => "?").join(", ")}) ORDER BY table_name`,
    ...SCHEMA_NAMES.map((name) => schema.nameOf(name)),
  );
  const names = tables.map(({ name }) => schema.templateOf(name.toLowerCase()) ?? name);
  if (!names.includes(VERSIONS_TABLE)) return { names, recorded: undefined };
  const columns = await select<{ name: string }>(
    connection,
    "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() " +
      "AND table_name = ? AND column_name IN ('version', 'name', 'checksum', 'finished', 'applied_at')",
    schema.nameOf(VERSIONS_TABLE),
  );
  if (columns.length < 5) return { names, recorded: undefined };
  const rows = await select<{ version: number; name: string; checksum: string; finished: number }>(
    connection,
    `SELECT version, name, checksum, finished FROM ${VERSIONS_TABLE} WHERE version <> ${count(LEASE_VERSION)} ORDER BY version`,
  );
  return { names, recorded: rows.map((row) => ({ ...row, finished: row.finished !== 0 })) };
}

async function underLease<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  const holder = randomUUID();
  while (!(await take(connection, holder))) await sleep(ASK_AGAIN_MS);
  let lost: unknown;
  let renewing = Promise.resolve();
  const timer = setInterval(() => {
    renewing = renewing
      .then(async () => {
        if (!(await take(connection, holder)))
          lost = new StartError("Another process took over the migration. Run it again.");
      })
      .catch((error: unknown) => {
        lost = error;
      });
  }, RENEW_MS);
  try {
    const done = await work();
    if (lost !== undefined) throw lost;
    return done;
  } finally {
    clearInterval(timer);
    await renewing;
    if (connection.usable) {
      await run(
        connection,
        `DELETE FROM ${VERSIONS_TABLE} WHERE version = ? AND name = ?`,
        LEASE_VERSION,
        holder,
      );
    }
  }
}

/** Takes the lease or makes it longer; false while another process holds it. */
async function take(connection: Connection, holder: string): Promise<boolean> {
  try {
    const until = `${NOW_MICROS} + ${count(LEASE_MS * 1_000)}`;
    const [inserted] = await connection.run([
      statement(
        `INSERT IGNORE INTO ${VERSIONS_TABLE} (version, name, checksum, finished, applied_at) VALUES (?, ?, '', 0, ${until})`,
        LEASE_VERSION,
        holder,
      ),
    ]);
    if (inserted?.affectedRows === 1) return true;
    const [updated] = await connection.run([
      statement(
        `UPDATE ${VERSIONS_TABLE} SET name = ?, applied_at = ${until} ` +
          `WHERE version = ? AND (name = ? OR applied_at < ${NOW_MICROS})`,
        holder,
        LEASE_VERSION,
        holder,
      ),
    ]);
    return updated?.affectedRows === 1;
  } catch (error) {
    if (failureOf(error) === "contention") return false;
    throw error;
  }
}

async function record(connection: Connection, step: MigrationStep, finished: boolean): Promise<void> {
  await run(
    connection,
    `INSERT INTO ${VERSIONS_TABLE} (version, name, checksum, finished, applied_at) VALUES (?, ?, ?, ?, ${NOW_MICROS}) ` +
      "ON DUPLICATE KEY UPDATE finished = VALUES(finished), applied_at = VALUES(applied_at)",
    step.version,
    step.name,
    stepChecksum(step),
    Number(finished),
  );
}

/**
 * The steps as a person could run them by hand: with the table of versions and the record of
 * each, so that a server finds the schema as if this process had made it.
 */
function rendered(report: MigrationReport, schema: Schema, { dialect }: MigrationOptions): MigrationReport {
  const steps = report.steps.map((step) => ({
    ...step,
    sql: [
      ...(step.version === 1 ? [versionsTableSql(schema, dialect)] : []),
      ...step.sql.map((sql) => renderSql(sql, schema, dialect)),
      schema.sql(
        `INSERT INTO ${VERSIONS_TABLE} (version, name, checksum, finished, applied_at) ` +
          `VALUES (${stepLiterals(step)}, 1, ${NOW_MICROS})`,
      ),
    ],
  }));
  return { ...report, steps };
}

async function run(connection: Connection, sql: string, ...values: readonly SqlValue[]): Promise<void> {
  await connection.run([statement(sql, ...values)]);
}

async function select<R>(connection: Connection, sql: string, ...values: readonly SqlValue[]): Promise<R[]> {
  const [result] = await connection.run([statement(sql, ...values)]);
  return (result?.rows ?? []) as unknown as R[];
}
