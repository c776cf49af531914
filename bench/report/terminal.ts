/** What a run prints. */
import type { CaseResult } from "../case.ts";
import { aimTable, remarks, sideTable, type Table } from "./tables.ts";

/** A case for a terminal. */
export function caseText(result: CaseResult): string {
  const parts = [`\n${result.name}: ${result.title} (load ${result.loadBefore} to ${result.loadAfter})`];
  parts.push(aligned(sideTable(result)));
  if (result.aims.length > 0) parts.push(aligned(aimTable(result)));
  parts.push(...remarks(result).map((line) => `  ${line}`));
  return `${parts.join("\n").replaceAll("**", "")}\n`;
}

/** A table for a terminal. */
export function aligned({ head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")}`;
  return all.map(line).join("\n");
}
