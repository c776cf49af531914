/**
 * Checks package-lock.json for what npm lets pass: it names no registry host, and it has an entry with a hash for
 * every optional package of another platform (npm leaves out those that it could not look up, and `npm ci` then
 * fails for everyone), and package.json pins exact versions.
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

const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, Entry>>;
};
const problems: string[] = [];

for (const [path, entry] of Object.entries(lock.packages)) {
  if (entry.resolved?.includes("://")) problems.push(`${path} names a host: ${entry.resolved}`);
  if (path.startsWith("node_modules/") && !entry.link && !entry.integrity)
    problems.push(`${path} has no hash`);
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    // npm looks in the package's own node_modules first, then in those above it.
    const nested = lock.packages[`${path}/node_modules/${name}`];
    if (!nested && !lock.packages[`node_modules/${name}`])
      problems.push(`${path || "the root"} lacks ${name}`);
  }
  if (path !== "" && !path.startsWith("tools/")) continue;
  const wanted = { ...entry.dependencies, ...entry.devDependencies, ...entry.optionalDependencies };
  for (const [name, version] of Object.entries(wanted)) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) problems.push(`${name} is not pinned exactly: ${version}`);
  }
}

if (problems.length > 0) {
  console.error(`package-lock.json:\n  ${problems.join("\n  ")}`);
  console.error("Make it anew in an empty folder: npm install --package-lock-only --ignore-scripts");
  process.exitCode = 1;
} else console.log(`ok     package-lock.json: ${Object.keys(lock.packages).length} packages`);
