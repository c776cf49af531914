/** How the tables that are there differ from those that the migrations make. */

/** A table as it is or should be; all names in lower case. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly ColumnShape[];
  /** By name (the primary key is `primary`), each with its columns in order. */
  readonly indexes: ReadonlyMap<string, readonly string[]>;
}

export interface ColumnShape {
  readonly name: string;
  /** As `plainType` writes it. */
  readonly type: string;
  readonly nullable: boolean;
  readonly hasDefault: boolean;
}

/** A type by which servers agree: no display widths, one word for what is the same. */
export function plainType(type: string): string {
  return type
    .toLowerCase()
    .replace(/\b(tinyint|smallint|int|bigint)\s*\(\d+\)/, "$1")
    .replace(/^(boolean|bool)$/, "tinyint")
    .replace(/^integer\b/, "int")
    .trim();
}

const KEY = /^(PRIMARY KEY|UNIQUE KEY `?(\w+)`?|KEY `?(\w+)`?)\s*\(([^)]*)\)/;
const COLUMN = /^`?(\w+)`?\s+([A-Za-z]+(?:\s*\([\d, ]+\))?(?:\s+UNSIGNED)?)(.*)$/;

/** What a `CREATE TABLE` of a migration makes; undefined for another statement. */
export function shapeOf(sql: string): TableShape | undefined {
  const head = /^\s*CREATE TABLE IF NOT EXISTS `?(\w+)`? \(\n/.exec(sql);
  if (head === null) return undefined;
  const columns: ColumnShape[] = [];
  const indexes = new Map<string, readonly string[]>();
  for (const line of sql
    .slice(head[0].length)
    .split("\n")
    .map((text) => text.trim())) {
    const key = KEY.exec(line);
    if (key !== null) {
      indexes.set(
        (key[2] ?? key[3] ?? "primary").toLowerCase(),
        (key[4] ?? "").split(",").map((column) => column.replaceAll("`", "").trim().toLowerCase()),
      );
      continue;
    }
    const column = COLUMN.exec(line);
    if (column === null || /^(CONSTRAINT|REFERENCES|FOREIGN|CHECK)\b/.test(line)) continue;
    const [, name = "", type = "", rest = ""] = column;
    columns.push({
      name: name.toLowerCase(),
      type: plainType(type),
      nullable: !/\bNOT NULL\b/.test(rest),
      hasDefault: /\bDEFAULT\b/.test(rest),
    });
  }
  return { name: (head[1] ?? "").toLowerCase(), columns, indexes };
}

/** What is missing or otherwise than it should be, as texts; more columns and indexes do no harm. */
export function driftOf(expected: TableShape, found: TableShape | undefined): string[] {
  if (found === undefined) return [`${expected.name} is missing`];
  const drift: string[] = [];
  const columns = new Map(found.columns.map((column) => [column.name, column]));
  for (const want of expected.columns) {
    const have = columns.get(want.name);
    const place = `${expected.name}.${want.name}`;
    if (have === undefined) drift.push(`${place} is missing`);
    else if (have.type !== want.type) drift.push(`${place} is ${have.type}, not ${want.type}`);
    else if (have.nullable !== want.nullable) {
      drift.push(
        `${place} is ${have.nullable ? "NULL" : "NOT NULL"}, not ${want.nullable ? "NULL" : "NOT NULL"}`,
      );
    }
  }
  const known = new Set(expected.columns.map(({ name }) => name));
  for (const { name, nullable, hasDefault } of found.columns) {
    if (!known.has(name) && !nullable && !hasDefault) {
      drift.push(
        `${expected.name}.${name} is not sessiond's and has no default, so that no row can be written`,
      );
    }
  }
  for (const [name, want] of expected.indexes) {
    const have = found.indexes.get(name);
    const of = name === "primary" ? "the primary key" : `the index ${name}`;
    if (have === undefined) drift.push(`${of} of ${expected.name} is missing`);
    else if (have.join() !== want.join()) drift.push(`${of} of ${expected.name} is over ${have.join(", ")}`);
  }
  return drift;
}
