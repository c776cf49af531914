import { randomBytes } from "node:crypto";
import mysql from "mysql2/promise";
import { processes } from "./processes.ts";
import type { DatabaseOptions, ServerAddress, TestDatabase, TestServer } from "./types.ts";

/** The mysql:// address of an account on a server. */
export function mysqlUrl(
  at: { host: string; port: number },
  user: string,
  password: string,
  database = "",
): string {
  const host = at.host.includes(":") ? `[${at.host}]` : at.host;
  return `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${at.port}/${database}`;
}

/** Everything of a TestServer that needs only its address. */
export function clientOf(address: ServerAddress): Omit<TestServer, "stop"> {
  return {
    ...address,
    adminUrl: mysqlUrl(address, address.user, address.password),
    createDatabase: (name, options) => createDatabase(address, name, options),
  };
}

async function createDatabase(
  address: ServerAddress,
  name = random("test_"),
  options: DatabaseOptions = {},
): Promise<TestDatabase> {
  const account = { user: random("u"), password: random("p") };
  const own = await administer(address, async (admin) => {
    const charset = options.charset === undefined ? " CHARACTER SET utf8mb4" : "";
    await admin.query(`CREATE DATABASE ${mysql.escapeId(name, true)}${charset}`);
    try {
      return await createAccount(admin, address, account, name, options);
    } catch (error) {
      await admin.query(`DROP DATABASE ${mysql.escapeId(name, true)}`);
      throw error;
    }
  });
  const { user, password } = own ? account : address;
  return {
    name,
    url: mysqlUrl(address, user, password, encodeURIComponent(name)),
    drop: () => dropDatabase(address, name, own ? user : undefined),
  };
}

/** False where a server given by the environment lets its account create databases and not accounts. */
async function createAccount(
  admin: mysql.Connection,
  address: ServerAddress,
  { user, password }: { user: string; password: string },
  database: string,
  { authPlugin }: DatabaseOptions,
): Promise<boolean> {
  const secret = admin.escape(password);
  const proof =
    authPlugin === undefined
      ? `BY ${secret}`
      : address.engine === "mysql"
        ? `WITH ${mysql.escapeId(authPlugin)} BY ${secret}`
        : `VIA ${mysql.escapeId(authPlugin)} USING PASSWORD(${secret})`;
  try {
    await admin.query(`CREATE USER ${admin.escape(user)}@'%' IDENTIFIED ${proof}`);
  } catch (error) {
    const denied = [
      "ER_SPECIFIC_ACCESS_DENIED_ERROR",
      "ER_DBACCESS_DENIED_ERROR",
      "ER_TABLEACCESS_DENIED_ERROR",
    ];
    if (address.origin === "environment" && authPlugin === undefined && denied.includes(codeOf(error)))
      return false;
    throw error;
  }
  // In a GRANT an underscore in a database's name is a wildcard.
  const scope = mysql.escapeId(database, true).replaceAll(/[_%]/g, "\\$&");
  await admin.query(`GRANT ALL PRIVILEGES ON ${scope}.* TO ${admin.escape(user)}@'%'`);
  return true;
}

async function dropDatabase(address: ServerAddress, name: string, user: string | undefined): Promise<void> {
  try {
    await administer(address, async (admin) => {
      // A transaction that a failed test left open would hold the drop back for ever.
      const open = await processes(async (sql) => (await admin.query<mysql.RowDataPacket[]>(sql))[0]);
      for (const { id, database } of open) {
        if (database === name) await admin.query(`KILL ${id}`).catch(() => {});
      }
      await admin.query(`DROP DATABASE IF EXISTS ${mysql.escapeId(name, true)}`);
      if (user !== undefined) await admin.query(`DROP USER IF EXISTS ${admin.escape(user)}@'%'`);
    });
  } catch (error) {
    // The data of a server of ours that is down goes with the server.
    if (address.origin !== "environment" && codeOf(error) === "ECONNREFUSED") return;
    throw error;
  }
}

/** Does something on a connection of the account that may do everything. */
export async function administer<T>(
  address: ServerAddress,
  work: (admin: mysql.Connection) => Promise<T>,
): Promise<T> {
  const { host, port, user, password, tls } = address;
  const admin = await mysql.createConnection({
    host,
    port,
    user,
    password,
    connectTimeout: 5_000,
    ...(tls && { ssl: tls }),
  });
  try {
    return await work(admin);
  } finally {
    admin.destroy();
  }
}

/** A name that no other test has. */
export function random(prefix: string): string {
  return prefix + randomBytes(8).toString("hex");
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code);
}
