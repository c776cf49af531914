/** The doctor's checks over what servers told, for what no test server can be set to. */
import { describe, expect, test } from "vitest";
import type { Finding } from "../../../src/store/finding.ts";
import { dialectOf } from "../../../src/store/mysql/dialect.ts";
import { SERVER_CHECKS, tableFindings } from "../../../src/store/mysql/doctor/checks.ts";
import { driftOf, plainType, shapeOf } from "../../../src/store/mysql/doctor/drift.ts";
import type { ServerFacts } from "../../../src/store/mysql/doctor/facts.ts";
import { renderSql, STEPS } from "../../../src/store/mysql/schema.ts";
import { Schema } from "../../../src/store/schema.ts";
import { options } from "./harness.ts";

const dialect = dialectOf("9.7.0");

function check(
  name: string,
  variables: Record<string, string>,
  status: Record<string, string> = {},
  more: Partial<ServerFacts> = {},
  remote = false,
): Finding | undefined {
  const facts: ServerFacts = {
    dialect,
    variables: new Map(Object.entries(variables)),
    status: new Map(Object.entries(status)),
    roundTripsMs: [0.2],
    clockAheadMs: 0,
    cipher: "",
    grants: [],
    ...more,
  };
  const finding = SERVER_CHECKS.map((of) => of({ facts, options, remote })).find((of) => of.check === name);
  // Whatever is not well says what to do.
  if (finding !== undefined && finding.level !== "ok")
    expect(finding.advice, name).toMatch(/^[A-Z].*\w.*\.$/);
  return finding;
}

const MiB = 1 << 20;

describe("redo log", () => {
  const size = { innodb_redo_log_capacity: String(100 * MiB) };

  test.each([
    ["a young server says nothing yet", "60", 100_000, "ok"],
    ["an hour's worth is enough", "3600", 90, "ok"],
    ["five minutes' worth is not", "3600", 1_200, "warn"],
  ])("%s", (_, uptime, writtenMiB, level) => {
    const status = { uptime, innodb_os_log_written: String(writtenMiB * MiB) };
    expect(check("redo_log", size, status)?.level).toBe(level);
  });

  test("the old names of its size", () => {
    const old = { innodb_log_file_size: String(48 * MiB), innodb_log_files_in_group: "2" };
    expect(check("redo_log", old, { uptime: "1" })?.found).toContain("96 MiB");
  });
});

test.each([
  ["wait_timeout", { wait_timeout: "5" }, /--pool-check-after/],
  ["wait_timeout", { wait_timeout: "30" }, /28800/],
  ["flush", { innodb_flush_log_at_trx_commit: "1", log_bin: "ON", sync_binlog: "0" }, /sync_binlog = 1/],
  ["flush", { innodb_flush_log_at_trx_commit: "1", innodb_doublewrite: "OFF" }, /innodb_doublewrite = ON/],
  ["connections", { max_connections: "10" }, /max_connections/],
] as const)("%s is to be looked at: %j", (name, variables, advice) => {
  const finding = check(name, variables, { threads_connected: "5" });
  expect(finding).toMatchObject({ level: "warn" });
  expect(finding?.advice).toMatch(advice);
});

test.each([
  ["time_zone", { time_zone: "SYSTEM" }],
  ["charset", { character_set_client: "utf8mb3" }],
  ["sql_mode", { sql_mode: "" }],
  ["sql_mode", { sql_mode: "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES" }],
  ["isolation", { transaction_isolation: "REPEATABLE-READ" }],
  ["binlog", { log_bin: "ON", binlog_format: "STATEMENT" }],
] as const)("%s fails where something between changes sessions: %j", (name, variables) => {
  expect(check(name, variables)).toMatchObject({ level: "fail" });
});

test("distance, clocks and open lines", () => {
  expect(check("latency", {}, {}, { roundTripsMs: [8, 9, 30] })).toMatchObject({ level: "warn" });
  expect(check("clock", {}, {}, { clockAheadMs: -5_000 })?.found).toContain("5000 ms behind");
  expect(check("tls", {}, {}, {}, true)).toMatchObject({ level: "warn" });
  expect(check("tls", {}, {}, { cipher: "TLS_AES_256_GCM_SHA384" }, true)).toMatchObject({ level: "ok" });
});

test("a buffer pool smaller than the data", () => {
  const table = {
    name: "adk_events",
    engine: "InnoDB",
    collations: new Set<string>(),
    columns: [],
    indexes: new Map(),
  };
  const variables = new Map([["innodb_buffer_pool_size", String(128 * MiB)]]);
  const facts = { dialect, variables } as unknown as ServerFacts;
  const level = (bytes: number) =>
    tableFindings(facts, [{ ...table, bytes }]).find((finding) => finding.check === "buffer_pool")?.level;
  expect(level(100 * MiB)).toBe("ok");
  expect(level(500 * MiB)).toBe("warn");
});

describe("drift", () => {
  const shapes = STEPS.flatMap(({ sql }) =>
    sql.flatMap((text) => shapeOf(renderSql(text, new Schema(), dialect)) ?? []),
  );

  test("the migrations' own tables are read whole", () => {
    const events = shapes.find(({ name }) => name === "adk_events");
    expect(events?.columns.find(({ name }) => name === "timestamp")).toMatchObject({
      type: "double",
      nullable: true,
    });
    expect(events?.indexes.get("primary")).toEqual(["app_name", "user_id", "session_id", "seq"]);
    expect(events?.columns.length).toBeGreaterThan(25);
    for (const shape of shapes) expect(driftOf(shape, shape)).toEqual([]);
  });

  test("types that servers write in several ways", () => {
    expect([plainType("BOOLEAN"), plainType("tinyint(1)")]).toEqual(["tinyint", "tinyint"]);
    expect(plainType("bigint(20)")).toBe("bigint");
    expect(plainType("VARCHAR(191)")).toBe("varchar(191)");
  });
});
