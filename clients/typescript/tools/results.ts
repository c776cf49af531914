/** What passed and what failed, as JUnit has it. */
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

interface Case {
  readonly suite: string;
  readonly name: string;
  readonly ms: number;
  readonly failure?: string | undefined;
  readonly skipped?: boolean;
}

/** Collects the results of steps and test runs. */
export class Results {
  readonly #cases: Case[] = [];

  /** Runs a step that counts as one test; one that throws has failed. */
  async step(name: string, work: () => Promise<void>): Promise<boolean> {
    const start = performance.now();
    let failure: string | undefined;
    try {
      await work();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    const ms = performance.now() - start;
    this.#cases.push({ suite: "steps", name, ms, failure });
    console.log(
      `${failure === undefined ? "ok    " : "FAILED"} ${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`,
    );
    if (failure !== undefined) console.log(failure);
    return failure === undefined;
  }

  /** Adds what reporter.mjs wrote of a run. A run that failed without a failed test counts as one. */
  run(suite: string, report: string, problem: string | undefined): void {
    const cases = linesOf(report).map((line): Case => {
      const { file = "", ...rest } = JSON.parse(line);
      return { ...rest, suite: `${suite} ${basename(file, ".js")}` };
    });
    this.#cases.push(...cases);
    if (
      cases.length === 0 ||
      (problem !== undefined && !cases.some(({ failure }) => failure !== undefined))
    ) {
      this.#cases.push({ suite, name: "the run itself", ms: 0, failure: problem ?? "reported no test" });
    }
  }

  /** The failures, with their texts. */
  get failures(): readonly string[] {
    return this.#cases.flatMap(({ suite, name, failure }) =>
      failure === undefined ? [] : [`${suite} > ${name}\n${failure}`],
    );
  }

  /** How many passed, failed and were skipped. */
  get counts(): { readonly passed: number; readonly failed: number; readonly skipped: number } {
    const failed = this.failures.length;
    const skipped = this.#cases.filter((each) => each.skipped === true).length;
    return { passed: this.#cases.length - failed - skipped, failed, skipped };
  }

  /** Writes all of it as JUnit XML. */
  write(file: string): void {
    const suites = Map.groupBy(this.#cases, ({ suite }) => suite);
    const xml = [...suites].map(([suite, cases]) => {
      const count = (which: (each: Case) => boolean) => cases.filter(which).length;
      const failures = count(({ failure }) => failure !== undefined);
      const skipped = count((each) => each.skipped === true);
      const head = `name="${escapeXml(suite)}" tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
      return `<testsuite ${head}>\n${cases.map(caseXml).join("\n")}\n</testsuite>`;
    });
    writeFileSync(
      file,
      `<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n${xml.join("\n")}\n</testsuites>\n`,
    );
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

function caseXml({ suite, name, ms, failure, skipped }: Case): string {
  const head = `classname="clients.typescript.${escapeXml(suite)}" name="${escapeXml(name)}" time="${(ms / 1000).toFixed(3)}"`;
  if (failure !== undefined)
    return `<testcase ${head}>\n<failure message="${escapeXml(failure)}"/>\n</testcase>`;
  return skipped === true ? `<testcase ${head}>\n<skipped/>\n</testcase>` : `<testcase ${head}/>`;
}

function escapeXml(text: string): string {
  return (
    text
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      .replaceAll("\n", "&#10;")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has no form for them
      .replaceAll(/[\u0000-\u0008\u000b-\u001f]/g, "?")
  );
}
