/** Looks into a store's database from outside. */
import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import mysql from "mysql2/promise";
import { processes } from "../../support/databases/processes.ts";

type Row = Readonly<Record<string, unknown>>;

/** Runs `work` with a function that runs SQL in the database at `url`. A missing SQLite file is made. */
async function withDatabase<T>(
  url: string,
  work: (query: (sql: string) => Promise<Row[]>) => Promise<T>,
): Promise<T> {
  if (url.startsWith("sqlite:")) {
    const database = new Database(url.slice("sqlite:".length));
    try {
      return await work(async (sql) => {
        const statement = database.prepare(sql);
        if (statement.reader) return statement.all() as Row[];
        statement.run();
        return [];
      });
    } finally {
      database.close();
    }
  }
  const connection = await mysql.createConnection(url.replace(/^mariadb:/, "mysql:"));
  try {
    return await work(async (sql) => (await connection.query(sql))[0] as Row[]);
  } finally {
    await connection.end();
  }
}

/** Runs statements, one after the other. */
export function runSql(url: string, statements: readonly string[]): Promise<void> {
  return withDatabase(url, async (query) => {
    for (const sql of statements) await query(sql);
  });
}

/** Every table and view with its definition and rows; undefined for an SQLite file that is not there. */
export async function dump(url: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const sqlite = url.startsWith("sqlite:");
  if (sqlite && !existsSync(url.slice("sqlite:".length))) return undefined;
  return withDatabase(url, async (query) => {
    const names = await query(
      sqlite ? "SELECT name FROM sqlite_schema WHERE type <> 'index'" : "SHOW TABLES",
    );
    const dumped: Record<string, unknown> = {};
    for (const row of names) {
      const name = String(Object.values(row)[0]);
      const made = sqlite
        ? await query(`SELECT sql FROM sqlite_schema WHERE name = '${name}'`)
        : await query(`SHOW CREATE TABLE ${name}`);
      dumped[name] = { made, rows: await query(`SELECT * FROM ${name}`) };
    }
    return dumped;
  });
}

/** How many statements run in the server's database at the moment; SQLite has no way to tell. */
export async function activeQueries(url: string): Promise<number> {
  if (url.startsWith("sqlite:")) return 0;
  return withDatabase(url, async (query) => {
    const [self] = await query("SELECT DATABASE() AS name, CONNECTION_ID() AS id");
    const listed = await processes(query);
    return listed.filter(
      ({ id, database, command }) =>
        database === self?.["name"] && command !== "Sleep" && id !== Number(self?.["id"]),
    ).length;
  });
}
