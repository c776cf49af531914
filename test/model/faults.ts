/** What breaks servers, databases and the way between them while clients run. Each ends with everything in order again. */

import type mysql from "mysql2/promise";
import { vi } from "vitest";
import { type Api, connect, type Server, startServer } from "../api/harness.ts";
import type { TcpProxy } from "../store/mysql/proxy.ts";
import type { Random } from "../store/random.ts";
import { administer } from "../support/databases/client.ts";
import type { PrivateServer } from "../support/databases/index.ts";
import { processes } from "../support/databases/processes.ts";
import type { Attempt } from "./calls.ts";

/** Breaks something, some times over. */
export type Fault = (random: Random, attempts: readonly Attempt[]) => Promise<void>;

/** Server processes on one database, of which any may be killed and replaced. */
export class Servers {
  readonly apis: Api[] = [];
  private readonly servers: Server[] = [];
  private readonly store: string;

  private constructor(store: string) {
    this.store = store;
  }

  /** Starts so many. */
  static async start(store: string, count: number): Promise<Servers> {
    const servers = new Servers(store);
    for (let at = 0; at < count; at++) await servers.replace(at);
    return servers;
  }

  /** kill -9 at one, and another one in its place. */
  async killOne(random: Random): Promise<void> {
    const at = random.below(this.servers.length);
    await this.servers[at]?.kill();
    await this.replace(at);
  }

  /** Ends all. */
  async stop(): Promise<void> {
    await Promise.all(this.apis.map((api) => api.close()));
    for (const server of this.servers) await server.kill();
  }

  private async replace(at: number): Promise<void> {
    const server = await startServer({ store: this.store, args: ["--log-level", "error"] });
    const old = this.apis[at];
    this.servers[at] = server;
    this.apis[at] = connect("grpc-js", server);
    await old?.close();
  }
}

/** Resolves once clients have ended some more attempts. */
async function progress(attempts: readonly Attempt[], count: number): Promise<void> {
  const from = attempts.length;
  await vi.waitUntil(() => attempts.length >= from + count, { timeout: 60_000, interval: 2 });
}

/** How soon after the repair all must work again by itself, in milliseconds. */
const RECOVERY_LIMIT = 20_000;

/** Resolves once writes that began after the repair are answered again. */
async function recovery(attempts: readonly Attempt[]): Promise<void> {
  const from = attempts.length;
  const isWrite = ({ call }: Attempt) => call.kind === "append" || call.kind === "setShared";
  await vi.waitUntil(
    () => attempts.slice(from).filter((each) => each.outcome.ok && isWrite(each)).length >= 6,
    { timeout: RECOVERY_LIMIT, interval: 2 },
  );
}

/** kill -9 of a server, twice. */
export function killServers(servers: Servers): Fault {
  return async (random, attempts) => {
    for (let times = 0; times < 2; times++) {
      await progress(attempts, 30 + random.below(30));
      await servers.killOne(random);
    }
    await recovery(attempts);
  };
}

/** kill -9 of the database, and its start on the same data. */
export function killDatabase(database: PrivateServer): Fault {
  return async (random, attempts) => {
    await progress(attempts, 40 + random.below(30));
    await database.kill();
    await progress(attempts, 5);
    await database.start();
    await recovery(attempts);
  };
}

/** KILL of whatever connections and queries the servers have. */
export function killConnections(database: PrivateServer, name: string): Fault {
  return async (random, attempts) => {
    for (let times = 0; times < 12; times++) {
      await progress(attempts, 4 + random.below(6));
      await administer(database, async (admin) => {
        const listed = await processes(async (sql) => (await admin.query<mysql.RowDataPacket[]>(sql))[0]);
        const what = random.pick(["KILL CONNECTION", "KILL QUERY"]);
        for (const { id } of listed.filter((each) => each.database === name)) {
          // One that ended by itself meanwhile is no fault of ours.
          if (random.below(2) === 0) await admin.query(`${what} ${id}`).catch(() => {});
        }
      });
    }
    await recovery(attempts);
  };
}

/** Connections that are cut at COMMIT, before the database has it or before its answer passes. */
export function cutCommits(proxy: TcpProxy): Fault {
  return async (random, attempts) => {
    let cuts = 0;
    const sometimes = (piece: Buffer) => {
      if (!piece.includes("COMMIT") || random.below(6) !== 0) return false;
      cuts++;
      return true;
    };
    proxy.rules = { cutRequest: sometimes, cutAnswer: sometimes };
    try {
      await progress(attempts, 60);
      await vi.waitUntil(() => cuts > 3, { timeout: 60_000, interval: 2 });
    } finally {
      proxy.rules = {};
    }
    await recovery(attempts);
  };
}

/** A database that takes no writes for a while, as after a failover. */
export function switchReadOnly(database: PrivateServer): Fault {
  return async (random, attempts) => {
    const set = (value: 0 | 1) =>
      administer(database, async (admin) => {
        await admin.query(`SET GLOBAL read_only = ${value}`);
      });
    for (let times = 0; times < 2; times++) {
      await progress(attempts, 20 + random.below(20));
      await set(1);
      try {
        const refused = attempts.length;
        await vi.waitUntil(
          () =>
            attempts
              .slice(refused)
              .some(({ outcome }) => !outcome.ok && outcome.reason === "STORE_READ_ONLY"),
          { timeout: 60_000, interval: 2 },
        );
      } finally {
        await set(0);
      }
    }
    await recovery(attempts);
  };
}
