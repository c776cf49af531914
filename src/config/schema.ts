/** The settings of how the schema is named, as the store takes them. */

import { parseOwnerColumn } from "../store/owner-column.ts";
import { MAX_TABLE_NAME, nameProblem, Schema, type SchemaOptions, TABLE_KEYS } from "../store/schema.ts";
import { parseTableOptions, type TableOptions } from "../store/table-options.ts";
import { UsageError } from "./usage.ts";

/** Those settings, as src/config.ts has them. */
export interface SchemaSettings {
  readonly tablePrefix: string;
  readonly tableNames: readonly string[];
  readonly ownerColumn: string;
  readonly foreignKeys: boolean;
  readonly tableOptions: readonly string[];
}

/** Checks one `TABLE=NAME`. @throws Error that says what form it should have */
export function checkTableName(text: string): void {
  const [key = "", name = ""] = text.split("=", 2);
  if (!TABLE_KEYS.includes(key))
    throw new Error(`names tables as TABLE=NAME; TABLE is one of ${TABLE_KEYS.join(", ")}`);
  const problem = nameProblem(name, MAX_TABLE_NAME);
  if (problem !== undefined) throw new Error(`is TABLE=NAME where NAME ${problem}`);
}

/** Checks one `TABLE=OPTIONS`. @throws Error that says what form it should have */
export function checkTableOptions(text: string): void {
  readTableOptions(text);
}

function readTableOptions(text: string): readonly [key: string, options: TableOptions] {
  const [, key = "", options = ""] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (!TABLE_KEYS.includes(key)) {
    throw new Error(`names tables as TABLE=OPTION=VALUE; TABLE is one of ${TABLE_KEYS.join(", ")}`);
  }
  return [key, parseTableOptions(options)];
}

/** What the store is told. @throws UsageError that names the settings that contradict each other */
export function schemaOptionsOf(settings: SchemaSettings): SchemaOptions {
  const { tablePrefix, tableNames, foreignKeys } = settings;
  const names = new Map<string, string>();
  for (const text of tableNames) {
    const [key = "", name = ""] = text.split("=", 2);
    if (names.has(key)) throw new UsageError(`--table-names has ${key} twice`);
    names.set(key, name);
  }
  const ownerColumn = parseOwnerColumn(settings.ownerColumn);
  if (!foreignKeys && ownerColumn?.reference?.onDelete === "CASCADE") {
    throw new UsageError(
      "--owner-column with ON DELETE CASCADE and --no-foreign-keys contradict each other: what deletes an owner's " +
        "sessions would leave their events",
    );
  }
  const tableOptions = new Map<string, TableOptions>();
  for (const text of settings.tableOptions) {
    const [key, given] = readTableOptions(text);
    if (tableOptions.has(key)) throw new UsageError(`--table-options has ${key} twice`);
    tableOptions.set(key, given);
  }
  const options: SchemaOptions = {
    tablePrefix,
    tableNames: Object.fromEntries(names),
    ownerColumn,
    foreignKeys,
    tableOptions: Object.fromEntries(tableOptions),
  };
  const problem = Schema.problem(options);
  if (problem !== undefined) throw new UsageError(`--table-prefix and --table-names do not fit: ${problem}`);
  return options;
}
