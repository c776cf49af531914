/**
 * Statements as constant text with placeholders and their values. Values reach a server
 * through the driver's escaper or as bound parameters, never by way of the text.
 */

export type SqlValue = string | number | Buffer | null;

/** A statement and the values of its placeholders, in order. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** A condition and the values of its placeholders. */
export type Condition = Statement;

export function statement(sql: string, ...values: readonly SqlValue[]): Statement {
  return { sql, values };
}

/** About how many bytes a statement sends, before escaping. */
export function weight({ sql, values }: Statement): number {
  let bytes = sql.length;
  for (const value of values) {
    if (typeof value === "string") bytes += Buffer.byteLength(value) + 4;
    else bytes += Buffer.isBuffer(value) ? value.length + 4 : 20;
  }
  return bytes;
}

/** How many rows one statement has at most, whatever they weigh. */
export const MAX_ROWS = 500;

/**
 * `INSERT` statements for rows, each with as many as fit into `maxBytes`, so that only a
 * row that is larger by itself makes a larger statement. `firstMarks` are the placeholders
 * of the very first row where they are not just those.
 */
export function insertRows(
  head: string,
  rows: readonly (readonly SqlValue[])[],
  maxBytes: number,
  tail = "",
  firstMarks?: string,
): Statement[] {
  const statements: Statement[] = [];
  let batch: (readonly SqlValue[])[] = [];
  let bytes = 0;
  const flush = () => {
    if (batch.length === 0) return;
    const marks = new Array(batch.length).fill(`(${batch[0]?.map(() => "?").join(", ")})`);
    if (statements.length === 0 && firstMarks !== undefined) marks[0] = firstMarks;
    statements.push({ sql: `${head} VALUES ${marks.join(", ")}${tail}`, values: batch.flat() });
    batch = [];
    bytes = 0;
  };
  for (const row of rows) {
    const more = weight({ sql: "", values: row });
    if (batch.length === MAX_ROWS || bytes + more > maxBytes) flush();
    batch.push(row);
    bytes += more;
  }
  flush();
  return statements;
}

/** `a = ? AND b = ?` for the columns. */
export function allEqual(columns: readonly string[]): string {
  return columns.map((column) => `${column} = ?`).join(" AND ");
}

/**
 * Rows with any of the keys. As OR of equalities, which every server reads by ranges of
 * the key; MariaDB scans for a list of tuples.
 */
export function anyOf(columns: readonly string[], keys: readonly (readonly SqlValue[])[]): Condition {
  const one = `(${allEqual(columns)})`;
  return { sql: `(${keys.map(() => one).join(" OR ")})`, values: keys.flat() };
}

/** Keys that one statement names: each is a range of its own. */
const KEYS_PER_STATEMENT = 200;

/** Statements for the rows with any of the keys, as `anyOf` finds them. */
export function selectAny(
  head: string,
  columns: readonly string[],
  keys: readonly (readonly SqlValue[])[],
  tail = "",
): Statement[] {
  return pieces(keys, KEYS_PER_STATEMENT).map((piece) => {
    const which = anyOf(columns, piece);
    return { sql: `${head} WHERE ${which.sql}${tail}`, values: which.values };
  });
}

/** Tuples that one list has: far more of them are read by a scan. */
const TUPLES_PER_STATEMENT = 1_000;

/** The same by lists of tuples, where a server reads those by ranges. */
export function selectEither(
  head: string,
  columns: readonly string[],
  keys: readonly (readonly SqlValue[])[],
  tupleRanges: boolean,
): Statement[] {
  if (!tupleRanges) return selectAny(head, columns, keys);
  const names = columns.join(", ");
  const tuple = `(${columns.map(() => "?").join(", ")})`;
  return pieces(keys, TUPLES_PER_STATEMENT).map((piece) => {
    const tuples = piece.map(() => tuple).join(", ");
    return { sql: `${head} WHERE (${names}) IN (${tuples})`, values: piece.flat() };
  });
}

/** A row count as text, since servers differ in what they bind to LIMIT. @throws RangeError */
export function count(rows: number): string {
  if (!Number.isSafeInteger(rows) || rows < 0) throw new RangeError("not a row count");
  return String(rows);
}

/** Bytes as the driver takes them. */
export function bytes(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** An exact double; NULL is -0.0, of which MariaDB drops the sign. Read it by `toDouble`. */
export function fromDouble(value: number): string | null {
  return Object.is(value, -0) ? null : String(value);
}

export function toDouble(value: number | null): number {
  return value ?? -0;
}

/** In pieces of at most `size`. */
export function pieces<T>(items: readonly T[], size: number): T[][] {
  const made: T[][] = [];
  for (let at = 0; at < items.length; at += size) made.push(items.slice(at, at + size));
  return made;
}
