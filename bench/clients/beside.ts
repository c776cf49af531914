/** What the clients' benchmarks share: a database with two services on it, and the program that measures both. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { type EngineName, openDatabase } from "../lib/database.ts";
import { startSessiond } from "../lib/server.ts";

/** A program that measures a client beside its ADK's own service. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs the program that `programFor` gives for sessiond's address and the URL of a database for ADK's service, and
 * sets the exit code to whether it succeeded.
 */
export async function measureBeside(
  engine: EngineName,
  programFor: (sessiond: string, adkUrl: string) => Program,
): Promise<void> {
  const database = await openDatabase(engine);
  try {
    const sessiond = await startSessiond(await database.urlFor("sessiond"));
    try {
      const { command, args, cwd, env } = programFor(sessiond.target, await database.urlFor("adk"));
      console.log(`${engine} ${database.version}; load before ${loadavg()[0]?.toFixed(2)}`);
      const stdio = ["ignore", "inherit", "inherit"] as const;
      const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: [...stdio] });
      const [code] = await once(child, "close");
      console.log(`load after ${loadavg()[0]?.toFixed(2)}`);
      process.exitCode = code === 0 ? 0 : 1;
    } finally {
      await sessiond.stop();
    }
  } finally {
    await database.stop();
  }
}
