/**
 * `sessiond index` for a SQLite file. Columns are virtual and indexes have the rows of their
 * key only, so that other rows cost nothing. JSON functions see what `is_json` vouches for.
 */
import { existsSync } from "node:fs";
import { StartError } from "../errors.ts";
import { requireCurrent } from "../migrations.ts";
import { quoted, type Schema } from "../schema.ts";
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
  type StateIndexType,
  stateIndexOf,
} from "../state-index.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { toStartError } from "./errors.ts";
import { findSchema } from "./open.ts";
import { STEPS } from "./schema.ts";

/** See `StateIndexes.add`. @throws StartError */
export function addStateIndex(
  options: ConnectionOptions & { stateKey: string; type: StateIndexType; dryRun: boolean },
): StateIndexChange {
  return opened(options, (db) =>
    db.write(() => {
      const index = stateIndexOf(options.stateKey, options.type);
      refuseSecond(findStateIndexes(db), index);
      return change(db, index, addStatements(index, db.schema), options.dryRun);
    }),
  );
}

/** See `StateIndexes.list`. @throws StartError */
export function listStateIndexes(options: ConnectionOptions): StateIndexEntry[] {
  return opened(options, (db) =>
    db.read(() => findStateIndexes(db).map((index) => ({ ...index, ...countRows(db, index) }))),
  );
}

/** See `StateIndexes.drop`. @throws StartError */
export function dropStateIndex(
  options: ConnectionOptions & { stateKey: string; dryRun: boolean },
): StateIndexChange {
  return opened(options, (db) =>
    db.write(() => {
      const index = requireIndex(findStateIndexes(db), options.stateKey);
      return change(db, index, dropStatements(index, db.schema), options.dryRun);
    }),
  );
}

/** The indexes over state keys that the schema has, by key. */
export function findStateIndexes(db: Connection): StateIndex[] {
  const rows = db.all<{ name: string; sql: string | null }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?",
    db.schema.nameOf(TABLE),
  );
  const names = new Set(rows.map(({ name }) => name));
  return rows
    .flatMap(({ sql }) => parseComment(sql ?? "") ?? [])
    .filter(({ hashColumn }) => names.has(db.schema.nameOf(`${TABLE}_${hashColumn}`)))
    .sort((a, b) => (a.stateKey < b.stateKey ? -1 : 1));
}

const TABLE = "adk_session_states";

const AS_VALUE = "value ->> '$'";
const IS_NUMBER = "json_type(value) IN ('integer', 'real')";

/** Integers that a double has exactly are taken in every form: `1.0`, `1e3`. */
const INTEGER =
  `CASE WHEN json_type(value) = 'integer' AND typeof(${AS_VALUE}) = 'integer' THEN ${AS_VALUE} ` +
  `WHEN ${IS_NUMBER} AND abs(${AS_VALUE}) < 1e15 AND CAST(${AS_VALUE} AS INTEGER) = ${AS_VALUE} ` +
  `THEN CAST(${AS_VALUE} AS INTEGER) END`;
const NUMBER = `CASE WHEN ${IS_NUMBER} THEN CAST(${AS_VALUE} AS REAL) END`;
const BOOLEAN = "CASE WHEN json_type(value) IN ('true', 'false') THEN json_type(value) = 'true' END";
const TEXT = `CASE WHEN json_type(value) = 'text' AND length(${AS_VALUE}) <= ${MAX_INDEXED_TEXT} THEN ${AS_VALUE} END`;

/** A type's column: its SQL type, the longest value looked at, and the value as the type. */
const COLUMNS: Readonly<Record<StateIndexType, readonly [type: string, longest: number, value: string]>> = {
  text: ["TEXT", MAX_INDEXED_TEXT_JSON, TEXT],
  integer: ["INTEGER", MAX_INDEXED_SCALAR_JSON, INTEGER],
  number: ["REAL", MAX_INDEXED_SCALAR_JSON, NUMBER],
  boolean: ["INTEGER", MAX_INDEXED_SCALAR_JSON, BOOLEAN],
};

