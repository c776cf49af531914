/** Another user of the database, who locks rows in the other order and for too long. */
import mysql from "mysql2/promise";
import { vi } from "vitest";
import { administer } from "../../support/databases/client.ts";
import type { PrivateServer } from "../../support/databases/index.ts";
import type { Attempt } from "../calls.ts";
import { type Fault, progress, recovery } from "./pace.ts";

/** InnoDB's count of what it ended. */
type Counter = "lock_deadlocks" | "lock_timeouts";

/** How often the rival may miss. */
const MAX_TRIES = 60;

/**
 * Deadlocks in which the servers' transaction is the victim: the rival locks the state and then the sessions, which is the
 * other order. InnoDB ends the transaction that wrote less, and the rival wrote much.
 */
export function deadlocks(database: PrivateServer, name: string): Fault {
  return async (random, attempts) => {
    await withRival(database, name, async (rival, admin) => {
      const before = await count(admin, "lock_deadlocks");
      let own = 0;
      for (let tries = 0; (await count(admin, "lock_deadlocks")) - before - own < 3; tries++) {
        if (tries === MAX_TRIES) throw new Error(`the rival met nobody in ${MAX_TRIES} tries`);
        await progress(attempts, 2 + random.below(6));
        const app = appOf(attempts);
        await begin(rival);
        try {
          await lockState(rival, app);
          await someoneWaits(admin);
          await lockSessions(rival, app);
        } catch (error) {
          if ((error as { errno?: number }).errno !== 1213) throw error;
          own++;
        }
        await rival.query("ROLLBACK");
      }
    });
    await recovery(attempts);
  };
}

/** Rows that are locked for longer than the servers' statements wait for a lock. */
export function lockTimeouts(database: PrivateServer, name: string): Fault {
  return async (_, attempts) => {
    await progress(attempts, 40);
    await withRival(database, name, async (rival, admin) => {
      const before = await count(admin, "lock_timeouts");
      await begin(rival);
      await lockSessions(rival, appOf(attempts));
      await vi.waitUntil(async () => (await count(admin, "lock_timeouts")) - before >= 2, {
        timeout: 60_000,
        interval: 50,
      });
      await rival.query("ROLLBACK");
    });
    await recovery(attempts);
  };
}

/** Does something with a connection that locks and another one that looks. */
async function withRival(
  database: PrivateServer,
  name: string,
  work: (rival: mysql.Connection, admin: mysql.Connection) => Promise<void>,
): Promise<void> {
  await administer(database, (admin) =>
    administer(database, async (rival) => {
      await rival.query(`USE ${mysql.escapeId(name)}`);
      // As the servers do it, so that it locks rows and not the gaps between them.
      await rival.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await rival.query("SET SESSION innodb_lock_wait_timeout = 50");
      await rival.query("SET NAMES utf8mb4");
      await rival.query("CREATE TABLE IF NOT EXISTS weight (id INT NOT NULL PRIMARY KEY)");
      await work(rival, admin);
    }),
  );
}

/** Begins a transaction that outweighs the servers' ones. */
async function begin(rival: mysql.Connection): Promise<void> {
  await rival.query("START TRANSACTION");
  await rival.query("INSERT INTO weight VALUES ?", [Array.from({ length: 400 }, (_, at) => [at])]);
}

async function lockState(rival: mysql.Connection, app: string): Promise<void> {
  for (const table of ["adk_app_states", "adk_user_states", "adk_session_states"])
    await rival.query(`SELECT 1 FROM ${table} FORCE INDEX (PRIMARY) WHERE app_name = ? FOR UPDATE`, [app]);
}

async function lockSessions(rival: mysql.Connection, app: string): Promise<void> {
  await rival.query("SELECT 1 FROM adk_sessions FORCE INDEX (PRIMARY) WHERE app_name = ? FOR UPDATE", [app]);
}

/** Resolves once a transaction waits for a lock, or when nobody comes. */
async function someoneWaits(admin: mysql.Connection): Promise<void> {
  const sql = "SELECT trx_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'";
  const found = async () => ((await admin.query(sql))[0] as unknown[]).length > 0;
  await vi.waitUntil(found, { timeout: 500, interval: 5 }).catch(() => {});
}

async function count(admin: mysql.Connection, counter: Counter): Promise<number> {
  const sql = "SELECT COUNT FROM information_schema.innodb_metrics WHERE NAME = ?";
  const [rows] = await admin.query<mysql.RowDataPacket[]>(sql, [counter]);
  return Number(rows[0]?.["COUNT"]);
}

/** The app of the round. */
function appOf(attempts: readonly Attempt[]): string {
  return attempts[0]?.call.request.key?.appName ?? "";
}
