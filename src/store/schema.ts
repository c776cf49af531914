/**
 * How the schema is named in a database. Statements and migrations are written with the
 * names that the seeds use (`adk_sessions`, `adk_sessions_by_update`, …); a connection
 * puts the configured ones into a statement's text, in the one place where it reaches the
 * driver. Checksums cover the text as written, so they do not depend on the names.
 */
import { SCHEMA_NAMES, SCHEMA_TABLES, VERSIONS_TABLE } from "./migrations.ts";
import { type OwnerColumn, ownerConstraint, ownerDefinition } from "./owner-column.ts";
import type { TableOptions } from "./table-options.ts";

/** What every template name begins with, and the names of a schema where nobody says otherwise. */
export const TEMPLATE_PREFIX = "adk_";

/** What may be configured of the schema: plain data that crosses threads. */
export interface SchemaOptions {
  /** Stands in place of `adk_` in the names of tables, views, indexes and constraints. */
  readonly tablePrefix: string;
  /** Whole names of single tables, by the name in the seeds without `adk_`: `sessions`. */
  readonly tableNames: Readonly<Record<string, string>>;
  /** Where the owner of a session is kept; undefined for a text column `owner_id`. */
  readonly ownerColumn: OwnerColumn | undefined;
  /** Whether tables are made with foreign keys to the sessions' one; deletes are right without. */
  readonly foreignKeys: boolean;
  /** Further options of tables, by the key that `tableNames` has, where an engine has any. */
  readonly tableOptions: Readonly<Record<string, TableOptions>>;
}

export const DEFAULT_SCHEMA: SchemaOptions = {
  tablePrefix: TEMPLATE_PREFIX,
  tableNames: {},
  ownerColumn: undefined,
  foreignKeys: true,
  tableOptions: {},
};

/** The tables as `--table-names` calls them: `sessions`, `events`, … */
export const TABLE_KEYS: readonly string[] = [...SCHEMA_TABLES, VERSIONS_TABLE].map((table) =>
  table.slice(TEMPLATE_PREFIX.length),
);

/**
 * The longest name of a table and the longest prefix: indexes and constraints add to a
 * table's name, and no server takes more than 64 characters.
 */
export const MAX_TABLE_NAME = 42;
export const MAX_PREFIX = 24;

/** Lower case, since servers differ in whether the case of a table's name counts. */
const IDENTIFIER = /^[a-z_][a-z0-9_]*$/;

/** Why a text cannot name a table or begin such names; undefined if it can. */
export function nameProblem(name: string, longest: number): string | undefined {
  if (IDENTIFIER.test(name) && name.length <= longest) return undefined;
  return `is made of lower-case letters, digits and _, begins with no digit, and has at most ${longest} characters`;
}

