/** What is said at start, and migrations by several processes. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import mysql from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VERSIONS_TABLE } from "../../../src/store/migrations.ts";
import { dialectOf } from "../../../src/store/mysql/dialect.ts";
import { mysqlEngine } from "../../../src/store/mysql/index.ts";
import { STEPS } from "../../../src/store/mysql/schema.ts";
import { parseUrl } from "../../../src/store/mysql/url.ts";
import {
  databaseServer,
  serverEngines,
  serverTimeout,
  type TestServer,
} from "../../support/databases/index.ts";
import { createInput, createSession, keyOf, refusesStart } from "../build.ts";
import { makeDatabase, options, query } from "./harness.ts";

const migrate = (url: string, dryRun = false) => mysqlEngine.migrate(url, { ...options, dryRun });

/** The URL with parts replaced. */
function changed(
  url: string,
  parts: Partial<Record<"username" | "password" | "hostname" | "port" | "pathname", string>>,
) {
  return Object.assign(new URL(url), parts).href;
}

describe("servers", () => {
  test.each([
    ["8.0.17", "MySQL 8.0.17"],
    ["9.7.4-2", "MySQL 9.7.4"],
    ["10.5.0-MariaDB", "MariaDB 10.5.0"],
    ["11.4.2-MariaDB-log", "MariaDB 11.4.2"],
    ["8.0.11-TiDB-v8.5.0", "TiDB 8.5.0"],
  ])("%s is known", (version, description) => {
    expect(dialectOf(version).description).toBe(description);
  });

  test.each(["5.7.44", "8.0.16", "10.4.34-MariaDB", "10.2.44-MariaDB-log"])(
    "%s is refused as too old",
    (version) => {
      expect(() => dialectOf(version)).toThrow(/needs (MySQL 8\.0\.17|MariaDB 10\.5\.0) or newer/);
    },
  );
});

describe("URLs", () => {
  test.each([
    ["mysql://u:secret@h", /one database/],
    ["mysql://u:secret@h/a/b", /one database/],
    ["mysql://h/db", /no user/],
    ["mysql://u:se#cret@h/db", /./],
    ["mysql://u:%secret@h/db", /%25/],
    ["mysql://u:secret@h/db?tls=off", /option "tls" is unknown/],
    ["mysql://u:secret@h/db?ssl-mode=strict", /ssl-mode is one of disabled, preferred/],
    ["mysql://u:secret@h/db?ssl-mode=required&ssl-mode=disabled", /twice/],
    ["mysql://u:secret@h/db?ssl-ca=", /empty/],
    ["mysql://u:secret@h/db?ssl-mode=required&ssl-ca=ca.pem", /only with ssl-mode=verify-ca/],
    ["mysql://u:secret@h/db?ssl-cert=cert.pem", /belong together/],
    ["mysql://u:secret@h/db?ssl-mode=disabled&ssl-cert=c.pem&ssl-key=k.pem", /needs TLS/],
    ["mysql://u:secret@h/db?socket=/run/db.sock", /host is left out/],
    ["mysql://u:secret@/db", /no host/],
    ["mysql://u:secret@h:0/db", /each host/],
    ["mysql://u:secret@h:70000/db", /each host/],
    ["mysql://u:secret@h1,,h2/db", /each host/],
    ["mysql://u:secret@h,h:3306/db", /twice/],
    ["mysql://u:secret@h@i/db%", /%25/],
    ["mysql:secret", /./],
  ])("%s is refused without its password", async (url, text) => {
    const error = await refusesStart(mysqlEngine.open(url, options), text);
    expect(error.message).toContain(mysqlEngine.urlForm);
    expect(error.message).not.toContain("cret");
  });

  test("hosts, sockets and TLS are read as MySQL's clients write them", () => {
    const several = parseUrl("mysql://u:p@db1,db2:3307,[::1]:3308/d?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem");
    expect(several.hosts).toEqual([
      { host: "db1", port: 3306 },
      { host: "db2", port: 3307 },
      { host: "::1", port: 3308 },
    ]);
    expect(several.tls).toMatchObject({ mode: "verify-identity", caFile: "/ca.pem" });
    expect(parseUrl("mysql://u@/d?socket=/run/a%20b.sock")).toMatchObject({ socket: "/run/a b.sock" });
    const modeOf = (url: string) => parseUrl(url).tls.mode;
    expect(modeOf("mysql://u@db/d")).toBe("preferred");
    expect(modeOf("mysql://u@127.0.0.1,db/d")).toBe("preferred");
    expect(modeOf("mysql://u@db/d?ssl-ca=ca.pem")).toBe("verify-ca");
    for (const local of ["localhost", "127.0.0.1", "[::1]"]) {
      expect(modeOf(`mysql://u@${local}/d`)).toBe("disabled");
    }
    expect(modeOf("mysql://u@/d?socket=/s")).toBe("disabled");
  });

  test("an account is given once, in the URL or beside it", () => {
    const given = { user: "", userFile: "", password: "", passwordFile: "" };
    const account = (url: string, more: Partial<typeof given>) =>
      parseUrl(url, { ...given, ...more }).account;
    expect(account("mysql://u%40x:p%3Aq@h/d", {})).toMatchObject({
      user: { text: "u@x" },
      password: { text: "p:q" },
    });
    expect(account("mysql://h/d", { userFile: "/u", password: "p" })).toMatchObject({
      user: { file: "/u" },
      password: { text: "p" },
    });
    expect(() => account("mysql://u@h/d", { user: "v" })).toThrow(
      /user is given in the store URL and by --store-user/,
    );
    expect(() => account("mysql://u:secret@h/d", { passwordFile: "/p" })).toThrow(/--store-password-file/);
  });

  test("a password does not show", () => {
    expect(mysqlEngine.displayUrl("mariadb://me:s%40cret@[::1]:3307/my%20db?ssl-mode=disabled")).toBe(
      "mariadb://me@[::1]:3307/my%20db",
    );
    expect(mysqlEngine.displayUrl("mysql://me:secret@a,b:3307/db?ssl-mode=required")).toBe(
      "mysql://me@a:3306,b:3307/db",
    );
    expect(mysqlEngine.displayUrl("mysql://me:secret@/db?socket=/run/s")).toBe("mysql://me@(/run/s)/db");
  });
});

