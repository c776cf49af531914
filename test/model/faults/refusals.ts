/** A database or a server that is there, and refuses. */
import { rename, writeFile } from "node:fs/promises";
import { administer } from "../../support/databases/client.ts";
import type { PrivateServer } from "../../support/databases/index.ts";
import { killSome } from "./kills.ts";
import { type Fault, failedWith, progress, recovery, seen, wrote } from "./pace.ts";

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
        await seen(attempts, 1, failedWith("STORE_READ_ONLY"));
      } finally {
        await set(0);
      }
    }
    await recovery(attempts);
  };
}

/** More clients than servers with next to no connections, queues and patience take. */
export function crowd(): Fault {
  return async (_, attempts) => {
    await seen(attempts, 10, failedWith("SERVER_BUSY"));
    await recovery(attempts);
  };
}

/** An account of the database, and the file from which servers read its password. */
export interface Account {
  readonly user: string;
  readonly password: string;
  readonly passwordFile: string;
}

/** Puts a password into an account's file, at once. */
export async function writePassword({ passwordFile }: Account, password: string): Promise<void> {
  await writeFile(`${passwordFile}.new`, `${password}\n`, { mode: 0o600 });
  await rename(`${passwordFile}.new`, passwordFile);
}

/** A password that is changed in the database before it is in the servers' file, and back; then a file with a wrong one. */
export function changePassword(database: PrivateServer, name: string, account: Account): Fault {
  const { user, password } = account;
  const alter = (to: string) =>
    administer(database, async (admin) => {
      await admin.query("ALTER USER ?@'%' IDENTIFIED BY ?", [user, to]);
    });
  return async (random, attempts) => {
    const other = `${password}-${random.bits()}`;
    const turns = [
      { change: () => alter(other), repair: () => writePassword(account, other) },
      { change: () => alter(password), repair: () => writePassword(account, password) },
      { change: () => writePassword(account, other), repair: () => writePassword(account, password) },
    ];
    for (const { change, repair } of turns) {
      await progress(attempts, 15 + random.below(15));
      await change();
      try {
        // Connections that are open stay so.
        await seen(attempts, 3, wrote);
        await killSome(database, name, "CONNECTION");
        await seen(attempts, 3, failedWith("STORE_UNAVAILABLE"));
      } finally {
        await repair();
      }
      await recovery(attempts);
    }
  };
}
