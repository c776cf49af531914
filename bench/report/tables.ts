/** Results as rows of text, the same for the terminal and for Markdown. */
import type { CaseResult, SideResult } from "../case.ts";

/** A table: its columns and its rows. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The figures of a case's sides. */
export function sideTable({ sides, compares }: CaseResult): Table {
  return {
    head: ["", "p50 ms", "p99 ms", "per second", "rounds", "CPU ms: agent", "sessiond", "database", "errors"],
    rows: sides.map((side) => [
      side.by === undefined ? side.name : `${side.name} (${side.by})`,
      ...(side.failed === undefined || side.rounds.length > 0
        ? [
            number(side.p50 === 0 ? undefined : side.p50),
            number(side.p99 === 0 ? undefined : side.p99),
            number(side.rate),
            spread(side, compares),
            number(side.agentCpu),
            number(side.serverCpu),
            number(side.databaseCpu),
            side.errors === 0 ? "0" : `**${side.errors}**`,
          ]
        : ["failed", "", "", "", "", "", "", ""]),
    ]),
  };
}

/** The aims of a case with what came out. */
export function aimTable({ aims }: Pick<CaseResult, "aims">): Table {
  return {
    head: ["aim", "measured", ""],
    rows: aims.map(({ text, value, met }) => [
      text,
      number(value),
      met === undefined ? "not measured" : met ? "reached" : "**missed**",
    ]),
  };
}

/** What else the rounds told, such as lost keys or memory: a line each. */
export function remarks({ sides }: CaseResult): string[] {
  return sides.flatMap((side) => {
    const lines: string[] = [];
    if (side.failed !== undefined) lines.push(`${side.name} failed: ${side.failed}`);
    for (const [name, value] of Object.entries(side.facts))
      lines.push(`${side.name}: ${name} ${number(value)}`);
    for (const name of Object.keys(side.rounds[0]?.facts ?? {})) {
      lines.push(`${side.name}: ${name} ${side.rounds.map((round) => number(round.facts[name])).join(", ")}`);
    }
    const memory = side.rounds.map((round) => round.memory).filter((one) => one !== undefined);
    if (memory.length > 0) {
      const rounds = memory.map((one) => `${number(one.before)} to ${number(one.peak)}`);
      lines.push(
        `${side.name}: sessiond's resident MiB before a round and at its peak: ${rounds.join(", ")}`,
      );
    }
    const split = statementSplit(side);
    if (split !== undefined) lines.push(split);
    const [error] = side.rounds.flatMap((round) => Object.keys(round.errors));
    if (error !== undefined) lines.push(`${side.name}, first error: ${error}`);
    return lines;
  });
}

/** Where the time of an operation went, by the database's own statistics. */
function statementSplit(side: SideResult): string | undefined {
  const rounds = side.rounds.filter((round) => round.statements !== undefined && round.operations > 0);
  if (rounds.length === 0) return undefined;
  const mean = (of: (round: (typeof rounds)[number]) => number) =>
    (rounds.reduce((sum, round) => sum + of(round), 0) * 1_000) /
    rounds.reduce((sum, round) => sum + round.operations, 0);
  const commit = mean((round) => round.statements?.commit ?? 0);
  const other = mean((round) => round.statements?.other ?? 0);
  const whole = mean((round) => round.operations * ((round.p50 ?? 0) / 1_000));
  return (
    `${side.name}: of a p50 of ${number(whole)} ms the database spent ${number(commit)} ms in COMMIT and ` +
    `${number(other)} ms in other statements (means, performance_schema)`
  );
}

function spread(side: SideResult, compares: CaseResult["compares"]): string {
  const values = side.rounds
    .map((round) => (compares === "rate" ? round.operations / round.seconds : round.p50))
    .filter((value) => value !== null);
  return values.map(number).join(" · ");
}

/** A figure with as many digits as it is good for. */
export function number(value: number | null | undefined): string {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en");
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
