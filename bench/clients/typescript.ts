/**
 * The TypeScript client beside ADK's own SQL session service, on one MySQL: `node bench/clients/typescript.ts [ROUNDS]`.
 * Run by hand. Prints rows of case, service, median of the rounds, and the rounds.
 */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { install, run } from "../../clients/typescript/tools/packages.ts";
import { root } from "../../scripts/lib.ts";
import { measureBeside } from "./beside.ts";

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

await measureBeside("mysql", (sessiond, adkUrl) => ({
  command: process.execPath,
  args: ["--disable-warning=ExperimentalWarning", "measure.ts", sessiond, adkUrl, process.argv[2] ?? "5"],
  cwd: folder,
}));
