/** The published runs, and the page that shows them. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/lib.ts";
import type { CaseResult } from "../case.ts";
import { engines } from "../lib/database.ts";
import type { RunResult } from "../run.ts";
import { aimsOf, type TailsRun } from "../tails/result.ts";
import { method } from "./method.ts";
import { aimTable, number, remarks, sideTable, type Table } from "./tables.ts";
import { latencyTable, publishedTails, queryTable, tailsMethod } from "./tails.ts";

const published = join(import.meta.dirname, "../results/full.json");
const page = join(root, "docs/performance.md");

/** Keeps a run as a published one. Its cases take the place of the same ones of earlier runs of its engine. */
export function publish(run: RunResult): void {
  const measured = new Set(run.cases.map(({ name }) => name));
  const earlier = publishedRuns().map((other) =>
    other.engine === run.engine
      ? { ...other, cases: other.cases.filter(({ name }) => !measured.has(name)) }
      : other,
  );
  const runs = [...earlier.filter(({ cases }) => cases.length > 0), run].sort(
    (a, b) => engines.indexOf(a.engine) - engines.indexOf(b.engine),
  );
  writeFileSync(published, `${JSON.stringify(runs, null, 1)}\n`);
}

function publishedRuns(): RunResult[] {
  return existsSync(published) ? (JSON.parse(readFileSync(published, "utf8")) as RunResult[]) : [];
}

/** Writes docs/performance.md from the published runs. */
export function writeDocument(): void {
  const tails = publishedTails();
  const runs = publishedRuns();
  const measured = engines.filter((engine) => runs.some((run) => run.engine === engine));
  const sections = [
    ...measured.map((engine) => engineSection(runs.filter((run) => run.engine === engine))),
    ...(tails === undefined ? [] : [tailsSection(tails)]),
  ];
  writeFileSync(page, [method, ...sections].join("\n"));
}

/** All that was measured on one engine, in the order of its runs. */
function engineSection(runs: readonly RunResult[]): string {
  const cases = runs.flatMap((run) => run.cases);
  const aims = cases.flatMap(({ aims }) => aims);
  const reached = aims.filter(({ met }) => met === true).length;
  const missed = cases.flatMap((result) =>
    result.aims.filter(({ met }) => met === false).map((aim) => ({ result, aim })),
  );
  const summary = [
    `Of ${aims.length} aims ${reached} were reached, ${missed.length} missed` +
      `${aims.length > reached + missed.length ? `, ${aims.length - reached - missed.length} not measured` : ""}.`,
    ...(missed.length === 0
      ? []
      : [
          "",
          "Missed:",
          "",
          ...missed.map(({ result, aim }) => `- ${result.title}: ${aim.text}, measured ${number(aim.value)}`),
        ]),
  ];
  return [
    `## ${runs.map(({ engine }) => products[engine])[0]}`,
    "",
    ...runs.flatMap((run) => [...runFacts(run), ...(run.note === undefined ? [] : [run.note, ""])]),
    ...summary,
    "",
    ...cases.map(caseSection),
  ].join("\n");
}

function runFacts(run: RunResult): string[] {
  const facts = [
    `${header(run)} ${run.rounds} rounds of ${number(run.seconds)} s.`,
    `Cases: ${run.cases.map(({ name }) => `\`${name}\``).join(", ")}.`,
    ...groundFacts(run),
    `Versions: ${Object.entries(run.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.`,
    `Load average before and after the run: ${run.load.join(" and ")}.`,
  ];
  return [...facts.map((fact) => `- ${fact}`), ""];
}

const products = { mysql: "MySQL", mariadb: "MariaDB", sqlite: "SQLite" } as const;

/** When, of what and by which command. */
function header({ startedAt, commit, command }: RunResult | TailsRun): string {
  return `${startedAt.slice(0, 16).replace("T", " ")} UTC, commit \`${commit}\`: \`${command}\`.`;
}

/** The machine and the database. */
function groundFacts({ machine, engine, version, settings }: RunResult | TailsRun): string[] {
  return [
    `Machine: ${machine.cores} cores of ${machine.processor}, ${machine.memoryGiB} GiB, ${machine.system}. ` +
      "Everything ran on it.",
    `${products[engine]} ${version}: ${Object.entries(settings)
      .map(([name, value]) => `${name}=${value}`)
      .join(", ")}.`,
  ];
}

function tailsSection(run: TailsRun): string {
  return [
    ...["## Live tails", ""],
    ...tailsMethod(run),
    "",
    ...[header(run), ...groundFacts(run), `Node ${run.node}.`].map((fact) => `- ${fact}`),
    "",
    ...(run.note === undefined ? [] : [run.note, ""]),
    ...[markdown(latencyTable(run)), "", markdown(queryTable(run)), ""],
    ...[markdown(aimTable({ aims: aimsOf(run.rows) })), ""],
  ].join("\n");
}

function caseSection(result: CaseResult): string {
  const lines = [
    `### ${result.title}`,
    "",
    `\`${result.name}\`; one operation is: ${result.operation}. ` +
      `Load average ${result.loadBefore} before, ${result.loadAfter} after.`,
    "",
    markdown(sideTable(result)),
    "",
  ];
  if (result.aims.length > 0) lines.push(markdown(aimTable(result)), "");
  const told = remarks(result);
  if (told.length > 0) lines.push(...told.map((line) => `- ${line}`), "");
  if (result.note !== undefined) lines.push(result.note, "");
  return lines.join("\n");
}

function markdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}
