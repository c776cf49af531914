/**
 * The owner of a session in a column of the operator's own name and type, with a reference
 * to a table of his: `tenant_id INTEGER NOT NULL REFERENCES tenants(id) ON DELETE CASCADE`.
 * `owner_id` is then a generated column that shows it as text, so that every read and filter
 * stays as it is and only writes name the other column. No owner is NULL there.
 */
import { StartError, StoreError } from "./errors.ts";

/** What becomes of sessions when their owner goes or changes its key. */
export type ReferenceAction = "CASCADE" | "RESTRICT" | "NO ACTION" | "SET NULL";

/** The column, as its DDL says. Plain data that crosses threads. */
export interface OwnerColumn {
  readonly name: string;
  /** In upper case: `INTEGER`, `BIGINT UNSIGNED`, `VARCHAR(36)`. */
  readonly type: string;
  /** Of a text; undefined for the table's own. */
  readonly collation: string | undefined;
  readonly notNull: boolean;
  readonly reference: OwnerReference | undefined;
}

/** The column of another table that has the owners. */
export interface OwnerReference {
  readonly table: string;
  readonly column: string;
  readonly onDelete: ReferenceAction | undefined;
  readonly onUpdate: ReferenceAction | undefined;
}

/** What every kind of integer holds; nothing beyond 63 bits, which not every engine keeps. */
const INTEGERS: Readonly<Record<string, readonly [min: bigint, max: bigint]>> = {
  TINYINT: [-(2n ** 7n), 2n ** 7n - 1n],
  "TINYINT UNSIGNED": [0n, 2n ** 8n - 1n],
  SMALLINT: [-(2n ** 15n), 2n ** 15n - 1n],
  "SMALLINT UNSIGNED": [0n, 2n ** 16n - 1n],
  MEDIUMINT: [-(2n ** 23n), 2n ** 23n - 1n],
  "MEDIUMINT UNSIGNED": [0n, 2n ** 24n - 1n],
  INT: [-(2n ** 31n), 2n ** 31n - 1n],
  "INT UNSIGNED": [0n, 2n ** 32n - 1n],
  INTEGER: [-(2n ** 31n), 2n ** 31n - 1n],
  "INTEGER UNSIGNED": [0n, 2n ** 32n - 1n],
  BIGINT: [-(2n ** 63n), 2n ** 63n - 1n],
  "BIGINT UNSIGNED": [0n, 2n ** 63n - 1n],
};

/** The longest owner that the contract has, in characters. */
const MAX_LENGTH = 191;

const NAME = "`?([A-Za-z_][A-Za-z0-9_]{0,63})`?";
const ACTION = "CASCADE|RESTRICT|NO\\s+ACTION|SET\\s+NULL";
const DDL = new RegExp(
  `^\\s*${NAME}\\s+([A-Za-z]+(?:\\s*\\(\\s*\\d+\\s*\\))?(?:\\s+UNSIGNED)?)(?:\\s+COLLATE\\s+(utf8mb4_[a-z0-9_]+))?` +
    `(\\s+NOT\\s+NULL|\\s+NULL)?` +
    `(?:\\s+REFERENCES\\s+${NAME}\\s*\\(\\s*${NAME}\\s*\\)((?:\\s+ON\\s+(?:DELETE|UPDATE)\\s+(?:${ACTION}))*))?\\s*$`,
  "i",
);

const FORM =
  "is a column's DDL such as tenant_id INTEGER NOT NULL REFERENCES tenants(id) ON DELETE CASCADE: a name, " +
  "a type (an integer type, perhaps UNSIGNED, or CHAR(n) or VARCHAR(n), perhaps with COLLATE utf8mb4_…), " +
  "perhaps NOT NULL, perhaps REFERENCES table(column) with ON DELETE and ON UPDATE, and nothing else";

/** Names that the table of sessions has for itself. */
const TAKEN = new Set(
  (
    "app_name user_id id uid revision head_seq first_seq event_count event_bytes owner_id display_name " +
    "create_time update_time last_event_time"
  ).split(" "),
);

/** Reads a column's DDL; undefined for an empty text. @throws Error that says what form it should have */
export function parseOwnerColumn(ddl: string): OwnerColumn | undefined {
  if (ddl.trim() === "") return undefined;
  const found = DDL.exec(ddl);
  if (found === null) throw new Error(FORM);
  const [, name = "", typeText = "", collation, nullable = "", table, column, actions = ""] = found;
  const type = typeText
    .toUpperCase()
    .replace(/\s*([()])\s*/g, "$1")
    .replace(/\s+/g, " ");
  const length = textLength(type);
  if (INTEGERS[type] === undefined && length === undefined) throw new Error(FORM);
  if (length !== undefined && (length < 1 || length > MAX_LENGTH)) {
    throw new Error(`has a text type of 1 to ${MAX_LENGTH} characters, the longest owner that there is`);
  }
  if (collation !== undefined && length === undefined) throw new Error(FORM);
  if (TAKEN.has(name.toLowerCase())) {
    throw new Error(`needs a name of its own: sessions have a column ${name.toLowerCase()} already`);
  }
  const notNull = /NOT/i.test(nullable);
  const reference =
    table === undefined || column === undefined
      ? undefined
      : { table, column, onDelete: actionOf(actions, "DELETE"), onUpdate: actionOf(actions, "UPDATE") };
  if (notNull && (reference?.onDelete === "SET NULL" || reference?.onUpdate === "SET NULL")) {
    throw new Error("says SET NULL of a column that is NOT NULL");
  }
  return { name, type, collation: collation?.toLowerCase(), notNull, reference };
}

