/**
 * The Go client beside ADK's own SQL session service, on one database server: `node bench/clients/go.ts [mysql|mariadb|sqlite]`.
 * Run by hand. Prints rows of case, service, median of the rounds, and the rounds.
 */

import { join } from "node:path";
import { root } from "../../scripts/lib.ts";
import { engines } from "../lib/database.ts";
import { measureBeside } from "./beside.ts";

const engine = engines.find((name) => name === (process.argv[2] ?? "mysql"));
if (engine === undefined) throw new Error(`the engine is one of ${engines.join(", ")}`);

await measureBeside(engine, (sessiond, adkUrl) => ({
  command: "go",
  args: ["run", ".", "-target", sessiond, ...addressFor(adkUrl)],
  cwd: join(root, "bench/clients/go"),
  env: { GOTOOLCHAIN: "local" },
}));

/** The flag by which the program reaches ADK's database. */
function addressFor(url: string): string[] {
  if (url.startsWith("sqlite:")) return ["-sqlite", url.slice("sqlite:".length)];
  const { username, password, host, pathname } = new URL(url);
  // MySQL would round the nanoseconds of a new session's time up, and ADK then finds its first append stale.
  const account = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return ["-mysql", `${account}@tcp(${host})${pathname}?parseTime=true&loc=UTC&timeTruncate=1us`];
}
