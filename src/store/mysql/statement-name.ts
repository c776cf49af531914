/** Names of statements, for metrics and traces. */

/**
 * What statements do and to which tables, in a few words: `BEGIN, SELECT adk_sessions`. From their constant
 * texts, in which tables have their default names, so that there are few names and no value is in one.
 */
export function statementName(templates: readonly string[]): string {
  if (templates.length === 1) return nameOf(templates[0] ?? "");
  return [...new Set(templates.map(nameOf))].join(", ");
}

function nameOf(sql: string): string {
  const verb = /^\s*([A-Z]+)/i.exec(sql)?.[1]?.toUpperCase() ?? "OTHER";
  if (verb === "START") return "BEGIN";
  const table = /\b(?:FROM|INTO|UPDATE)\s+(adk_\w+)/i.exec(sql)?.[1];
  const what = verb === "WITH" ? "SELECT" : verb;
  return table === undefined ? what : `${what} ${table}`;
}
