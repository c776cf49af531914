/** Whether a user may do what the store does. */
import { SCHEMA_TABLES } from "../migrations.ts";
import type { Connection } from "./connection.ts";
import { SESSION_COLUMNS } from "./rows.ts";
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

/** What an INSERT … SELECT takes over: of sessions no column that may be generated. */
function copied(table: string): string {
  return table === "adk_sessions" ? ` (${SESSION_COLUMNS}) SELECT ${SESSION_COLUMNS}` : " SELECT *";
}
