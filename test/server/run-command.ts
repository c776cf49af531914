/** A command as a user runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";

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
  return watched(
    spawn(command[0], command.slice(1), { env: environment(env), stdio: ["ignore", "pipe", "pipe"] }),
  );
}

/** A command in a pseudo-terminal: what it prints, errors too, is what the terminal got. */
export interface TerminalCommand extends RunningCommand {
  /** Presses keys: Ctrl-C is `\u0003`. */
  readonly type: (keys: string) => void;
}

/** Starts a command as runCommand does, in a terminal of its own. */
export function runInTerminal(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): TerminalCommand {
  // No shell stays between: Ctrl-C would end that one too, with an exit code of its own.
  const line = `exec ${command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ")}`;
  const child = spawn("script", ["-qec", line, "/dev/null"], {
    env: environment({ TERM: "xterm", ...env }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  return { ...watched(child), type: (keys) => void child.stdin.write(keys) };
}

function environment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], ...env };
}

function watched(child: ChildProcess & { stdout: Readable; stderr: Readable }): RunningCommand {
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
