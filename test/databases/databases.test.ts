import { createServer } from "node:net";
import mysql from "mysql2/promise";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import {
  databaseServer,
  type Engine,
  findServer,
  type PrivateServer,
  type PrivateServerOptions,
  serverEngines,
  serverTimeout,
  startPrivateServer,
  type TestServer,
  testEngines,
} from "../support/databases/index.ts";
import { unfit } from "../support/databases/version.ts";

type Rows = mysql.RowDataPacket[];

async function query(url: string, sql: string, values: string[] = []): Promise<Rows> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: 5_000 });
  try {
    const [rows] = await connection.query<Rows>(sql, values);
    return rows;
  } finally {
    connection.destroy();
  }
}

describe.each(serverEngines())("%s", (engine) => {
  let server: TestServer;

  beforeAll(async () => {
    server = await databaseServer(engine);
  }, serverTimeout);

  test("is the engine and version that it is said to be", async () => {
    const [row] = await query(server.adminUrl, "SELECT VERSION() AS version");
    const version = String(row?.["version"]);
    expect(version.split("-")[0]).toBe(server.version.split("-")[0]);
    expect(unfit(engine, version)).toBeUndefined();
  });

  test("is one server for all who ask", async () => {
    expect((await databaseServer(engine)).port).toBe(server.port);
  });

  test("gives a suite a database of its own that keeps every character", async () => {
    const database = await server.createDatabase();
    const text = "naïve 漢字 🦜👩‍🚀";
    await query(database.url, "CREATE TABLE note (id INT PRIMARY KEY, body VARCHAR(100))");
    await query(database.url, "INSERT INTO note VALUES (1, ?)", [text]);
    expect(await query(database.url, "SELECT body, CHAR_LENGTH(body) AS length FROM note")).toEqual([
      { body: text, length: [...text].length },
    ]);
    await database.drop();
    expect(await query(server.adminUrl, "SHOW DATABASES LIKE ?", [database.name])).toEqual([]);
    await expect(query(database.url, "SELECT 1")).rejects.toMatchObject({ code: "ER_ACCESS_DENIED_ERROR" });
  });

  test("keeps a database out of reach of the account of another, whatever its name", async () => {
    const [one, other] = await Promise.all([
      server.createDatabase("own_name"),
      server.createDatabase("ownXname"),
    ]);
    try {
      await expect(query(one.url, "CREATE TABLE ownXname.t (id INT)")).rejects.toMatchObject({
        errno: expect.toBeOneOf([1044, 1142]),
      });
    } finally {
      await Promise.all([one.drop(), other.drop()]);
    }
  });

  test("drops a database that a transaction was left open in", async () => {
    const database = await server.createDatabase();
    const left = await mysql.createConnection(database.url);
    left.on("error", () => {});
    await left.query("CREATE TABLE t (id INT PRIMARY KEY)");
    await left.query("START TRANSACTION");
    await left.query("SELECT * FROM t");
    await database.drop();
    left.destroy();
  });
});

