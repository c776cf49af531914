/**
 * The Go client beside ADK's own SQL session service, on one database server: `node bench/clients/go.ts [mysql|mariadb|sqlite]`.
 * Run by hand. Prints rows of case, service, median of the rounds, and the rounds.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/lib.ts";
import { engines, openDatabase } from "../lib/database.ts";
import { startSessiond } from "../lib/server.ts";

const engine = engines.find((name) => name === (process.argv[2] ?? "mysql"));
if (engine === undefined) throw new Error(`the engine is one of ${engines.join(", ")}`);

const database = await openDatabase(engine);
try {
  const sessiond = await startSessiond(await database.urlFor("sessiond"));
  try {
    const adk = await database.urlFor("adk");
    console.log(`${engine} ${database.version}; load before ${loadavg()[0]?.toFixed(2)}`);
    const program = spawn("go", ["run", ".", "-target", sessiond.target, ...addressFor(adk)], {
      cwd: join(root, "bench/clients/go"),
      env: { ...process.env, GOTOOLCHAIN: "local" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const [code] = await once(program, "close");
    console.log(`load after ${loadavg()[0]?.toFixed(2)}`);
    process.exitCode = code === 0 ? 0 : 1;
  } finally {
    await sessiond.stop();
  }
} finally {
  await database.stop();
}

/** The flag by which the program reaches ADK's database. */
function addressFor(url: string): string[] {
  if (url.startsWith("sqlite:")) return ["-sqlite", url.slice("sqlite:".length)];
  const { username, password, host, pathname } = new URL(url);
  // MySQL would round the nanoseconds of a new session's time up, and ADK then finds its first append stale.
  const account = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return ["-mysql", `${account}@tcp(${host})${pathname}?parseTime=true&loc=UTC&timeTruncate=1us`];
}
