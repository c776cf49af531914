/** The settings of how the schema is named, as the store takes them. */

import { parseOwnerColumn } from "../store/owner-column.ts";
import { MAX_TABLE_NAME, nameProblem, Schema, type SchemaOptions, TABLE_KEYS } from "../store/schema.ts";
import { UsageError } from "./usage.ts";

/** Those settings, as src/config.ts has them. */
export interface SchemaSettings {
  readonly tablePrefix: string;
  readonly tableNames: readonly string[];
  readonly ownerColumn: string;
}

/** Checks one `TABLE=NAME`. @throws Error that says what form it should have */
export function checkTableName(text: string): void {
  const [key = "", name = ""] = text.split("=", 2);
  if (!TABLE_KEYS.includes(key))
    throw new Error(`names tables as TABLE=NAME; TABLE is one of ${TABLE_KEYS.join(", ")}`);
  const problem = nameProblem(name, MAX_TABLE_NAME);
  if (problem !== undefined) throw new Error(`is TABLE=NAME where NAME ${problem}`);
}

/** What the store is told. @throws UsageError that names the settings that contradict each other */
export function schemaOptionsOf({ tablePrefix, tableNames, ownerColumn }: SchemaSettings): SchemaOptions {
  const names = new Map<string, string>();
  for (const text of tableNames) {
    const [key = "", name = ""] = text.split("=", 2);
    if (names.has(key)) throw new UsageError(`--table-names has ${key} twice`);
    names.set(key, name);
  }
  const options: SchemaOptions = {
    tablePrefix,
    tableNames: names,
    ownerColumn: parseOwnerColumn(ownerColumn),
  };
  const problem = Schema.problem(options);
  if (problem !== undefined) throw new UsageError(`--table-prefix and --table-names do not fit: ${problem}`);
  return options;
}
