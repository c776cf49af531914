/** What the doctor asks a server for, all of it by reading. */
import type { Connection, Row } from "../connection.ts";
import type { Dialect } from "../dialect.ts";
import { statement } from "../sql.ts";
import { plainType, type TableShape } from "./drift.ts";

/** What a session of the store sees. */
export interface ServerFacts {
  readonly dialect: Dialect;
  /** The session's settings by lower-case name. */
  readonly variables: ReadonlyMap<string, string>;
  /** The server's counters by lower-case name. */
  readonly status: ReadonlyMap<string, string>;
  /** Round trips of the smallest query, in milliseconds, the fastest first. */
  readonly roundTripsMs: readonly number[];
  /** How far the server's clock is ahead of ours, in milliseconds. */
  readonly clockAheadMs: number;
  /** The cipher of this connection; empty without TLS. */
  readonly cipher: string;
  readonly grants: readonly string[];
}

/** A table as it stands in the database. */
export interface FoundTable extends TableShape {
  readonly engine: string;
  readonly collations: ReadonlySet<string>;
  /** Data and indexes, by the server's statistics. */
  readonly bytes: number;
}

/** How many round trips are measured, after one that is not. */
const ROUND_TRIPS = 15;

export async function serverFacts(connection: Connection, dialect: Dialect): Promise<ServerFacts> {
  const variables = named(await rows(connection, "SHOW SESSION VARIABLES"));
  const status = named(await rows(connection, "SHOW GLOBAL STATUS"));
  const session = named(await rows(connection, "SHOW SESSION STATUS WHERE Variable_name = 'Ssl_cipher'"));
  const { roundTripsMs, clockAheadMs } = await measure(connection);
  const grants = await rows(connection, "SHOW GRANTS FOR CURRENT_USER()");
  return {
    dialect,
    variables,
    status,
    roundTripsMs,
    clockAheadMs,
    cipher: session.get("ssl_cipher") ?? "",
    grants: grants.map((row) => String(Object.values(row)[0])),
  };
}

async function measure(connection: Connection): Promise<Pick<ServerFacts, "roundTripsMs" | "clockAheadMs">> {
  const clock = "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6)) AS now_us";
  await rows(connection, clock);
  const trips: { ms: number; aheadMs: number }[] = [];
  for (let at = 0; at < ROUND_TRIPS; at++) {
    const began = performance.now();
    const [row] = await rows(connection, clock);
    const ms = performance.now() - began;
    trips.push({ ms, aheadMs: Number(row?.["now_us"]) / 1000 - (Date.now() - ms / 2) });
  }
  trips.sort((a, b) => a.ms - b.ms);
  // The fastest trip says best where in it the server read its clock.
  return { roundTripsMs: trips.map(({ ms }) => ms), clockAheadMs: trips[0]?.aheadMs ?? 0 };
}

/** The tables of these names, by lower-case name. */
export async function findTables(
  connection: Connection,
  names: readonly string[],
): Promise<ReadonlyMap<string, FoundTable>> {
  const marks = names.map(() => "?").join(", ");
  const where = `table_schema = DATABASE() AND table_name IN (${marks})`;
  const tables = await rows(
    connection,
    "SELECT table_name AS name, engine AS engine, COALESCE(data_length, 0) + COALESCE(index_length, 0) AS bytes " +
      `FROM information_schema.tables WHERE ${where} AND table_type = 'BASE TABLE'`,
    names,
  );
  const columns = await rows(
    connection,
    "SELECT table_name AS name, column_name AS col, column_type AS type, is_nullable AS nullable, " +
      "column_default IS NOT NULL OR extra <> '' AS defaulted, " +
      `collation_name AS collation FROM information_schema.columns WHERE ${where}`,
    names,
  );
  const indexes = await rows(
    connection,
    "SELECT table_name AS name, index_name AS idx, column_name AS col FROM information_schema.statistics " +
      `WHERE ${where} ORDER BY table_name, index_name, seq_in_index`,
    names,
  );
  return new Map(
    tables.map((table) => {
      const name = lower(table["name"]);
      const own = (all: readonly Row[]) => all.filter((row) => lower(row["name"]) === name);
      const keys = new Map<string, string[]>();
      for (const row of own(indexes)) {
        const index = lower(row["idx"]);
        keys.set(index, [...(keys.get(index) ?? []), lower(row["col"])]);
      }
      const shape: FoundTable = {
        name,
        engine: String(table["engine"]),
        bytes: Number(table["bytes"]),
        collations: new Set(
          own(columns).flatMap((row) => (row["collation"] === null ? [] : [String(row["collation"])])),
        ),
        columns: own(columns).map((row) => ({
          name: lower(row["col"]),
          type: plainType(String(row["type"])),
          nullable: row["nullable"] === "YES",
          hasDefault: Number(row["defaulted"]) !== 0,
        })),
        indexes: keys,
      };
      return [name, shape];
    }),
  );
}

async function rows(
  connection: Connection,
  sql: string,
  values: readonly string[] = [],
): Promise<readonly Row[]> {
  const [result] = await connection.run([statement(sql, ...values)]);
  return result?.rows ?? [];
}

function named(found: readonly Row[]): Map<string, string> {
  return new Map(found.map((row) => [lower(row["Variable_name"]), String(row["Value"])]));
}

function lower(value: unknown): string {
  return String(value).toLowerCase();
}
