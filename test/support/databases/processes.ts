/** The connections that a server has. */

/** A connection as the server lists it. */
export interface ServerProcess {
  readonly id: number;
  readonly user: string;
  readonly database: string | null;
  /** `Sleep` where it waits for its client. */
  readonly command: string;
  /** The beginning of the statement that it runs. */
  readonly info: string | null;
}

/**
 * Lists connections, all of them where the account may see them. By SHOW, because MySQL's table of them in
 * information_schema cannot hold a running statement with characters beyond utf8mb3, and fails then.
 */
export async function processes(
  query: (sql: string) => Promise<readonly unknown[]>,
): Promise<ServerProcess[]> {
  const rows = (await query("SHOW PROCESSLIST")) as ProcessRow[];
  return rows.map((row) => ({
    id: Number(row.Id),
    user: row.User,
    database: row.db,
    command: row.Command,
    info: row.Info,
  }));
}

interface ProcessRow {
  readonly Id: number;
  readonly User: string;
  readonly db: string | null;
  readonly Command: string;
  readonly Info: string | null;
}
