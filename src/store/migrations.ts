/**
 * The rules of migration that all engines share, as pure functions over what an engine
 * found: a schema is a list of numbered steps, each recorded with a checksum in
 * `adk_schema_versions`, whose presence also marks the tables beside it as ours. An
 * engine reads what is there (`FoundSchema`), asks here what to do, and does it under
 * its own lock, so that two servers that start at once migrate once.
 */
import { createHash } from "node:crypto";
import type { MigrationReport, MigrationStep } from "./engine.ts";
import { StartError } from "./errors.ts";

/** The table that records the steps; an engine makes it before the first step runs. */
export const VERSIONS_TABLE = "adk_schema_versions";

/** The other tables of the newest schema, the same on every engine. */
export const SCHEMA_TABLES = [
  "adk_sessions",
  "adk_events",
  "adk_session_states",
  "adk_user_states",
  "adk_app_states",
  "adk_session_labels",
  "adk_session_changes",
  "adk_requests",
  "adk_session_tombstones",
] as const;

/** The views for people, the same on every engine. */
export const SCHEMA_VIEWS = ["adk_sessions_view", "adk_events_view"] as const;

/** Every name that the schema takes: an engine looks which of them exist. */
export const SCHEMA_NAMES: readonly string[] = [VERSIONS_TABLE, ...SCHEMA_TABLES, ...SCHEMA_VIEWS];

/** A row of `adk_schema_versions`. */
export interface RecordedStep {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  /**
   * False for a step that began and is not known to have ended, on engines whose DDL
   * commits by itself; it is run again, so its statements must bear that.
   */
  readonly finished: boolean;
}

/** What an engine found, read without changing anything. */
export interface FoundSchema {
  /** Which of `SCHEMA_NAMES` exist under their names here, tables and views alike, whoever made them. */
  readonly names: readonly string[];
  /** The rows of `adk_schema_versions`; undefined if it is not there or not of our making. */
  readonly recorded: readonly RecordedStep[] | undefined;
}

/** The name here of a table or view of the schema, see `Schema.nameOf`. */
export type NameOf = (template: string) => string;

const asWritten: NameOf = (template) => template;

/** The checksum that a step is recorded with: SHA-256 in hex over all of it. */
export function stepChecksum(step: MigrationStep): string {
  return createHash("sha256")
    .update(JSON.stringify([step.version, step.name, step.sql]))
    .digest("hex");
}

/**
 * A step's version, name and checksum as SQL literals, for scripts that a person runs. All are
 * this code's own; a name that would need escapes is a fault. @throws RangeError
 */
export function stepLiterals(step: MigrationStep): string {
  if (!/^[\w ,.-]+$/.test(step.name)) throw new RangeError("a step's name needs escapes");
  return `${step.version}, '${step.name}', '${stepChecksum(step)}'`;
}

/**
 * What must be run to bring what was found to the newest step; no steps if it is there.
 * `steps` are numbered 1, 2, 3 … without gaps; messages name tables by `nameOf`.
 * @throws StartError if the schema is newer, was changed by hand, or is not ours
 */
export function planMigration(
  steps: readonly MigrationStep[],
  found: FoundSchema,
  nameOf: NameOf = asWritten,
): MigrationReport {
  if (found.recorded === undefined) {
    refuseForeign(found.names.map(nameOf));
    return { fromVersion: 0, toVersion: steps.length, steps };
  }
  const finished = finishedSteps(found.recorded);
  refuseNewer(steps, found.recorded);
  for (const recorded of found.recorded) refuseEdited(steps, recorded);
  finished.forEach((recorded, at) => {
    if (recorded.version !== at + 1)
      throw edited(`step ${at + 1} is not recorded, but step ${recorded.version} is`);
  });
  // The versions table alone, or with a step that did not end, is a first migration that was cut off.
  if (found.recorded.length === 0) {
    refuseForeign(found.names.filter((name) => name !== VERSIONS_TABLE).map(nameOf));
  }
  if (finished.length === steps.length) refuseMissing(found.names, nameOf);
  return { fromVersion: finished.length, toVersion: steps.length, steps: steps.slice(finished.length) };
}

/**
 * Checks that a server may work on what was found.
 * @throws StartError as `planMigration`, and if a step is yet to be run
 */
export function requireCurrent(
  steps: readonly MigrationStep[],
  found: FoundSchema,
  nameOf: NameOf = asWritten,
): void {
  const plan = planMigration(steps, found, nameOf);
  if (plan.steps.length === 0) return;
  const state =
    plan.fromVersion === 0 ? "has no tables of sessiond yet" : `has schema version ${plan.fromVersion}`;
  throw new StartError(
    `The database ${state}; this sessiond needs version ${plan.toVersion}. ` +
      'Run "sessiond migrate", or start without --no-migrate.',
  );
}

function finishedSteps(recorded: readonly RecordedStep[]): RecordedStep[] {
  return recorded.filter((step) => step.finished).sort((a, b) => a.version - b.version);
}

function refuseForeign(names: readonly string[]): void {
  if (names.length === 0) return;
  throw new StartError(
    `The database has ${names.join(", ")}, which sessiond did not make (another ADK session service may use ` +
      "the same names). Nothing was changed. Give sessiond a database of its own, other names (--table-prefix, " +
      "--table-names), or rename those tables.",
  );
}

function refuseNewer(steps: readonly MigrationStep[], recorded: readonly RecordedStep[]): void {
  const newest = Math.max(0, ...recorded.map((step) => step.version));
  if (newest <= steps.length) return;
  throw new StartError(
    `The database has schema version ${newest}; this sessiond knows versions up to ${steps.length}. ` +
      "Nothing was changed. Run a sessiond at least as new as the one that made the schema.",
  );
}

function refuseEdited(steps: readonly MigrationStep[], recorded: RecordedStep): void {
  const step = steps[recorded.version - 1];
  if (step === undefined) throw edited(`it records a step ${recorded.version}`);
  if (recorded.checksum !== stepChecksum(step)) {
    throw edited(
      `step ${recorded.version} (${recorded.name}) has another checksum than the one in this sessiond`,
    );
  }
}

function refuseMissing(names: readonly string[], nameOf: NameOf): void {
  const missing = SCHEMA_NAMES.filter((name) => !names.includes(name)).map(nameOf);
  if (missing.length > 0) throw edited(`${missing.join(", ")} is missing`);
}

function edited(what: string): StartError {
  return new StartError(
    `The schema is not as sessiond made it: ${what}. Nothing was changed. ` +
      "It was changed by hand or by another build; restore it from a backup, or use a fresh database.",
  );
}
