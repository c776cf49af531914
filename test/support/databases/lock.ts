import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheFolder } from "./settings.ts";

/**
 * Runs `work` while no other process (or other caller in this one) runs work under the same name.
 * An exclusive SQLite transaction is the lock: the operating system frees it when its holder dies, however it dies,
 * which a lock file with a process id in it cannot offer.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const folder = join(cacheFolder(), "locks");
  await mkdir(folder, { recursive: true });
  const lock = new DatabaseSync(join(folder, `${name}.lock`));
  try {
    // Whatever one caller holds the lock for ends by a time limit of its own, so this wait does too.
    while (!taken(lock)) await sleep(50);
    return await work();
  } finally {
    lock.close();
  }
}

function taken(lock: DatabaseSync): boolean {
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    const busy = 5;
    if ((error as { errcode?: number }).errcode === busy) return false;
    throw error;
  }
}
