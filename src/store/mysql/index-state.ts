/**
 * `sessiond index` for MySQL, MariaDB and what speaks their protocol. The columns are STORED:
 * an index over a VIRTUAL one ended the server (MySQL 9.7.4, signal 11) in an UPDATE after a
 * foreign key's cascade had deleted rows of the table.
 *
 * An expression that fails would fail the append that writes the value, so none can: numbers
 * are told by their text and cast only where the cast is sure, and JSON functions see strings
 * alone, of those that `is_json` vouches for.
 */
import mysql from "mysql2";
import type { EngineOptions } from "../engine.ts";
import { StartError } from "../errors.ts";
import { requireCurrent } from "../migrations.ts";
import {
  commentOf,
  MAX_INDEXED_SCALAR_JSON,
  MAX_INDEXED_TEXT,
  MAX_INDEXED_TEXT_JSON,
  MOST_COUNTED,
  parseComment,
  refuseSecond,
  requireIndex,
  type StateIndex,
  type StateIndexChange,
  type StateIndexEntry,
  type StateIndexes,
  type StateIndexType,
  stateIndexOf,
} from "../state-index.ts";
import type { Connection, Row } from "./connection.ts";
import { failureOf, toStartError } from "./errors.ts";
import { Hosts } from "./hosts.ts";
import { findSchema } from "./migrate.ts";
import { STEPS } from "./schema.ts";
import { findServer, migrationOptions, type Server } from "./server.ts";
import { count, type SqlValue, type Statement, statement } from "./sql.ts";
import { displayUrl, parseUrl } from "./url.ts";

/** How long the change waits for transactions that use the table, and others wait behind it, in seconds. */
const LOCK_WAIT_SECONDS = 10;

/** `sessiond index` here. */
export const stateIndexes: StateIndexes<EngineOptions> = {
  add: (url, options) =>
    connected(url, options, async (connection, { dialect }) => {
      const index = stateIndexOf(options.stateKey, options.type);
      refuseSecond(await inspectStateIndexes(connection), index);
      return change(connection, index, addStatements(index, dialect.exactCollation), options.dryRun);
    }),

  list: (url, options) =>
    connected(url, options, async (connection) => {
      const found = await findStateIndexes(connection);
      const entries: StateIndexEntry[] = [];
      for (const index of found) entries.push({ ...index, ...(await countRows(connection, index)) });
      return entries;
    }),

  drop: (url, options) =>
    connected(url, options, async (connection) => {
      const { parts, missing, ...index } = requireIndex(
        await inspectStateIndexes(connection),
        options.stateKey,
      );
      return change(connection, index, [dropStatement(parts)], options.dryRun);
    }),
};

/** The indexes over state keys, by key; those of which a part was taken away by hand are left out. */
export async function findStateIndexes(connection: Connection): Promise<StateIndex[]> {
  const found = await inspectStateIndexes(connection);
  return found
    .filter(({ missing }) => missing.length === 0)
    .map(({ stateKey, type, column, hashColumn }) => ({ stateKey, type, column, hashColumn }));
}

/** An index as the schema has it: which of its columns and keys, `DROP`s of which make it go, and which are missing. */
interface InspectedIndex extends StateIndex {
  readonly parts: readonly string[];
  readonly missing: readonly string[];
}

/** All indexes over state keys whose column with its comment is there, by key. */
export async function inspectStateIndexes(connection: Connection): Promise<InspectedIndex[]> {
  const table = connection.schema.nameOf("adk_session_states");
  const [columns, keys] = await connection.run([
    statement(
      "SELECT column_name AS name, column_comment AS comment FROM information_schema.columns " +
        "WHERE table_schema = DATABASE() AND table_name = ?",
      table,
    ),
    statement(
      "SELECT DISTINCT index_name AS name FROM information_schema.statistics " +
        "WHERE table_schema = DATABASE() AND table_name = ?",
      table,
    ),
  ]);
  const namesOf = (rows: readonly Row[] = []) => new Set(rows.map((row) => String(row["name"])));
  const has = { COLUMN: namesOf(columns?.rows), KEY: namesOf(keys?.rows) };
  const found = (columns?.rows ?? []).flatMap((row) => {
    const index = parseComment(String(row["comment"]));
    if (index === undefined || index.column !== row["name"]) return [];
    const all = (["KEY", "COLUMN"] as const).flatMap((kind) =>
      [index.column, index.hashColumn].map((name) => ({ kind, name, there: has[kind].has(name) })),
    );
    const textOf = ({ kind, name }: (typeof all)[number]) => `${kind} \`${name}\``;
    return [
      {
        ...index,
        parts: all.filter(({ there }) => there).map(textOf),
        missing: all.filter(({ there }) => !there).map(textOf),
      },
    ];
  });
  return found.sort((a, b) => (a.stateKey < b.stateKey ? -1 : 1));
}

/** Numbers whose exponent cannot take them beyond a double. */
const IS_NUMBER = "value REGEXP '^[[:space:]]*-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,2})?[[:space:]]*$'";
const AS_DOUBLE = "CAST(value AS DOUBLE)";
const AS_TEXT = "JSON_UNQUOTE(JSON_EXTRACT(value, '$'))";

/** Integers that a double has exactly are taken in every form: `1.0`, `1e3`. */
const INTEGER =
  "CASE WHEN value REGEXP '^[[:space:]]*-?[0-9]{1,18}[[:space:]]*$' THEN CAST(value AS SIGNED) " +
  "WHEN value REGEXP '^-?[0-9]{19}$' AND REPLACE(value, '-', '') <= '9223372036854775807' THEN CAST(value AS SIGNED) " +
  `WHEN ${IS_NUMBER} AND ABS(${AS_DOUBLE}) < 1e15 AND ${AS_DOUBLE} = FLOOR(${AS_DOUBLE}) THEN CAST(${AS_DOUBLE} AS SIGNED) END`;
