/** `sessiond doctor` on real servers: well set, badly set, and with tables changed by hand. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schemaOptionsOf } from "../../../src/config/schema.ts";
import type { Finding } from "../../../src/store/finding.ts";
import { mysqlEngine } from "../../../src/store/mysql/index.ts";
import {
  databaseServer,
  type PrivateServer,
  serverEngines,
  serverTimeout,
  startPrivateServer,
  type TestDatabase,
  type TestServer,
} from "../../support/databases/index.ts";
import { options, query } from "./harness.ts";

type Findings = Record<string, Finding>;

async function doctor(url: string, more: Partial<typeof options> = {}): Promise<Findings> {
  const found: Findings = {};
  for await (const finding of mysqlEngine.doctor(url, { ...options, ...more }))
    found[finding.check] = finding;
  for (const { check, level, advice } of Object.values(found)) {
    expect(advice === "", `${check}: ${advice}`).toBe(level === "ok");
  }
  return found;
}

const levels = (found: Findings, level: string) =>
  Object.values(found)
    .filter((finding) => finding.level === level)
    .map(({ check }) => check);

const CHECKS = [
  "connect",
  "version",
  "read_only",
  "tls",
  "latency",
  "clock",
  "time_zone",
  "charset",
  "sql_mode",
  "isolation",
  "max_allowed_packet",
  "flush",
  "binlog",
  "redo_log",
  "wait_timeout",
  "max_prepared_stmt_count",
  "connections",
  "account",
  "engine",
  "collation",
  "buffer_pool",
  "schema",
  "privileges",
  "views",
  "state_indexes",
];

describe.each(serverEngines())("%s: doctor", (kind) => {
  let server: TestServer;
  let database: TestDatabase;

  beforeAll(async () => {
    server = await databaseServer(kind);
    database = await server.createDatabase();
    await mysqlEngine.migrate(database.url, { ...options, dryRun: false });
  }, serverTimeout);

  afterAll(async () => {
    await database?.drop();
  });

  test("a database of ours is well, and every check has its say", async () => {
    const found = await doctor(database.url);
    expect(Object.keys(found)).toEqual(CHECKS);
    expect(levels(found, "fail")).toEqual([]);
    expect(found["version"]?.found).toMatch(/^(MySQL|MariaDB) \d+\.\d+/);
    expect(found["schema"]?.level).toBe("ok");
  });

  test("what keeps it from connecting is a finding", async () => {
    const wrong = new URL(database.url);
    wrong.password = "wrong";
    const found = await doctor(wrong.href);
    expect(Object.keys(found)).toEqual(["connect"]);
    expect(found["connect"]).toMatchObject({ level: "fail" });
    expect(found["connect"]?.found).toContain("refuses the user or the password");
    expect(found["connect"]?.advice).toMatch(/^Check both/);
  });

  test("an empty database wants its migration", async () => {
    const empty = await server.createDatabase();
    try {
      const found = await doctor(empty.url);
      expect(found["schema"]).toMatchObject({ level: "fail" });
      expect(found["schema"]?.advice).toMatch(/sessiond migrate/);
      expect(found["privileges"]).toBeUndefined();
    } finally {
      await empty.drop();
    }
  });

  test("a pool that is larger than the server takes", async () => {
    const found = await doctor(database.url, { writeConnections: 50_000 });
    expect(found["connections"]).toMatchObject({ level: "fail" });
    expect(found["connections"]?.advice).toMatch(/max_connections/);
    expect(found["max_prepared_stmt_count"]).toMatchObject({ level: "warn" });
  });

  test("tables changed by hand", async () => {
    const other = await server.createDatabase();
    try {
      await mysqlEngine.migrate(other.url, { ...options, dryRun: false });
      for (const sql of [
        "ALTER TABLE adk_sessions DROP INDEX adk_sessions_by_update",
        "ALTER TABLE adk_requests MODIFY create_time TIMESTAMP NOT NULL",
        "ALTER TABLE adk_schema_versions ENGINE = MyISAM",
        "ALTER TABLE adk_user_states ADD COLUMN mine INT NOT NULL",
        "ALTER TABLE adk_requests MODIFY request_id VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL",
      ]) {
        await query(other.url, sql);
      }
      const found = await doctor(other.url);
      expect(found["engine"]).toMatchObject({ level: "fail", found: "adk_schema_versions is MyISAM" });
      expect(found["collation"]).toMatchObject({ level: "fail" });
      expect(found["collation"]?.found).toMatch(/adk_requests has .*utf8mb4_general_ci/);
      expect(found["schema"]).toMatchObject({ level: "fail" });
      expect(found["schema"]?.found.split("; ").sort()).toEqual([
        "adk_requests.create_time is timestamp, not bigint",
        "adk_user_states.mine is not sessiond's and has no default, so that no row can be written",
        "the index adk_sessions_by_update of adk_sessions is missing",
      ]);
    } finally {
      await other.drop();
    }
  });

  test("more columns and indexes do no harm", async () => {
    const other = await server.createDatabase();
    try {
      await mysqlEngine.migrate(other.url, { ...options, dryRun: false });
      await query(other.url, "ALTER TABLE adk_sessions ADD COLUMN note INT NULL, ADD KEY mine (note)");
      expect(levels(await doctor(other.url), "fail")).toEqual([]);
    } finally {
      await other.drop();
    }
  });

  test("tables of other names with an owner column of the operator's", async () => {
    const other = await server.createDatabase();
    const schema = schemaOptionsOf({
      tablePrefix: "my_",
      tableNames: ["sessions=custom_sessions"],
      ownerColumn: "tenant_id INTEGER NOT NULL REFERENCES tenants(id) ON DELETE CASCADE",
      foreignKeys: true,
      tableOptions: [],
    });
    try {
      await query(other.url, "CREATE TABLE tenants (id INTEGER NOT NULL PRIMARY KEY)");
      await mysqlEngine.migrate(other.url, { ...options, schema, dryRun: false });
      const found = await doctor(other.url, { schema });
      expect(Object.keys(found)).toEqual(CHECKS);
      expect(Object.values(found).filter(({ level }) => level === "fail")).toEqual([]);
      await query(
        other.url,
        "ALTER TABLE custom_sessions MODIFY display_name VARCHAR(10) NOT NULL DEFAULT ''",
      );
      expect((await doctor(other.url, { schema }))["schema"]?.found).toBe(
        "custom_sessions.display_name is varchar(10), not varchar(1024)",
      );
    } finally {
      await other.drop();
    }
  });

  test("rights that are missing, and rights that are too many", async () => {
    const user = `d${Date.now().toString(36)}`;
    const name = new URL(database.url).pathname.slice(1);
    await query(server.adminUrl, `CREATE USER '${user}'@'%' IDENTIFIED BY 'pw'`);
    try {
      await query(server.adminUrl, `GRANT SELECT, SHOW VIEW ON \`${name}\`.* TO '${user}'@'%'`);
      const url = new URL(database.url);
      url.username = user;
      url.password = "pw";
      const found = await doctor(url.href);
      expect(found["privileges"]).toMatchObject({ level: "fail" });
      expect(found["privileges"]?.advice).toMatch(/Grant SELECT, INSERT/);
      await query(server.adminUrl, `GRANT ALL PRIVILEGES ON *.* TO '${user}'@'%'`);
      const mighty = await doctor(url.href);
      expect(mighty["account"]).toMatchObject({ level: "warn" });
      expect(mighty["privileges"]).toMatchObject({ level: "ok" });
    } finally {
      await query(server.adminUrl, `DROP USER '${user}'@'%'`);
    }
  });
});

describe.each(serverEngines())("%s: doctor on a badly set server", (kind) => {
  let server: PrivateServer;
  let database: TestDatabase;

  beforeAll(async () => {
    server = await startPrivateServer(kind, {
      args: [
        "--innodb-flush-log-at-trx-commit=2",
        "--max-allowed-packet=4M",
        "--wait-timeout=20",
        "--max-connections=9",
        "--character-set-server=latin1",
        "--sql-mode=",
        "--default-time-zone=+05:00",
        "--transaction-isolation=REPEATABLE-READ",
      ],
    });
    database = await server.createDatabase();
    await mysqlEngine.migrate(database.url, { ...options, dryRun: false });
  }, serverTimeout);

  afterAll(async () => {
    await server?.stop();
  });

  test("says what to change, and that sessions are set right all the same", async () => {
    const found = await doctor(database.url);
    expect(levels(found, "fail")).toEqual([]);
    expect(levels(found, "warn")).toEqual(
      expect.arrayContaining(["max_allowed_packet", "flush", "wait_timeout", "connections"]),
    );
    expect(found["flush"]?.found).toContain("innodb_flush_log_at_trx_commit = 2");
    expect(found["flush"]?.advice).toContain("innodb_flush_log_at_trx_commit = 1");
    expect(found["max_allowed_packet"]?.found).toContain("4 MiB");
    for (const check of ["time_zone", "charset", "sql_mode", "isolation", "collation"]) {
      expect(found[check]?.level, check).toBe("ok");
    }
  });

  test("a server that takes no writes", async () => {
    await query(server.adminUrl, "SET GLOBAL read_only = ON");
    try {
      const found = await doctor(database.url);
      expect(found["read_only"]).toMatchObject({ level: "fail" });
      expect(found["privileges"]).toMatchObject({ level: "warn" });
    } finally {
      await query(server.adminUrl, "SET GLOBAL read_only = OFF");
    }
  });
});
