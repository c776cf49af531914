/** Processes and connections that end without notice. */
import type { Random } from "../../store/random.ts";
import { administer } from "../../support/databases/client.ts";
import type { PrivateServer } from "../../support/databases/index.ts";
import { processes } from "../../support/databases/processes.ts";
import { type Fault, progress, recovery } from "./pace.ts";
import type { Servers } from "./servers.ts";

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
      await killSome(database, name, random.pick(["CONNECTION", "QUERY"]), random);
    }
    await recovery(attempts);
  };
}

/** KILL of every connection to a database, or of about half of them where `random` is given. */
export async function killSome(
  database: PrivateServer,
  name: string,
  what: "CONNECTION" | "QUERY",
  random?: Random,
): Promise<void> {
  await administer(database, async (admin) => {
    const listed = await processes(async (sql) => (await admin.query(sql))[0] as unknown[]);
    for (const { id } of listed.filter((each) => each.database === name)) {
      // One that ended by itself meanwhile is no fault of ours.
      if (random === undefined || random.below(2) === 0)
        await admin.query(`KILL ${what} ${id}`).catch(() => {});
    }
  });
}
