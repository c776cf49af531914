/**
 * The TypeScript client beside ADK's own SQL session service, on one MySQL: `node bench/clients/typescript.ts [ROUNDS]`.
 * Run by hand. Prints rows of case, service, median of the rounds, and the rounds.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { install, run } from "../../clients/typescript/tools/packages.ts";
import { root } from "../../scripts/lib.ts";
import { openDatabase } from "../lib/database.ts";
import { startSessiond } from "../lib/server.ts";

const here = join(import.meta.dirname, "typescript");
const folder = join(root, ".cache/clients-typescript/bench");

await install(folder, here, "--legacy-peer-deps");
await run(join(root, "clients/typescript/run-tests"), ["--pack", folder], { cwd: root });
const place = join(folder, "node_modules/sessiond-client");
rmSync(place, { recursive: true, force: true });
mkdirSync(place);
const unpack = ["-xzf", join(folder, "sessiond-client-0.1.0.tgz"), "-C", place, "--strip-components", "1"];
await run("tar", unpack, { cwd: folder });
cpSync(join(here, "measure.ts"), join(folder, "measure.ts"));

const database = await openDatabase("mysql");
try {
  const sessiond = await startSessiond(await database.urlFor("sessiond"));
  try {
    console.log(`mysql ${database.version}; load before ${loadavg()[0]?.toFixed(2)}`);
    const program = ["--disable-warning=ExperimentalWarning", "measure.ts"];
    const args = [...program, sessiond.target, await database.urlFor("adk"), process.argv[2] ?? "5"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
    const [code] = await once(child, "close");
    console.log(`load after ${loadavg()[0]?.toFixed(2)}`);
    process.exitCode = code === 0 ? 0 : 1;
  } finally {
    await sessiond.stop();
  }
} finally {
  await database.stop();
}
