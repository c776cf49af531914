import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";

export interface CommandOptions {
  /** A file to be read as standard input. */
  readonly input?: string;
  /** Milliseconds after which it is killed. */
  readonly timeout?: number;
}

/** Runs a program to its end; gives what it printed on both streams, or fails with the tail of that. */
export async function run(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program = "", ...args] = command;
  const output: Buffer[] = [];
  const child = spawn(program, args, {
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    timeout: options.timeout ?? 60_000,
    killSignal: "SIGKILL",
  });
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk));
  if (child.stdin !== null && options.input !== undefined) {
    // A program that ends early closes the pipe; its exit code tells why, the broken pipe would not.
    child.stdin.on("error", () => {});
    createReadStream(options.input).pipe(child.stdin);
  }
  const [code, signal] = await new Promise<[number | null, string | null]>((done, fail) => {
    child.once("error", fail);
    child.once("close", (...how) => done(how));
  });
  const text = Buffer.concat(output).toString();
  if (code === 0) return text;
  throw new Error(
    `${program} ${code === null ? `was ended by ${signal}` : `exited with ${code}`}\n${tail(text)}`,
  );
}

/** The last lines of a log, for an error message. */
export function tail(text: string, lines = 25): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}
