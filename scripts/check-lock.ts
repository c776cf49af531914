/**
 * Checks every package-lock.json for what npm lets pass: it names no registry host, and it has an entry with a hash
 * for every optional package of another platform (npm leaves out those that it could not look up, and `npm ci` then
 * fails for everyone). The server's package.json pins exact versions, too.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib.ts";

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The server's, and those that the TypeScript client is tested and measured with. */
const files = [
  "package-lock.json",
  "clients/typescript/package-lock.json",
  "clients/typescript/oldest/package-lock.json",
  "bench/clients/typescript/package-lock.json",
];

const problems: string[] = [];
for (const file of files) {
  const lock = JSON.parse(readFileSync(join(root, file), "utf8")) as {
    readonly packages: Readonly<Record<string, Entry>>;
  };
  for (const [path, entry] of Object.entries(lock.packages)) {
    const report = (what: string) => problems.push(`${file}: ${what}`);
    if (entry.resolved?.includes("://")) report(`${path} names a host: ${entry.resolved}`);
    if (path.startsWith("node_modules/") && !entry.link && !entry.integrity) report(`${path} has no hash`);
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      // npm looks in the package's own node_modules first, then in those above it.
      const nested = lock.packages[`${path}/node_modules/${name}`];
      if (!nested && !lock.packages[`node_modules/${name}`]) report(`${path || "the root"} lacks ${name}`);
    }
    // A library states ranges, so that it shares packages with what it is installed beside.
    if (file !== "package-lock.json" || (path !== "" && !path.startsWith("tools/"))) continue;
    const wanted = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies };
    for (const [name, version] of Object.entries(wanted)) {
      if (!/^\d+\.\d+\.\d+$/.test(version)) report(`${name} is not pinned exactly: ${version}`);
    }
  }
  console.log(`read   ${file}: ${Object.keys(lock.packages).length} packages`);
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  console.error("Make it anew in an empty folder: npm install --package-lock-only --ignore-scripts");
  process.exitCode = 1;
}