/** Text of the template that is a name of ours; what is quoted is an operator's. */
const TEMPLATE_NAME = /(?<!`)\badk_[a-z0-9_]+/g;

/** Statements that write the owner: the first `owner_id` of their text is the column that they write. */
const WRITES_OWNER = /^(?:INSERT INTO adk_sessions \(|UPDATE adk_sessions SET )/;

/** Templates of which an index or view name may begin with another's, the longest first. */
const TABLES_BY_LENGTH = [...SCHEMA_TABLES, VERSIONS_TABLE].sort((a, b) => b.length - a.length);

/** Rendered texts that are kept: most statements are few, and those with many rows are not worth it. */
const MAX_KEPT = 200;
const MAX_KEPT_LENGTH = 4_096;

/** The names of a schema. */
export class Schema {
  readonly options: SchemaOptions;
  private readonly asWritten: boolean;
  private readonly rendered = new Map<string, string>();

  constructor(options: SchemaOptions = DEFAULT_SCHEMA) {
    this.options = options;
    this.asWritten =
      options.tablePrefix === TEMPLATE_PREFIX &&
      Object.keys(options.tableNames).length === 0 &&
      options.ownerColumn === undefined;
  }

  /** Where the owner of a session is kept; undefined for `owner_id` as it is. */
  get owner(): OwnerColumn | undefined {
    return this.options.ownerColumn;
  }

  /**
   * Fills in what the table of sessions says of the owner: `{owner_column}`, the reference
   * `{owner_fk}`, and `{owner_key}`, an index for it in the form of `key`. `plain` is the
   * column of text, `shown` the generated one from an expression that is a text or NULL.
   */
  fillOwner(template: string, dialect: OwnerDialect): string {
    const { owner } = this;
    if (owner === undefined) {
      return template.replace("{owner_column}", dialect.plain).replace(/\s*\{owner_(?:fk|key)\}/g, "");
    }
    const columns = `${ownerDefinition(owner, dialect.collates)},\n  ${dialect.shown(quoted(owner.name))}`;
    const reference = owner.reference === undefined ? "" : `,\n  ${ownerConstraint(owner, owner.reference)}`;
    return template
      .replace("{owner_column}", () => columns)
      .replace(/\s*\{owner_fk\}/, () => reference)
      .replace(/\s*\{owner_key\}/, () => `,\n  KEY adk_sessions_by_owner (${quoted(owner.name)})`);
  }

  /** The options of a template's table. */
  tableOptions(template: string): TableOptions {
    return this.options.tableOptions[template.slice(TEMPLATE_PREFIX.length)] ?? {};
  }

  /** The name here of a table, view, index or constraint of the template. */
  nameOf(template: string): string {
    const { tablePrefix, tableNames } = this.options;
    const table = TABLES_BY_LENGTH.find((name) => template === name || template.startsWith(`${name}_`));
    const stem = table ?? TEMPLATE_PREFIX;
    const key = stem.slice(TEMPLATE_PREFIX.length);
    return (tableNames[key] ?? `${tablePrefix}${key}`) + template.slice(stem.length);
  }

  /** The template's name of a table or view here; undefined for one that is not ours. */
  templateOf(name: string): string | undefined {
    return SCHEMA_NAMES.find((template) => this.nameOf(template) === name);
  }

  /** A statement's text with the names here. Both kinds of engine take names in backticks. */
  sql(text: string): string {
    if (this.asWritten) return text;
    const known = this.rendered.get(text);
    if (known !== undefined) return known;
    const { owner } = this;
    const written =
      owner !== undefined && WRITES_OWNER.test(text)
        ? text.replace(/\bowner_id\b/, quoted(owner.name))
        : text;
    const made = written.replace(TEMPLATE_NAME, (name) => quoted(this.nameOf(name)));
    if (text.length <= MAX_KEPT_LENGTH && this.rendered.size < MAX_KEPT) this.rendered.set(text, made);
    return made;
  }

  /** Why these options cannot name a schema; undefined if they can. */
  static problem(options: SchemaOptions): string | undefined {
    const schema = new Schema(options);
    const owners = new Map<string, string>();
    for (const template of SCHEMA_NAMES) {
      const name = schema.nameOf(template);
      const other = owners.get(name);
      if (other !== undefined) return `${other} and ${template} would both be called ${name}`;
      owners.set(name, template);
    }
    // Engines that keep indexes and tables in one name space: an index is a table's name and more.
    for (const [name, template] of owners) {
      const clash = [...owners.keys()].find((table) => name.startsWith(`${table}_by_`));
      if (clash !== undefined) return `${name} (for ${template}) could be an index of ${clash}`;
    }
    return undefined;
  }
}

/** How an engine declares the owner's columns. */
export interface OwnerDialect {
  /** Whether it knows the collations of MySQL. */
  readonly collates: boolean;
  /** `owner_id` as an ordinary column. */
  readonly plain: string;
  /** `owner_id` as a column that shows another one as text. */
  readonly shown: (column: string) => string;
}

/** A name as it stands in SQL; names of ours have no backtick in them. */
export function quoted(name: string): string {
  return `\`${name}\``;
}
