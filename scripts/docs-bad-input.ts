/**
 * Writes docs/bad-input.md from the tables that test/api tries row by row; with --check it only compares.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { badInput } from "../test/api/bad-input/index.ts";
import type { BadInput } from "../test/api/bad-input/row.ts";
import { badStarts } from "../test/api/bad-input/start.ts";
import type { BadStart } from "../test/api/bad-input/start-row.ts";
import { storeFaults } from "../test/api/bad-input/store.ts";
import { root } from "./lib.ts";

const file = join(root, "docs/bad-input.md");

const page = `<!-- Made by scripts/docs-bad-input.ts from test/api/bad-input; do not edit. -->

# Bad input and its answer

What is refused, how, and what to do about it. Each row is a test (test/api) that sends the input over both doors,
gRPC and Connect, unless a door is named.

Every answer also has a text that says what is wrong, \`google.rpc.ErrorInfo\` with the reason and, where a field is
named here, \`google.rpc.BadRequest\` with its path. Nothing is written when a call is refused. What the reasons mean
is in [the protocol](protocol.md#errors); the numbers are the defaults of [the configuration](configuration.md).

${badInput.map(({ title, rows }) => `## ${title}\n\n${table(["input", "answer", "what to do"], rows.map(inputRow))}`).join("\n\n")}

## While the server runs: the database fails

${table(
  ["what happens", "answer to a write", "what to do"],
  storeFaults.map(({ what, code, reason, also, action }) => [
    what,
    `${code} \`${reason}\`${also ? `; ${also}` : ""}`,
    action,
  ]),
)}

## At start

\`sessiond serve\` prints one line that begins with \`sessiond: \` and ends: with exit code 2 for a mistake in the
command, 1 for what it met. The database is as it was.

${table(
  ["what", "store", "exit", "it says", "what to do"],
  badStarts
    .filter(isFirstOfItsName)
    .map(({ what, exit, says, action }) => [what, storesOf(what), String(exit), `\`${says}\``, action]),
)}
`;

const current = existsSync(file) ? readFileSync(file, "utf8") : "";
if (process.argv.includes("--check")) {
  if (current !== page) {
    console.error("docs/bad-input.md is not what test/api/bad-input says: run npm run docs:bad-input");
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, page);
}

/** Rows that are tried on several kinds of stores stand in the page once. */
function isFirstOfItsName(row: BadStart, at: number): boolean {
  return badStarts.findIndex(({ what }) => what === row.what) === at;
}

function storesOf(what: string): string {
  const stores = badStarts.filter((row) => row.what === what).map(({ store }) => store);
  if (stores.length > 1 || stores[0] === "any") return "any";
  return stores[0] === "sqlite" ? "SQLite" : "MySQL, MariaDB";
}

function inputRow({ what, answer, action, attempts }: BadInput): string[] {
  const door = attempts.grpc === undefined ? " (HTTP)" : attempts.http === undefined ? " (gRPC)" : "";
  return [what + door, answerText(answer), action];
}

function answerText(answer: BadInput["answer"]): string {
  if ("http" in answer) return `HTTP status ${answer.http}`;
  const { code, reason, field, metadata } = answer;
  const where = field === undefined ? "" : `, field \`${field}\``;
  const facts = metadata === undefined ? "" : `, with ${metadata.map((name) => `\`${name}\``).join(", ")}`;
  return `${code} \`${reason}\`${where}${facts}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
