/**
 * Everything that has to hold, in one run: `npm test`. Steps are in steps.ts; `npm test -- WORD ...` runs those whose
 * name has one of the words. The last line is `N passed, N failed`, and the exit code is 1 when anything failed.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { env, root } from "./lib.ts";
import { type Step, steps } from "./steps.ts";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
  /** Names of the failed tests with the first line of their error, so that the end of a long log tells what failed. */
  failures: string[];
}

const reports = join(root, ".cache/test");
let running: number | undefined;

/** Ends a step with all that it started: each step is the leader of a process group of its own. */
function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // It has ended by itself.
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (running !== undefined) end(running, signal);
    process.exit(1);
  });
}

function run(step: Step, report: string): Promise<string | undefined> {
  const [command, ...args] = step.command.map((part) => part.replace("{report}", report));
  return new Promise((resolve) => {
    const child = spawn(command as string, args, {
      cwd: root,
      env: { ...env, ...step.env },
      stdio: ["ignore", "inherit", "inherit"],
      detached: process.platform !== "win32",
    });
    running = child.pid;
    const minutes = step.minutes ?? 10;
    let late = false;
    const timer = setTimeout(async () => {
      late = true;
      if (child.pid === undefined) return;
      end(child.pid, "SIGTERM");
      await delay(10_000);
      end(child.pid, "SIGKILL");
    }, minutes * 60_000);
    const finish = (problem: string | undefined) => {
      clearTimeout(timer);
      running = undefined;
      resolve(late ? `not done after ${minutes} minutes` : problem);
    };
    child.on("error", (error) => finish(error.message));
    child.on("exit", (code, signal) => finish(code === 0 ? undefined : `ended with ${signal ?? code}`));
  });
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

function failure(name: string, message: string): string {
  const lines = stripVTControlCharacters(message).split("\n");
  return `${name}\n    ${lines.slice(0, 6).join("\n    ").slice(0, 800)}`;
}

function fromVitest(text: string): Count {
  const report = JSON.parse(text) as VitestReport;
  const failures: string[] = [];
  for (const file of report.testResults) {
    const failed = file.assertionResults.filter((test) => test.status === "failed");
    const path = relative(root, file.name);
    for (const test of failed) {
      failures.push(failure(`${path} > ${test.fullName}`, (test.failureMessages ?? []).join("\n")));
    }
    if (file.status === "failed" && failed.length === 0) failures.push(failure(path, file.message));
  }
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
  };
}

function fromJunit(text: string): Count {
  const total: Count = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const [, attributes] of text.matchAll(/<testsuite\s([^>]*)>/g)) {
    const of = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes ?? "")?.[1] ?? 0);
    const failed = of("failures") + of("errors");
    total.failed += failed;
    total.skipped += of("skipped");
    total.passed += of("tests") - failed - of("skipped");
  }
  const cases = text.matchAll(/<testcase\s([^>]*[^/])>\s*<(?:failure|error)\s[^>]*?message="([^"]*)"/g);
  for (const [, attributes, message] of cases) {
    const of = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes ?? "")?.[1] ?? "";
    total.failures.push(
      failure(`${of("classname")} > ${of("name")}`, (message ?? "").replaceAll("&#10;", "\n")),
    );
  }
  return total;
}

/** Counts a step's tests. A step that failed without a failed test counts as one. */
function count(step: Step, report: string, problem: string | undefined): Count {
  let counted: Count;
  if (step.count === "exit") counted = { passed: problem ? 0 : 1, failed: 0, skipped: 0, failures: [] };
  else {
    try {
      const text = readFileSync(report, "utf8");
      counted = step.count === "vitest" ? fromVitest(text) : fromJunit(text);
    } catch (error) {
      console.log(`no report: ${error instanceof Error ? error.message : error}`);
      counted = { passed: 0, failed: problem ? 0 : 1, skipped: 0, failures: [] };
    }
  }
  if (problem && counted.failed === 0) counted.failed = 1;
  return counted;
}

const words = process.argv.slice(2);
const chosen = steps.filter((step) => words.length === 0 || words.some((word) => step.name.includes(word)));
if (chosen.length === 0) {
  console.error(`no step is named so; there are: ${steps.map((step) => step.name).join(", ")}`);
  process.exit(2);
}

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const total: Count = { passed: 0, failed: 0, skipped: 0, failures: [] };
const summary: string[] = [];
for (const [index, step] of chosen.entries()) {
  console.log(`\n=== ${step.name} (${index + 1} of ${chosen.length})`);
  const report = join(reports, `${index}.${step.count === "junit" ? "xml" : "json"}`);
  const start = performance.now();
  const problem = await run(step, report);
  const counted = count(step, report, problem);
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
  const verdict = counted.failed === 0 ? "ok    " : "FAILED";
  const detail = step.count === "exit" ? "" : `  ${counted.passed} passed, ${counted.failed} failed`;
  const reason = problem ? `  (${problem})` : "";
  summary.push(`${verdict} ${seconds} s  ${step.name}${detail}${reason}`);
  console.log(`--- ${summary.at(-1)}`);
  for (const key of ["passed", "failed", "skipped"] as const) total[key] += counted[key];
  total.failures.push(...counted.failures);
}

console.log(`\n${summary.join("\n")}\n`);
for (const failed of total.failures) console.log(`failed: ${failed}\n`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;
