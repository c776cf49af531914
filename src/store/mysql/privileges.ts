/** Whether a user may do what the store does. */
import { SCHEMA_TABLES } from "../migrations.ts";
import { SESSION_COLUMNS } from "../rows.ts";
import type { Connection } from "./connection.ts";
import { statement } from "./sql.ts";

/**
 * Tries what the store does to its tables, on no row: a server checks the rights all the same.
 * @throws the driver's error
 */
export async function tryRights(connection: Connection): Promise<void> {
  await connection.run(
    SCHEMA_TABLES.flatMap((table) => [
      statement(`INSERT INTO ${table}${copied(table)} FROM ${table} WHERE FALSE`),
      statement(`UPDATE ${table} SET app_name = app_name WHERE FALSE`),
      statement(`DELETE FROM ${table} WHERE FALSE`),
    ]),
  );
}

/** What an INSERT … SELECT takes over: no column that may be generated (an owner's, an index's). */
function copied(table: string): string {
  if (table === "adk_sessions") return ` (${SESSION_COLUMNS}) SELECT ${SESSION_COLUMNS}`;
  return table === "adk_session_states" ? ` (${STATE_COLUMNS}) SELECT ${STATE_COLUMNS}` : " SELECT *";
}

const STATE_COLUMNS = "app_name, user_id, session_id, state_key, value, value_hash, is_json";
