/** MySQL, MariaDB and what speaks their protocol, as an engine. */
import type { Engine, EngineOptions } from "../engine.ts";
import { requireCurrent, SCHEMA_TABLES } from "../migrations.ts";
import { Connection } from "./connection.ts";
import { failureOf, toStartError } from "./errors.ts";
import { findSchema, migrate } from "./migrate.ts";
import { Pool } from "./pool.ts";
import { STEPS } from "./schema.ts";
import { capabilitiesOf, checkSettings, connectionOptions, findServer, migrationOptions } from "./server.ts";
import { statement } from "./sql.ts";
import { MysqlStore } from "./store.ts";
import { displayUrl, parseUrl, SCHEMES, URL_FORM } from "./url.ts";

export const mysqlEngine: Engine = {
  schemes: SCHEMES,
  urlForm: URL_FORM,
  displayUrl,

  async migrate(url, options) {
    const address = parseUrl(url);
    return explained(url, async () => {
      const server = await findServer(address, options);
      const connect = () => Connection.open(address, migrationOptions(server, options));
      const [work, lease] = await openBoth(connect);
      try {
        return await migrate(work, lease, {
          dialect: server.dialect,
          foreignKeys: address.foreignKeys,
          dryRun: options.dryRun,
          onStep: options.onStep,
        });
      } finally {
        await Promise.all([work.end(), lease.end()]);
      }
    });
  },

  async open(url, options) {
    const address = parseUrl(url);
    return explained(url, async () => {
      const server = await findServer(address, options);
      checkSettings(server, options.log);
      const connect = () => Connection.open(address, connectionOptions(server, options));
      const connection = await connect();
      try {
        requireCurrent(STEPS, await findSchema(connection));
        await requirePrivileges(connection, options);
      } finally {
        await connection.end();
      }
      const pool = (size: number) => new Pool({ connect, size, acquireTimeoutMs: options.acquireTimeoutMs });
      return new MysqlStore({
        capabilities: capabilitiesOf(server),
        writes: pool(options.writeConnections),
        reads: pool(options.readConnections),
        maxJsonDepth: server.dialect.maxJsonDepth,
        maxPacketBytes: server.maxPacketBytes,
      });
    });
  },
};

/** Every failure at start says what to do. */
async function explained<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStartError(error, displayUrl(url));
  }
}

async function openBoth(connect: () => Promise<Connection>): Promise<[Connection, Connection]> {
  const work = await connect();
  try {
    return [work, await connect()];
  } catch (error) {
    work.destroy();
    throw error;
  }
}

/** Tries what the store does to its tables, on no row: a server checks the rights all the same. */
async function requirePrivileges(connection: Connection, { log }: EngineOptions): Promise<void> {
  try {
    await connection.run(
      SCHEMA_TABLES.flatMap((table) => [
        statement(`INSERT INTO ${table} SELECT * FROM ${table} WHERE FALSE`),
        statement(`UPDATE ${table} SET app_name = app_name WHERE FALSE`),
        statement(`DELETE FROM ${table} WHERE FALSE`),
      ]),
    );
  } catch (error) {
    if (failureOf(error) !== "moved") throw error;
    log.warn("The database takes no writes now, so the user's rights were not checked.");
  }
}
