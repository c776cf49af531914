/**
 * Writes docs/clients.md from the rows that test/clients tries in every pair of languages; with --check it only compares.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isObject, stringify } from "../test/clients/exact.ts";
import { type Language, languages } from "../test/clients/languages.ts";
import { removed } from "../test/clients/normal.ts";
import { nothing, type Row } from "../test/clients/row.ts";
import { foreign, written } from "../test/clients/rows/index.ts";
import { root } from "./lib.ts";

const file = join(root, "docs/clients.md");
const titles: Readonly<Record<Language, string>> = {
  python: "Python",
  go: "Go",
  java: "Java",
  typescript: "TypeScript",
};

const page = `<!-- Made by scripts/docs-clients.ts from test/clients/rows; do not edit. -->

# One conversation, four languages

An agent in one language goes on with a conversation that another began. There is a client for each ADK:
[Python](../clients/python/README.md), [Go](../clients/go/README.md), [Java](../clients/java/README.md) and
[TypeScript](../clients/typescript/README.md). This page says what each writes, and what the others read of it.

**The rule.** Reading never fails on a field that the reader's ADK does not know: it is left out, and what is stored stays as it
was written. A writer that reads again what it wrote gets exactly that. The server re-encodes nothing and drops nothing.

An event's envelope is typed ([protocol](protocol.md)); everything else travels as JSON in ADK's canonical form: camelCase names, times in
seconds, standard base64, durations as \`1.5s\`, enums by name, no member for what is absent. The clients convert from and to what their
ADK has: Python's snake_case, Go's \`time.Time\`, the milliseconds of Java and TypeScript, URL-safe base64.

Everything below is a test: a program in each language, with that language's ADK, writes an event with the value; what is stored is
looked at; a program in each language reads it, and what it has is compared, member by member, with what the row says
([\`test/clients\`](../test/clients), the step "clients together"). In the same run four agents with scripted models lead one
conversation in turn, each with the state that the one before left, while a tail in each language follows it.

How to read the tables: a language's column has its ADK's name of the field. "–": its ADK has none, so that it does not write the field
and leaves it out when it reads; "kept": undeclared in ADK for TypeScript, whose events are plain objects, and there to be read all
the same. The example is the JSON on the wire. What the last column does not mention, every language that has the field writes and
reads in the same way. The versions are the newest of those that the clients' tests run under: google-adk 2.13 for Python, ADK 2.2 for Go, 1.8 for Java,
2.0 for TypeScript.

${written.map(({ title, rows }) => `## ${title}\n\n${tableOf(rows)}`).join("\n\n")}

## The session

A session's time of the last update is the timestamp of its newest event: \`last_update_time\` in Python (seconds), \`LastUpdateTime()\` in
Go (\`time.Time\`), \`lastUpdateTime()\` in Java (\`Instant\`), \`lastUpdateTime\` in TypeScript (milliseconds).

In its merged state a value is what it is in the event that set it last; a removed key is not there. How scopes
and merges work is in [the protocol](protocol.md).

## ${foreign.title}

A later ADK, an importer, a program with plain stubs: what the server takes is read by every client.

${table(["what", "where, and what is read", ""], foreign.rows.map(foreignRow))}
`;

const current = existsSync(file) ? readFileSync(file, "utf8") : "";
if (process.argv.includes("--check")) {
  if (current !== page) {
    console.error("docs/clients.md is not what test/clients/rows says: run npm run docs:clients");
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, page);
}

function tableOf(rows: readonly Row[]): string {
  if (rows.every(({ at }) => at[1] === "stateDelta"))
    return table(["value", "example", ""], rows.map(stateRow));
  const head = ["field", ...languages.map((language) => titles[language]), "example", ""];
  return table(head, rows.map(fieldRow));
}

function stateRow(row: Row): string[] {
  return [row.field.replace("state: ", ""), code(exampleOf(row)), exceptions(row)];
}

function fieldRow(row: Row): string[] {
  const names = languages.map((language) => nameIn(language, row));
  return [row.field, ...names, code(exampleOf(row)), exceptions(row)];
}

function foreignRow(row: Row): string[] {
  const shown = `\`${row.at.join(".")}\`: ${code(row.value)}`;
  return [row.field, shown, exceptions(row)];
}

/** What the language calls the member that the row is about. */
function nameIn(language: Language, { field, known }: Row): string {
  if (!known.includes(language)) return language === "typescript" ? "kept" : "–";
  const name = /([A-Za-z]+)(?:,.*)?$/.exec(field.split(",")[0] ?? "")?.[1] ?? "";
  switch (language) {
    case "python":
      return code(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    case "go":
      return code(
        (name[0] ?? "").toUpperCase() +
          name
            .slice(1)
            .replace(/Id(?=s?$)/, "ID")
            .replace(/^d$/, "D"),
      );
    case "java":
      return code(`${name}()`);
    case "typescript":
      return code(name);
  }
}

/** The value as most of its writers send it. */
function exampleOf({ value, wire, writers, known }: Row): unknown {
  const first = (writers ?? known)[0];
  return wire && first && first in wire ? wire[first] : value;
}

/** What does not hold for all, in words. */
function exceptions(row: Row): string {
  const { note, writers, known, read, becomes } = row;
  const said: string[] = [];
  if (note !== undefined) said.push(note);
  const silent = known.filter((language) => writers !== undefined && !writers.includes(language));
  if (silent.length > 0) said.push(`not written by ${list(silent)}`);
  if (becomes !== undefined) said.push(`read back as ${becomes}`);
  for (const language of languages) {
    if (!read || !(language in read)) continue;
    const value = read[language];
    if (value === nothing) said.push(`${titles[language]} reads nothing`);
    else if (typeof value !== "function" && !isObject(value) && !Array.isArray(value)) {
      said.push(`${titles[language]} reads ${code(value)}`);
    }
  }
  return said.join("; ");
}

function list(some: readonly Language[]): string {
  return some.map((language) => titles[language]).join(", ");
}

function code(value: unknown): string {
  if (value === nothing || value === removed) return "";
  const text = typeof value === "string" ? value : stringify(value);
  if (text === "") return "";
  const visible = text.replace(
    /[\p{Cc}\p{Cs}\u2028]/gu,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `\`${visible}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