describe.each(serverEngines())("a private %s", (engine) => {
  let server: PrivateServer | undefined;

  async function start(options?: PrivateServerOptions): Promise<PrivateServer> {
    server = await startPrivateServer(engine, options);
    return server;
  }

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  test("has after kill -9 and a restart what was committed, at the same address", {
    timeout: serverTimeout,
  }, async () => {
    const own = await start();
    const { url } = await own.createDatabase();
    await query(url, "CREATE TABLE t (id INT PRIMARY KEY)");
    await query(url, "INSERT INTO t VALUES (1)");
    await own.kill();
    expect(own.pid).toBeUndefined();
    await expect(query(url, "SELECT 1")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await own.start();
    expect(await query(url, "SELECT id FROM t")).toEqual([{ id: 1 }]);
  });

  test("takes options, and others after an orderly shutdown", { timeout: serverTimeout }, async () => {
    const own = await start({ args: ["--max-allowed-packet=1M"] });
    const { url } = await own.createDatabase();
    await query(url, "CREATE TABLE t (id INT PRIMARY KEY)");
    await expect(query(url, "SELECT ?", ["x".repeat(2 ** 21)])).rejects.toThrow();
    await own.shutdown();
    await own.start(["--read-only"]);
    await expect(query(url, "INSERT INTO t VALUES (1)")).rejects.toMatchObject({ errno: 1290 });
  });

  test("stands still while paused", { timeout: serverTimeout }, async () => {
    const own = await start();
    own.pause();
    const waiting = query(own.adminUrl, "SELECT 1 AS one");
    const first = await Promise.race([waiting, new Promise((done) => setTimeout(done, 500, "silence"))]);
    expect(first).toBe("silence");
    own.resume();
    expect(await waiting).toEqual([{ one: 1 }]);
  });

  test("speaks TLS with a certificate for its address", { timeout: serverTimeout }, async () => {
    const own = await start({ tls: true, args: ["--require-secure-transport=ON"] });
    const { url } = await own.createDatabase();
    // MySQL has an error of its own for this; MariaDB calls it a wrong password.
    await expect(query(url, "SELECT 1")).rejects.toMatchObject({ errno: engine === "mysql" ? 3159 : 1045 });
    const connection = await mysql.createConnection({
      uri: url,
      ssl: { ca: own.tls?.ca ?? "", verifyIdentity: true },
    });
    const [rows] = await connection.query<Rows>("SHOW STATUS LIKE 'Ssl_version'");
    expect(rows[0]?.["Value"]).toMatch(/^TLSv1\.[23]$/);
    await connection.end();
  });

  test("gives an account the authentication plugin asked for", { timeout: serverTimeout }, async () => {
    const own = await start();
    const plugin = engine === "mysql" ? "sha256_password" : "mysql_native_password";
    const { url } = await own.createDatabase(undefined, { authPlugin: plugin });
    const [row] = await query(own.adminUrl, "SELECT plugin FROM mysql.user WHERE user = ?", [
      new URL(url).username,
    ]);
    expect(row).toEqual({ plugin });
  });

  test("that cannot start fails with the end of its log", { timeout: serverTimeout }, async () => {
    await expect(start({ args: ["--no-such-option"] })).rejects.toThrow(
      /exited with \d+\. The end of its log:\n[\s\S]*no-such-option/,
    );
  });
});

describe("an address in the environment", () => {
  afterAll(() => void vi.unstubAllEnvs());

  test.each<[Engine, string]>([
    ["mysql", "SESSIOND_TEST_MYSQL"],
    ["mariadb", "SESSIOND_TEST_MARIADB"],
  ])("%s: that nothing answers at is an error that says what to do", async (engine, variable) => {
    const closed = createServer();
    const port = await new Promise<number>((done) =>
      closed.listen(0, "127.0.0.1", () => done((closed.address() as { port: number }).port)),
    );
    await new Promise((done) => closed.close(done));
    vi.stubEnv(variable, `mysql://root:secret@127.0.0.1:${port}`);
    const error = await findServer(engine).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message).toContain(`${variable}=mysql://root:***@127.0.0.1:${port} does not answer`);
    expect(message).toContain(`unset it`);
    expect(message).not.toContain("secret");
  });

  test("that is none is an error that says what it should be", async () => {
    vi.stubEnv("SESSIOND_TEST_MYSQL", "localhost:3306");
    await expect(findServer("mysql")).rejects.toThrow(
      /SESSIOND_TEST_MYSQL is not an address of the form mysql:\/\/user:password@host:port/,
    );
  });

  // A server to be pointed at is at hand only where the run has one.
  const other = serverEngines().includes("mariadb") ? test : undefined;
  other?.(
    "of the other engine is refused; of the right one it is used",
    { timeout: serverTimeout },
    async () => {
      const mariadb = await databaseServer("mariadb");
      vi.stubEnv("SESSIOND_TEST_MYSQL", mariadb.adminUrl);
      await expect(findServer("mysql")).rejects.toThrow(/is MariaDB 10\.\S+, not MySQL/);
      vi.stubEnv("SESSIOND_TEST_MARIADB", mariadb.adminUrl);
      const found = await findServer("mariadb");
      expect(found).toMatchObject({ origin: "environment", port: mariadb.port });
      const database = await found.createDatabase();
      expect(await query(database.url, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
      await database.drop();
    },
  );
});

test("the engines of a run are chosen by a list", () => {
  expect(testEngines("")).toEqual(["sqlite", "mysql", "mariadb"]);
  expect(testEngines("mariadb, sqlite")).toEqual(["mariadb", "sqlite"]);
  expect(() => testEngines("oracle")).toThrow('SESSIOND_TEST_ENGINES has "oracle"');
});

test("a server that is too old is refused by name", () => {
  expect(unfit("mysql", "mysqld  Ver 8.0.16 for Linux")).toBe(
    "is MySQL 8.0.16; the tests need 8.0.17 or newer",
  );
  expect(unfit("mysql", "mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))")).toBeUndefined();
  expect(unfit("mariadb", "10.5.0-MariaDB")).toBeUndefined();
  expect(unfit("mariadb", "10.4.34-MariaDB")).toBe(
    "is MariaDB 10.4.34-MariaDB; the tests need 10.5.0 or newer",
  );
});
