/** Names of statements, for metrics and traces. */

/**
 * What statements do and to which tables, in a few words: `BEGIN, SELECT adk_sessions`. From their constant
 * texts, in which tables have their default names, so that there are few names and no value is in one.
 */
export function statementName(templates: readonly string[]): string {
  if (templates.length === 1) return nameOf(templates[0] ?? "");
  let names = "";
  let last = "";
  for (const template of templates) {
    const name = nameOf(template);
    // Rows that need several statements are one thing to do.
    if (name === last) continue;
    names += last === "" ? name : `, ${name}`;
    last = name;
  }
  return names;
}

/** Most texts come again and again; those that differ by their number of rows are not all kept. */
const maxKnown = 500;
const known = new Map<string, string>();

function nameOf(sql: string): string {
  const found = known.get(sql);
  if (found !== undefined) return found;
  const name = readName(sql);
  if (known.size < maxKnown) known.set(sql, name);
  return name;
}

function readName(sql: string): string {
  const verb = /^\s*([A-Z]+)/.exec(sql)?.[1] ?? "OTHER";
  if (verb === "START") return "BEGIN";
  const table = /\b(?:FROM|INTO|UPDATE)\s+(adk_\w+)/.exec(sql)?.[1];
  const what = verb === "WITH" ? "SELECT" : verb;
  return table === undefined ? what : `${what} ${table}`;
}
