/** MySQL, MariaDB and what speaks their protocol, as an engine. */
import type { Engine, EngineOptions } from "../engine.ts";
import { requireCurrent } from "../migrations.ts";
import type { Connection } from "./connection.ts";
import { doctor } from "./doctor/index.ts";
import { failureOf, toStartError } from "./errors.ts";
import { Hosts } from "./hosts.ts";
import { stateIndexes } from "./index-state.ts";
import { findSchema, migrate } from "./migrate.ts";
import { requireOwnerTable } from "./owner.ts";
import { Pool } from "./pool.ts";
import { tryRights } from "./privileges.ts";
import { STEPS } from "./schema.ts";
import { capabilitiesOf, checkSettings, connectionOptions, findServer, migrationOptions } from "./server.ts";
import { stats } from "./stats.ts";
import { MysqlStore } from "./store.ts";
import { displayUrl, parseUrl, SCHEMES, URL_FORM } from "./url.ts";

export const mysqlEngine: Engine = {
  schemes: SCHEMES,
  urlForm: URL_FORM,
  displayUrl,

  async migrate(url, options) {
    const address = parseUrl(url, options.credentials);
    return explained(url, async () => {
      const hosts = new Hosts(address);
      const server = await findServer(hosts, options);
      const opened = migrationOptions(server, options);
      const connect = () => hosts.connect(opened);
      const [work, lease] = await openBoth(connect);
      try {
        return await migrate(work, lease, {
          dialect: server.dialect,
          dryRun: options.dryRun,
          onStep: options.onStep,
        });
      } finally {
        await Promise.all([work.end(), lease.end()]);
      }
    });
  },

  async open(url, options) {
    const address = parseUrl(url, options.credentials);
    return explained(url, async () => {
      const pools: Pool[] = [];
      const renew = () => {
        options.log.warn(
          "The database's writes may have moved to another server: its connections are replaced.",
        );
        for (const pool of pools) pool.renew();
      };
      const hosts = new Hosts(address, renew);
      const server = await findServer(hosts, options);
      checkSettings(server, options.log);
      const opened = connectionOptions(server, options);
      const connect = () => hosts.connect(opened);
      const connection = await connect();
      try {
        requireCurrent(STEPS, await findSchema(connection), (name) => connection.schema.nameOf(name));
        await requireOwnerTable(connection);
        await requirePrivileges(connection, options);
      } finally {
        await connection.end();
      }
      const poolOf = (name: string, max: number) =>
        new Pool({
          name,
          connect,
          min: Math.min(options.poolMin, max),
          max,
          queue: options.poolQueue,
          acquireTimeoutMs: options.acquireTimeoutMs,
          idleTimeoutMs: options.poolIdleTimeoutMs,
          maxAgeMs: options.poolMaxAgeMs,
          checkAfterMs: options.poolCheckAfterMs,
          onMoved: renew,
          onRetry: (cause) => options.observe?.retry(cause),
        });
      const writes = poolOf("writes", options.writeConnections);
      const reads = poolOf("reads", options.readConnections);
      pools.push(writes, reads);
      return new MysqlStore({
        capabilities: capabilitiesOf(server),
        writes,
        reads,
        maxJsonDepth: server.dialect.maxJsonDepth,
        maxPacketBytes: server.maxPacketBytes,
      });
    });
  },

  async *doctor(url, options) {
    yield* doctor(url, parseUrl(url, options.credentials), options);
  },

  async stats(url, options) {
    const address = parseUrl(url, options.credentials);
    return explained(url, () => stats(address, options));
  },

  stateIndexes,
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

async function requirePrivileges(connection: Connection, { log }: EngineOptions): Promise<void> {
  try {
    await tryRights(connection);
  } catch (error) {
    if (failureOf(error) !== "moved") throw error;
    log.warn("The database takes no writes now, so the user's rights were not checked.");
  }
}
