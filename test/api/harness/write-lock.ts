/** Holds back a store's writes, so that a test can look at calls that are waiting. */
import Database from "better-sqlite3";
import mysql from "mysql2/promise";

/**
 * Takes a lock in the database at `url` that every append to a session of `appName` must wait for; reads go on.
 * Resolves to a function that gives it back.
 */
export async function lockWrites(url: string, appName: string): Promise<() => Promise<void>> {
  if (url.startsWith("sqlite:")) {
    const database = new Database(url.slice("sqlite:".length));
    database.exec("BEGIN IMMEDIATE");
    return async () => {
      database.close();
    };
  }
  const connection = await mysql.createConnection(url.replace(/^mariadb:/, "mysql:"));
  await connection.query("START TRANSACTION");
  await connection.query("SELECT id FROM adk_sessions WHERE app_name = ? FOR UPDATE", [Buffer.from(appName)]);
  return () => connection.end();
}