const NUMBER = `CASE WHEN ${IS_NUMBER} THEN ${AS_DOUBLE} END`;
const BOOLEAN =
  "CASE WHEN value REGEXP '^[[:space:]]*true[[:space:]]*$' THEN 1 " +
  "WHEN value REGEXP '^[[:space:]]*false[[:space:]]*$' THEN 0 END";
const TEXT =
  `CASE WHEN is_json = 1 AND value REGEXP '^[[:space:]]*"' THEN ` +
  `CASE WHEN CHAR_LENGTH(${AS_TEXT}) <= ${MAX_INDEXED_TEXT} THEN ${AS_TEXT} END END`;

/** A type's column: its SQL type, the longest value looked at, and the value as the type. */
const COLUMNS: Readonly<Record<StateIndexType, readonly [type: string, longest: number, value: string]>> = {
  text: [`VARCHAR(${MAX_INDEXED_TEXT}) CHARACTER SET utf8mb4 COLLATE {exact}`, MAX_INDEXED_TEXT_JSON, TEXT],
  integer: ["BIGINT", MAX_INDEXED_SCALAR_JSON, INTEGER],
  number: ["DOUBLE", MAX_INDEXED_SCALAR_JSON, NUMBER],
  boolean: ["BOOLEAN", MAX_INDEXED_SCALAR_JSON, BOOLEAN],
};

/** One change of the table, so that there is all of an index or nothing; then its statistics. */
function addStatements(index: StateIndex, exactCollation: string): Statement[] {
  const { column, hashColumn, stateKey } = index;
  const [template, longest, value] = COLUMNS[index.type];
  const type = template.replace("{exact}", exactCollation);
  const key = Buffer.from(stateKey);
  return [
    statement(
      `ALTER TABLE adk_session_states
  ADD COLUMN \`${column}\` ${type} GENERATED ALWAYS AS (
    CASE WHEN state_key = ? AND CHAR_LENGTH(value) <= ${count(longest)} THEN ${value} END
  ) STORED COMMENT ?,
  ADD COLUMN \`${hashColumn}\` BINARY(16) GENERATED ALWAYS AS (CASE WHEN state_key = ? THEN value_hash END) STORED,
  ADD KEY \`${column}\` (app_name, \`${column}\`, user_id, session_id),
  ADD KEY \`${hashColumn}\` (\`${hashColumn}\`, app_name, user_id, session_id)`,
      key,
      commentOf(index),
      key,
    ),
    statement("ANALYZE TABLE adk_session_states"),
  ];
}

function dropStatement(parts: readonly string[]): Statement {
  return statement(`ALTER TABLE adk_session_states ${parts.map((part) => `DROP ${part}`).join(", ")}`);
}

async function change(
  connection: Connection,
  index: StateIndex,
  statements: readonly Statement[],
  dryRun: boolean,
): Promise<StateIndexChange> {
  const { schema } = connection;
  if (!dryRun) {
    await connection.run([statement(`SET SESSION lock_wait_timeout = ${count(LOCK_WAIT_SECONDS)}`)]);
    for (const one of statements) await connection.run([one]);
  }
  return {
    ...index,
    table: schema.nameOf("adk_session_states"),
    sql: statements.map(({ sql, values }) => mysql.format(schema.sql(sql), values as SqlValue[])),
  };
}

async function countRows(
  connection: Connection,
  { column, hashColumn }: StateIndex,
): Promise<Pick<StateIndexEntry, "rows" | "typed">> {
  const [result] = await connection.run([
    statement(
      `SELECT COUNT(*) AS found, COUNT(\`${column}\`) AS typed FROM (SELECT \`${column}\` ` +
        `FROM adk_session_states FORCE INDEX (\`${hashColumn}\`) WHERE \`${hashColumn}\` IS NOT NULL ` +
        `LIMIT ${count(MOST_COUNTED + 1)}) some`,
    ),
  ]);
  const row = result?.rows[0];
  return { rows: Number(row?.["found"]), typed: Number(row?.["typed"]) };
}

/** Runs `work` on a connection whose statements take as long as they take. @throws StartError */
async function connected<T>(
  url: string,
  options: EngineOptions,
  work: (connection: Connection, server: Server) => Promise<T>,
): Promise<T> {
  try {
    const hosts = new Hosts(parseUrl(url, options.credentials));
    const server = await findServer(hosts, options);
    const connection = await hosts.connect(migrationOptions(server, options));
    try {
      requireCurrent(STEPS, await findSchema(connection), (name) => connection.schema.nameOf(name));
      return await work(connection, server);
    } finally {
      await connection.end();
    }
  } catch (error) {
    throw explained(error, displayUrl(url));
  }
}

function explained(error: unknown, where: string): StartError {
  const { errno, message } = error as { errno?: number; message: string };
  if (failureOf(error) === "contention") {
    return new StartError(
      `The table is in use (${message}). Nothing was changed. A long transaction holds it; end that, or try again.`,
      { cause: error },
    );
  }
  if (errno === DUPLICATE_COLUMN || errno === DUPLICATE_KEY_NAME) {
    return new StartError(
      `The table has such a column or index, which sessiond did not make or just made (${message}). Nothing was changed.`,
      { cause: error },
    );
  }
  return toStartError(error, where);
}

const DUPLICATE_COLUMN = 1060;
const DUPLICATE_KEY_NAME = 1061;
