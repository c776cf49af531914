import { describe, expect, test } from "vitest";
import type { MigrationStep } from "../../../src/store/engine.ts";
import { StartError } from "../../../src/store/errors.ts";
import {
  type FoundSchema,
  planMigration,
  type RecordedStep,
  requireCurrent,
  SCHEMA_NAMES,
  stepChecksum,
  VERSIONS_TABLE,
} from "../../../src/store/migrations.ts";

const STEPS: readonly MigrationStep[] = [1, 2, 3].map((version) => ({
  version,
  name: `step ${version}`,
  sql: [`CREATE TABLE t${version} (x INT)`],
}));

function recorded(version: number, more: Partial<RecordedStep> = {}): RecordedStep {
  const step = STEPS[version - 1];
  const checksum = step === undefined ? "unknown" : stepChecksum(step);
  return { version, name: `step ${version}`, checksum, finished: true, ...more };
}

function found(
  steps: readonly RecordedStep[] | undefined,
  names: readonly string[] = SCHEMA_NAMES,
): FoundSchema {
  return { names, recorded: steps };
}

const versions = (steps: readonly MigrationStep[]) => steps.map((step) => step.version);

describe("planMigration", () => {
  test("an empty database gets all steps", () => {
    const plan = planMigration(STEPS, found(undefined, []));
    expect([plan.fromVersion, plan.toVersion, versions(plan.steps)]).toEqual([0, 3, [1, 2, 3]]);
  });

  test("an older schema gets the rest, a current one nothing", () => {
    expect(versions(planMigration(STEPS, found([recorded(1)])).steps)).toEqual([2, 3]);
    expect(planMigration(STEPS, found([recorded(2), recorded(1)]))).toMatchObject({
      fromVersion: 2,
      toVersion: 3,
    });
    expect(planMigration(STEPS, found([1, 2, 3].map((version) => recorded(version)))).steps).toEqual([]);
  });

  test("a step that did not end is run again", () => {
    const cutOff = found([recorded(1), recorded(2, { finished: false })]);
    expect(versions(planMigration(STEPS, cutOff).steps)).toEqual([2, 3]);
    const first = found([recorded(1, { finished: false })], [VERSIONS_TABLE, "adk_sessions"]);
    expect(planMigration(STEPS, first)).toMatchObject({ fromVersion: 0 });
    expect(versions(planMigration(STEPS, found([], [VERSIONS_TABLE])).steps)).toEqual([1, 2, 3]);
  });

  test.each<[string, FoundSchema, RegExp]>([
    [
      "foreign tables",
      found(undefined, ["adk_sessions", "adk_events"]),
      /adk_sessions, adk_events.*did not make/,
    ],
    ["a foreign versions table", found(undefined, [VERSIONS_TABLE]), /adk_schema_versions.*did not make/],
    [
      "foreign tables beside an empty versions table",
      found([], [VERSIONS_TABLE, "adk_events"]),
      /adk_events, which/,
    ],
    ["a newer schema", found([1, 2, 3, 4].map((version) => recorded(version))), /version 4.*up to 3/],
    ["a newer schema that did not end", found([recorded(4, { finished: false })]), /version 4/],
    ["another checksum", found([recorded(1, { checksum: "x" })]), /step 1 \(step 1\) has another checksum/],
    ["a gap", found([recorded(1), recorded(3)]), /step 2 is not recorded/],
    ["a version below 1", found([recorded(0)]), /records a step 0/],
    [
      "a missing table",
      found(
        [1, 2, 3].map((v) => recorded(v)),
        SCHEMA_NAMES.slice(1),
      ),
      /adk_schema_versions is missing/,
    ],
  ])("%s is refused", (_, schema, text) => {
    expect(() => planMigration(STEPS, schema)).toThrow(StartError);
    expect(() => planMigration(STEPS, schema)).toThrow(text);
    expect(() => planMigration(STEPS, schema)).toThrow(/Nothing was changed/);
  });
});

describe("requireCurrent", () => {
  test("says what to run", () => {
    expect(() => requireCurrent(STEPS, found(undefined, []))).toThrow(/no tables.*sessiond migrate/);
    expect(() => requireCurrent(STEPS, found([recorded(1)]))).toThrow(
      /version 1; this sessiond needs version 3/,
    );
    expect(() => requireCurrent(STEPS, found([1, 2, 3].map((version) => recorded(version))))).not.toThrow();
  });
});

test("a checksum covers all of a step", () => {
  const [step] = STEPS;
  if (step === undefined) throw new Error("no step");
  const others = [
    step,
    { ...step, version: 9 },
    { ...step, name: "x" },
    { ...step, sql: [] },
    { ...step, sql: ["a", "b"] },
  ];
  expect(new Set(others.map(stepChecksum)).size).toBe(others.length);
  expect(stepChecksum({ ...step })).toBe(stepChecksum(step));
});