function actionOf(actions: string, event: "DELETE" | "UPDATE"): ReferenceAction | undefined {
  const given = [...actions.matchAll(new RegExp(`ON\\s+${event}\\s+(${ACTION})`, "gi"))];
  if (given.length > 1) throw new Error(`says ON ${event} twice`);
  return given[0]?.[1]?.toUpperCase().replace(/\s+/g, " ") as ReferenceAction | undefined;
}

/** The characters of a text type; undefined for another type. */
function textLength(type: string): number | undefined {
  const digits = /^(?:VAR)?CHAR\((\d+)\)$/.exec(type)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The column as DDL; what follows `collates` is left to the engine that has such collations. */
export function ownerDefinition({ name, type, collation, notNull }: OwnerColumn, collates: boolean): string {
  const collate = collates && collation !== undefined ? ` COLLATE ${collation}` : "";
  return `\`${name}\` ${type}${collate}${notNull ? " NOT NULL" : " NULL"}`;
}

/** The column's reference as a constraint of the table. */
export function ownerConstraint(column: OwnerColumn, reference: OwnerReference): string {
  const on = (event: string, action: ReferenceAction | undefined) =>
    action === undefined ? "" : ` ON ${event} ${action}`;
  return (
    `CONSTRAINT adk_sessions_owner FOREIGN KEY (\`${column.name}\`) ` +
    `REFERENCES \`${reference.table}\` (\`${reference.column}\`)` +
    on("DELETE", reference.onDelete) +
    on("UPDATE", reference.onUpdate)
  );
}

/** What is written for an owner: NULL for none where the column is the operator's. */
export function ownerValue(column: OwnerColumn | undefined, ownerId: string): string | null {
  return column !== undefined && ownerId === "" ? null : ownerId;
}

/** Refuses an owner that the column would not give back as the same text. @throws StoreError */
export function checkOwner(column: OwnerColumn, ownerId: string): void {
  const problem = ownerProblem(column, ownerId);
  if (problem !== undefined) throw new StoreError("INVALID_OWNER", problem);
}

function ownerProblem({ name, type, notNull }: OwnerColumn, ownerId: string): string | undefined {
  if (ownerId === "") return notNull ? `must be given: ${name} is never empty here` : undefined;
  const range = INTEGERS[type];
  if (range !== undefined) {
    const exact = /^(0|-?[1-9]\d{0,18})$/.test(ownerId);
    if (exact && BigInt(ownerId) >= range[0] && BigInt(ownerId) <= range[1]) return undefined;
    return `must be a whole number of ${name}'s type, ${type}, without leading zeros`;
  }
  const longest = textLength(type) ?? 0;
  if ([...ownerId].length > longest) return `must have at most ${longest} characters, as ${name} has here`;
  if (type.startsWith("CHAR") && ownerId.endsWith(" "))
    return `must not end in a space: ${name} is ${type} here`;
  return undefined;
}

/** The failure of an owner that the reference does not have. */
export function unknownOwner({ name }: OwnerColumn): StoreError {
  return new StoreError("INVALID_OWNER", `must be known: ${name} refers to an owner that does not exist`);
}

/** What a table of sessions has. */
export interface FoundOwner {
  /** Its columns by name. */
  readonly columns: readonly string[];
  /** Whether `owner_id` is generated. */
  readonly generated: boolean;
}

/** Checks that a table was made with the column that is configured. @throws StartError */
export function requireOwnerColumn(column: OwnerColumn | undefined, table: string, found: FoundOwner): void {
  const names = found.columns.map((name) => name.toLowerCase());
  if (column === undefined && !found.generated) return;
  if (column !== undefined && found.generated && names.includes(column.name.toLowerCase())) return;
  const made = found.generated
    ? "with an owner column of another name"
    : "without an owner column of its own";
  throw new StartError(
    column === undefined
      ? `${table} was made with an owner column: give the same --owner-column.`
      : `${table} was made ${made}, and --owner-column says ${column.name}. It counts when the tables are made: ` +
          "leave it as it was, or use a fresh database or --table-prefix.",
  );
}
