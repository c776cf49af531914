/** A command as a user runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** The words before a command of `sessiond`. */
export const sessiond = [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  join(import.meta.dirname, "../../src/main.ts"),
] as const;

/** A command that runs, with all that it has printed. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** How it ended. */
  readonly code: Promise<number | null>;
}

/** Starts a command that sees nothing of the environment but PATH and what is given. */
export function runCommand(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): RunningCommand {
  const child = spawn(command[0], command.slice(1), {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const code = once(child, "close").then(([exit]) => exit as number | null);
  return { child, out: () => out, err: () => err, code };
}
