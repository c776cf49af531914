/** What a call costs the database, counted by the database: no figure of time. */
import { statSync } from "node:fs";
import Database from "better-sqlite3";
import mysql from "mysql2/promise";
import { type Data, newData, type StoreName, urlFor } from "../api/harness.ts";
import { startPrivateServer } from "../support/databases/index.ts";

/** Data on a database that does nothing else, so that all it counts is the test's. */
export interface CountedData extends Data {
  /** What the counter is called: a unit for messages. */
  readonly unit: string;
  /** How much the database did while `work` ran. */
  cost(work: () => Promise<unknown>): Promise<number>;
}

/** New, empty data that counts. */
export async function countedData(store: StoreName): Promise<CountedData> {
  return store === "sqlite" ? countedFile() : countedServer(store);
}

/** SQLite: bytes of the write-ahead log, which is emptied before. */
async function countedFile(): Promise<CountedData> {
  const data = await newData("sqlite");
  const path = data.url.slice("sqlite:".length);
  return {
    ...data,
    unit: "bytes of the log",
    async cost(work) {
      const database = new Database(path);
      const [emptied] = database.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
      database.close();
      if (emptied?.busy !== 0) throw new Error("somebody reads: the log could not be emptied");
      await work();
      return statSync(`${path}-wal`).size;
    },
  };
}

/** A server of its own: rows that its engine was asked for, in indexes and tables, to read or write. */
async function countedServer(engine: Exclude<StoreName, "sqlite">): Promise<CountedData> {
  const server = await startPrivateServer(engine);
  const { url } = await server.createDatabase();
  const connection = await mysql.createConnection(server.adminUrl);
  async function rows(): Promise<number> {
    const [found] = await connection.query(
      "SHOW GLOBAL STATUS WHERE Variable_name REGEXP '^Handler_(read|write|update|delete)'",
    );
    return (found as { Value: string }[]).reduce((sum, { Value }) => sum + Number(Value), 0);
  }
  return {
    url: urlFor(engine, url),
    unit: "rows",
    async cost(work) {
      // To look counts too, the same each time.
      const looking = -(await rows()) + (await rows());
      const before = await rows();
      await work();
      return (await rows()) - before - looking;
    },
    async drop() {
      await connection.end();
      await server.stop();
    },
  };
}