describe.each(serverEngines())("%s: start", (kind) => {
  let server: TestServer;
  let url: string;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    server = await databaseServer(kind);
    const database = await makeDatabase(server);
    url = database.url;
    drop = database.cleanup;
    await migrate(url);
  }, serverTimeout);

  afterAll(async () => {
    await drop?.();
  });

  test("what is wrong with an address is said", async () => {
    const { password } = new URL(url);
    const refused = async (wrong: string, text: RegExp) => {
      const error = await refusesStart(
        mysqlEngine.open(wrong, { ...options, connectTimeoutMs: 2_000 }),
        text,
      );
      expect(error.message).not.toContain(password);
      await refusesStart(mysqlEngine.migrate(wrong, { ...options, dryRun: true }), text);
    };
    await refused(changed(url, { password: "wrong" }), /refuses the user or the password/);
    await refused(changed(url, { username: "nobody" }), /refuses the user or the password/);
    await refused(changed(url, { hostname: "no-such-host.invalid" }), /host name is unknown/);
    await refused(changed(url, { port: "1" }), /nothing listens there/);
    await refused(changed(server.adminUrl, { pathname: "/no_such_database" }), /no database of this name/);
    await refused(changed(url, { pathname: "/mysql" }), /may not do|no database of this name/);
  });

  test.each([
    ["says nothing", () => {}],
    // The server's first packet, and nothing after it.
    [
      "stops in the middle",
      (socket: Socket) =>
        connect(Number(new URL(url).port), "127.0.0.1").once("data", function (this: Socket, piece) {
          socket.write(piece);
          this.destroy();
        }),
    ],
  ] as const)("a server that %s costs the connect timeout", async (_, talk) => {
    const sockets = new Set<Socket>();
    const mute = createServer((socket) => {
      sockets.add(socket.on("error", () => {}));
      talk(socket);
    });
    mute.listen(0, "127.0.0.1");
    await once(mute, "listening");
    const through = changed(url, {
      hostname: "127.0.0.1",
      port: String((mute.address() as AddressInfo).port),
    });
    await refusesStart(
      mysqlEngine.open(through, { ...options, connectTimeoutMs: 500 }),
      /does not answer in time/,
    );
    // Nothing stays open on our side.
    const open = () => [...sockets].filter((socket) => !socket.destroyed).length;
    for (const socket of sockets) socket.resume();
    await expect.poll(open).toBe(0);
    mute.close();
  });

  test("rights that are missing are named", async () => {
    const user = `r${Date.now().toString(36)}`;
    const database = new URL(url).pathname.slice(1);
    await query(server.adminUrl, `CREATE USER '${user}'@'%' IDENTIFIED BY 'pw'`);
    try {
      await query(server.adminUrl, `GRANT SELECT, INSERT, DELETE ON \`${database}\`.* TO '${user}'@'%'`);
      const limited = changed(url, { username: user, password: "pw" });
      const error = await refusesStart(mysqlEngine.open(limited, options), /UPDATE command denied/);
      expect(error.message).toMatch(/Grant SELECT, INSERT, UPDATE, DELETE/);
      await query(server.adminUrl, `GRANT UPDATE ON \`${database}\`.* TO '${user}'@'%'`);
      await (await mysqlEngine.open(limited, options)).close();
    } finally {
      await query(server.adminUrl, `DROP USER '${user}'@'%'`);
    }
  });

  test("a dry run tells the statements and touches nothing", async () => {
    const { url: empty, cleanup } = await makeDatabase(server);
    const plan = await migrate(empty, true);
    expect(plan.steps.flatMap(({ sql }) => sql).join()).toMatch(/CREATE TABLE IF NOT EXISTS adk_sessions/);
    expect(plan.steps.flatMap(({ sql }) => sql).join()).not.toMatch(/[{}]/);
    expect(await query(empty, "SHOW TABLES")).toEqual([]);
    await cleanup();
  });

  test("processes that start at once migrate once", async () => {
    const { url: empty, cleanup } = await makeDatabase(server);
    const reports = await Promise.all(Array.from({ length: 6 }, () => migrate(empty)));
    expect(reports.filter(({ steps }) => steps.length > 0)).toHaveLength(1);
    expect(await query(empty, `SELECT version, finished FROM ${VERSIONS_TABLE}`)).toEqual([
      { version: 1, finished: 1 },
      { version: 2, finished: 1 },
    ]);
    await cleanup();
  }, 60_000);

  test("the lease of a process that died runs out", async () => {
    const { url: empty, cleanup } = await makeDatabase(server);
    await migrate(empty);
    // As a process leaves it that died after its first statements.
    await query(empty, `UPDATE ${VERSIONS_TABLE} SET finished = 0`);
    for (const view of ["adk_events_view", "adk_sessions_view"]) await query(empty, `DROP VIEW ${view}`);
    await query(empty, "DROP TABLE adk_requests");
    const soon = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + 700000";
    await query(
      empty,
      `INSERT INTO ${VERSIONS_TABLE} (version, name, checksum, finished, applied_at) VALUES (0, 'dead', '', 0, ${soon})`,
    );
    expect((await migrate(empty)).steps).toHaveLength(STEPS.length);
    await (await mysqlEngine.open(empty, options)).close();
    await cleanup();
  });

  test("a migration that was cut off between any two statements is finished by the next", async () => {
    const { url: empty, cleanup } = await makeDatabase(server);
    const plan = await migrate(empty, true);
    // Without the table of versions, and the records in it, which are turned back below.
    const statements = plan.steps.flatMap(({ sql, version }) => sql.slice(version === 1 ? 1 : 0, -1));
    await migrate(empty);
    for (let kept = 0; kept < statements.length; kept += 3) {
      const connection = await mysql.createConnection(empty);
      await connection.query("SET foreign_key_checks = 0");
      for (const sql of statements.slice(kept)) {
        const [, what, name] = /(TABLE|VIEW) (?:IF NOT EXISTS )?(\w+)/.exec(sql) ?? [];
        await connection.query(`DROP ${what} ${name}`);
      }
      await connection.query(`UPDATE ${VERSIONS_TABLE} SET finished = 0`);
      await connection.end();
      expect((await migrate(empty)).steps).toHaveLength(STEPS.length);
      await (await mysqlEngine.open(empty, options)).close();
    }
    await cleanup();
  }, 60_000);

  test("every session of the store is set up alike", async () => {
    const { url: own, cleanup } = await makeDatabase(server);
    await query(server.adminUrl, "SET GLOBAL time_zone = '+05:00'");
    try {
      await migrate(own);
      const store = await mysqlEngine.open(own, options);
      await createSession(store, createInput(keyOf("zone"), { nowMicros: 1_700_000_000_250_000 }));
      await store.close();
      const [row] = await query(own, "SELECT create_time FROM adk_sessions_view");
      expect(row).toEqual({ create_time: "2023-11-14 22:13:20.250000" });
    } finally {
      await query(server.adminUrl, "SET GLOBAL time_zone = 'SYSTEM'");
    }
    await cleanup();
  });
});