/** With the names here: a key is an operator's text, in which no name is to be replaced. */
function addStatements(index: StateIndex, schema: Schema): string[] {
  const { column, hashColumn } = index;
  const [type, longest, value] = COLUMNS[index.type];
  const ofKey = `state_key = ${literal(index.stateKey)}`;
  const table = quoted(schema.nameOf(TABLE));
  return [
    `ALTER TABLE ${table} ADD COLUMN ${column} ${type} GENERATED ALWAYS AS (\n` +
      `  CASE WHEN ${ofKey} AND is_json = 1 AND length(value) <= ${longest} THEN ${value} END\n) VIRTUAL`,
    `ALTER TABLE ${table} ADD COLUMN ${hashColumn} BLOB GENERATED ALWAYS AS (CASE WHEN ${ofKey} THEN value_hash END) VIRTUAL`,
    `CREATE INDEX ${indexOf(schema, column)} /* ${commentOf(index)} */\n` +
      `  ON ${table} (app_name, ${column}, user_id, session_id) WHERE ${column} IS NOT NULL`,
    `CREATE INDEX ${indexOf(schema, hashColumn)}\n` +
      `  ON ${table} (${hashColumn}, app_name, user_id, session_id) WHERE ${hashColumn} IS NOT NULL`,
    // Without statistics SQLite takes the primary key for as good; so many rows of each index tell.
    "PRAGMA analysis_limit = 1000",
    `ANALYZE ${table}`,
  ];
}

/** A text in SQL of the schema, which takes no placeholders; it has no U+0000. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function dropStatements({ column, hashColumn }: StateIndex, schema: Schema): string[] {
  const table = quoted(schema.nameOf(TABLE));
  return [
    ...[column, hashColumn].map((name) => `DROP INDEX ${indexOf(schema, name)}`),
    ...[column, hashColumn].map((name) => `ALTER TABLE ${table} DROP COLUMN ${name}`),
  ];
}

/** Indexes share a name space with tables: theirs begins with the table's. */
function indexOf(schema: Schema, column: string): string {
  return quoted(schema.nameOf(`${TABLE}_${column}`));
}

function change(
  db: Connection,
  index: StateIndex,
  sql: readonly string[],
  dryRun: boolean,
): StateIndexChange {
  if (!dryRun) for (const one of sql) db.db.exec(one);
  return { ...index, table: db.schema.nameOf(TABLE), sql };
}

function countRows(
  db: Connection,
  { column, hashColumn }: StateIndex,
): Pick<StateIndexEntry, "rows" | "typed"> {
  const row = db.get<{ found: number; typed: number }>(
    `SELECT COUNT(*) AS found, COUNT(${column}) AS typed FROM (SELECT ${column} FROM adk_session_states ` +
      `INDEXED BY adk_session_states_${hashColumn} WHERE ${hashColumn} IS NOT NULL LIMIT ?)`,
    MOST_COUNTED + 1,
  );
  return { rows: row?.found ?? 0, typed: row?.typed ?? 0 };
}

function opened<T>(options: ConnectionOptions, work: (db: Connection) => T): T {
  const { path } = options;
  try {
    if (!existsSync(path)) {
      throw new StartError(`There is no SQLite database ${path} yet. Run "sessiond migrate" first.`);
    }
    const db = Connection.open(options);
    try {
      requireCurrent(STEPS, findSchema(db), (name) => db.schema.nameOf(name));
      return work(db);
    } finally {
      db.close();
    }
  } catch (error) {
    const message = (error as Error).message;
    if (/duplicate column name|already exists/.test(message)) {
      throw new StartError(
        `The table has such a column or index, which sessiond did not make (${message}).`,
        {
          cause: error,
        },
      );
    }
    throw toStartError(error, path);
  }
}
