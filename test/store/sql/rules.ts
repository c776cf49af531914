// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of code
/** What the SQL of the engines may be: design.md, section 3. */
import type { Literal } from "./literals.ts";

/** A construct that some engine that the product is for refuses, ignores, or keeps to one node. */
export interface Construct {
  readonly pattern: RegExp;
  readonly why: string;
}

/** Refused in the SQL of every engine. */
export const FORBIDDEN: readonly Construct[] = [
  { pattern: /\bSKIP\s+LOCKED\b/i, why: "TiDB accepts and ignores it" },
  { pattern: /\bFOR\s+SHARE\b|\bLOCK\s+IN\s+SHARE\b/i, why: "TiDB refuses it" },
  { pattern: /\bRETURNING\b/i, why: "MySQL has none" },
  { pattern: /\bJSON_(TABLE|VALUE)\b/i, why: "TiDB and older servers have none" },
  { pattern: /\b(GET|RELEASE|IS_FREE)_LOCK\b|\bpg_advisory/i, why: "it is local to a node of a cluster" },
  { pattern: /\bLOCK\s+TABLES?\b/i, why: "it is local to a node of a cluster" },
  { pattern: /\bAUTO_?INCREMENT\b/i, why: "its values have no order across servers" },
  { pattern: /\bOVER\s*\(/i, why: "Vitess has no window functions" },
  { pattern: /\bWITH\s+RECURSIVE\b/i, why: "Vitess has none" },
  { pattern: /\bSERIALIZABLE\b/i, why: "Galera and TiDB have no such isolation" },
  { pattern: /\bVALUES\b[^`"]*\)\s+AS\s+\w+\s+ON\s+DUPLICATE/i, why: "MariaDB has no row aliases" },
  { pattern: /\bREPLACE\s+INTO\b/i, why: "it deletes the row first, and with it what hangs on it" },
  { pattern: /\bSQL_CALC_FOUND_ROWS\b|\bCREATE\s+(TRIGGER|PROCEDURE|EVENT)\b/i, why: "it is not portable" },
  { pattern: /KEY\s+\w+\s*\([^)]*\bDESC\b/i, why: "older servers ignore descending indexes" },
];

/** Texts that are SQL, or a part of it that goes into one. */
const SQL =
  /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|SET|SHOW|REPLACE|TRUNCATE|PRAGMA|WHERE|FROM|GROUP BY|ORDER BY|AND|OR|VALUES|ON DUPLICATE|UNION|LIMIT)\b|\b(FROM|INTO|UPDATE|WHERE|JOIN) [a-z$(]|\b(ORDER|GROUP) BY\b|\bLIMIT\b|^\(?[a-z]\w*(\.\w+)? (=|<|>|<=|>=|IN|IS|LIKE) |= \?/;

/** Texts for people, which have some of these words too. */
const PROSE = /^[A-Z][a-z]+ .*\w\.?$|[a-z] [a-z]+ [a-z]+ [a-z]+ [a-z]+/;

export function isSql({ texts }: Literal): boolean {
  const text = texts.join("?");
  return SQL.test(text) && !PROSE.test(text.replace(/COMMENT '[^']*'/g, ""));
}

/**
 * What may be spliced into SQL: fragments whose text this code alone decides. A value of a
 * caller's never is one; it goes by a placeholder. A new fragment is added here by its name,
 * after a look at where its text comes from.
 */
export const FRAGMENTS: readonly RegExp[] = [
  // Constants of a module, and lists of column names among them.
  /^[A-Z][A-Z0-9_]*(\.\w+)?$/,
  /^[A-Z][A-Z0-9_]*\.join\(", "\)$/,
  // Placeholders, and columns set to the values that are inserted.
  /^\w+\.map\(\(\) => "\?"\)\.join\(", "\)$/,
  /^Array\.from\(\{ length: \w+ \}, \(\) => "\?"\)\.join\(", "\)$/,
  /^\w+\.map\(\((\w+)\) => `\$\{\1\} = (\?|VALUES\(\$\{\1\}\))`\)\.join\("(, | AND )"\)$/,
  // Functions that make fragments from column names and whole numbers only.
  /^(allEqual|count|of|utc|beside|placeholders)\(.*\)$/s,
  // A word of two, or nothing.
  /^[\w.]+ \? "[A-Za-z_ ]*" : "[A-Za-z_ ]*"$/,
];

/**
 * Fragments by file and name, below src/store. Whoever adds one has seen that its text is
 * made of constants, column and table names of ours, and placeholders.
 */
export const NAMED_FRAGMENTS: Readonly<Record<string, readonly string[]>> = {
  "sqlite/open.ts": ["stepLiterals(step)"],
  "mysql/append.ts": ['columns.join(", ")'],
  "mysql/dialect.ts": ["milliseconds / 1000", "Math.ceil(milliseconds)"],
  "mysql/doctor/checks.ts": ["name", "variables.get(name)", "want"],
  "mysql/doctor/facts.ts": ["marks", "where"],
  "mysql/events.ts": ["sql", "order", "tail", "bounded.sql"],
  "mysql/lists.ts": [
    "time",
    "than",
    "beside",
    "found",
    "index",
    "column",
    "ofUser",
    "by.hashColumn",
    "from",
    'conditions.join(" AND ")',
    'order.map((column) => `s.${column} ${direction}`).join(", ")',
  ],
  // Columns of an index are lower-case letters, digits and _, see store/state-index.ts.
  "mysql/index-state.ts": [
    "column",
    "hashColumn",
    "type",
    "value",
    "part",
    'parts.map((part) => `DROP ${part}`).join(", ")',
  ],
  "mysql/migrate.ts": ["stepLiterals(step)", "until"],
  "mysql/owner.ts": ["reference.table", "reference.column"],
  "mysql/privileges.ts": ["table", "copied(table)"],
  "mysql/server.ts": ["exactCollation"],
  "mysql/sessions.ts": ["table"],
  "mysql/snapshot.ts": [
    "facts",
    "key",
    "none",
    "parts",
    "page.sql",
    "shared",
    "start",
    "from.sessions",
    "from.userStates",
    "from.appStates",
    'from.own("adk_session_labels")',
    'from.own("adk_session_states")',
  ],
  "mysql/sql.ts": ["column", "head", "names", "tuples"],
  "mysql/state.ts": ["place.table", 'columns.join(", ")', "which.sql", "ofUsers.sql", "ofApps.sql"],
  "mysql/stats.ts": ["where"],
  "mysql/sweep.ts": ["deleteOlder"],
  "mysql/tombstones.ts": ["index", 'conditions.join(" AND ")'],
  "sqlite/index-state.ts": [
    "column",
    "hashColumn",
    "table",
    "name",
    "type",
    "longest",
    "value",
    "ofKey",
    "literal(index.stateKey)",
    "commentOf(index)",
    "indexOf(schema, column)",
    "indexOf(schema, hashColumn)",
    "indexOf(schema, name)",
  ],
  "sqlite/events.ts": ['conditions.join(" AND ")'],
  "sqlite/owner.ts": ["reference.table", "reference.column", "owner.type"],
  "sqlite/schema.ts": ["quoted(owner.name)"],
  "sqlite/sessions.ts": [
    "beside",
    'conditions.join(" AND ")',
    "order",
    "hashColumn",
    "ofUser",
    "by.hashColumn",
    "from",
  ],
  "sqlite/state.ts": ["column", "table", 'key.join(", ")'],
  "sqlite/stats.ts": ["where"],
  "sqlite/tombstones.ts": ['conditions.join(" AND ")'],
};

/** Why a literal may not stand in the SQL of an engine; empty if it may. */
export function problemsOf(literal: Literal, file = ""): string[] {
  const text = literal.texts.join("?");
  const constructs = FORBIDDEN.filter(({ pattern }) => pattern.test(text)).map(
    ({ pattern, why }) => `${pattern.exec(text)?.[0]}: ${why}`,
  );
  const splices = literal.spliced
    .filter((code) => !FRAGMENTS.some((known) => known.test(code)) && !NAMED_FRAGMENTS[file]?.includes(code))
    .map(
      (code) =>
        `\${${code}} is spliced into SQL: use a placeholder, or name the fragment in test/store/sql/rules.ts`,
    );
  return [...constructs, ...splices];
}
