import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The checkout's root folder. */
export const root = join(import.meta.dirname, "..");

/** The environment of every child: the tools of node_modules/.bin first, so that a script also runs outside npm. */
export const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: [join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter),
};

/** What a command left behind. */
export interface Outcome {
  readonly ok: boolean;
  readonly out: string;
  readonly err: string;
}

/** Where a command runs; `env` beside what it inherits. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a command to its end and keeps what it printed. A command that cannot be started is an outcome that is not
 * ok, with the reason in `err`.
 */
export function capture(command: string, args: readonly string[], options: RunOptions = {}): Outcome {
  const done = spawnSync(command, args, {
    cwd: options.cwd ?? root,
    env: { ...env, ...options.env },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 256 * 1024 * 1024,
  });
  if (done.error) return { ok: false, out: "", err: `${command}: ${done.error.message}` };
  return { ok: done.status === 0, out: done.stdout, err: done.stderr };
}

/**
 * Runs a command that has to succeed and returns what it wrote to stdout.
 *
 * @throws Error with the command and all that it printed, when it fails.
 */
export function must(command: string, args: readonly string[], options: RunOptions = {}): string {
  const done = capture(command, args, options);
  if (!done.ok) {
    throw new Error(`${[command, ...args].join(" ")} failed:\n${(done.out + done.err).trim()}`);
  }
  return done.out;
}

/** The Python of a virtual environment. */
export function venvPython(venv: string): string {
  return process.platform === "win32" ? join(venv, "Scripts/python.exe") : join(venv, "bin/python");
}

/**
 * Finds a Python to make virtual environments with: `PYTHON` in the environment, else python3, else python.
 *
 * @throws Error that says what to install, when there is none.
 */
export function findPython(): string {
  for (const name of [process.env["PYTHON"], "python3", "python"]) {
    if (name && capture(name, ["-c", "import venv, ensurepip"]).ok) return name;
  }
  throw new Error("needs Python 3.11 with venv on PATH (or its path in PYTHON)");
}

/** Whether the checkout is a git work tree; an unpacked archive is not. */
export function inGit(): boolean {
  return existsSync(join(root, ".git")) && capture("git", ["rev-parse", "--is-inside-work-tree"]).ok;
}
