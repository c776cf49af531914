/** Forgetting what is old, some rows to a transaction, so that none holds locks for long. */
import type { Pool } from "./pool.ts";
import { count, statement } from "./sql.ts";
import { transact } from "./transaction.ts";

/** Rows that one step forgets. */
const SWEEP_ROWS = 1_000;

/** Runs a DELETE of what is older than its one placeholder until nothing is left; gives the number of rows. */
export async function sweep(
  pool: Pool,
  deleteOlder: string,
  beforeMicros: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let swept = 0;
  for (let step = SWEEP_ROWS; step === SWEEP_ROWS; ) {
    step = await transact(pool, { signal, repeatable: true }, async (transaction) => {
      const [deleted] = await transaction.run([
        statement(`${deleteOlder} LIMIT ${count(SWEEP_ROWS)}`, beforeMicros),
      ]);
      await transaction.commit();
      return deleted?.affectedRows ?? 0;
    });
    swept += step;
  }
  return swept;
}
