/**
 * What differs between the servers that speak MySQL's protocol, as capability flags:
 * the one place that reads a server's version. Everything else asks a flag.
 */
import { StartError } from "../errors.ts";

/** A server's abilities, found from its version. */
export interface Dialect {
  /** For people: `MySQL 9.7.4`, `MariaDB 10.11.19`. */
  readonly description: string;
  /** The collation that compares exactly, does not pad, and shows texts as texts. */
  readonly exactCollation: string;
  /** How deep a value may be nested for the server's JSON functions to take it into an object. */
  readonly maxJsonDepth: number;
  /** Sets how long one statement may run in this session, in milliseconds. */
  readonly statementTimeout: (milliseconds: number) => string;
  /** Whether that ends every statement; otherwise reads only. */
  readonly timeoutEndsWrites: boolean;
  /** Whether a query may have several statements, which saves round trips in transactions. */
  readonly multiStatements: boolean;
  /** Whether a list of tuples of key columns is read by ranges of the key: a fourth of the time of as many ORs. */
  readonly tupleRanges: boolean;
}

/** The oldest servers: the first with a binary collation that does not pad, and with JSON_OBJECTAGG. */
const OLDEST_MYSQL = [8, 0, 17] as const;
const OLDEST_MARIADB = [10, 5, 0] as const;

/** The dialect for what `SELECT VERSION()` says. @throws StartError if the server is too old */
export function dialectOf(version: string): Dialect {
  const number = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (number === null) throw new StartError(`The database server has an unknown version, "${version}".`);
  const found = number.slice(1, 4).map(Number);
  if (/mariadb/i.test(version)) {
    requireAtLeast("MariaDB", found, OLDEST_MARIADB);
    return {
      description: `MariaDB ${found.join(".")}`,
      exactCollation: "utf8mb4_nopad_bin",
      maxJsonDepth: 30,
      statementTimeout: (milliseconds) => `SET SESSION max_statement_time = ${milliseconds / 1000}`,
      timeoutEndsWrites: true,
      multiStatements: true,
      tupleRanges: false,
    };
  }
  const tidb = /tidb-v?([\d.]+)/i.exec(version);
  if (tidb === null) requireAtLeast("MySQL", found, OLDEST_MYSQL);
  return {
    description: tidb === null ? `MySQL ${found.join(".")}` : `TiDB ${tidb[1]}`,
    exactCollation: "utf8mb4_0900_bin",
    maxJsonDepth: 99,
    statementTimeout: (milliseconds) => `SET SESSION max_execution_time = ${Math.ceil(milliseconds)}`,
    timeoutEndsWrites: false,
    multiStatements: true,
    tupleRanges: true,
  };
}

function requireAtLeast(product: string, found: readonly number[], oldest: readonly number[]): void {
  for (const [at, part] of oldest.entries()) {
    const have = found[at] ?? 0;
    if (have > part) return;
    if (have < part) {
      throw new StartError(
        `The database server is ${product} ${found.join(".")}; sessiond needs ${product} ${oldest.join(".")} or newer. ` +
          "Upgrade the server, or give another one with --store.",
      );
    }
  }
}
