/**
 * Builds the viewer into dist/viewer unless what is there was built from the same sources. `npm start` runs it first,
 * so that a fresh clone serves the viewer without a second command.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, root } from "./lib.ts";

const sources = ["viewer", "clients/typescript/src", "package-lock.json", "scripts/build-viewer.ts"];
const stamp = join(root, ".cache/viewer.stamp");

function digest(): string {
  const hash = createHash("sha256");
  const take = (path: string) => hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  for (const source of sources) {
    if (source.includes(".")) take(source);
    else {
      const files = readdirSync(join(root, source), { recursive: true, withFileTypes: true });
      const paths = files
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      for (const path of paths.sort()) take(path.slice(root.length + 1));
    }
  }
  return hash.digest("hex");
}

const now = digest();
const isBuilt = existsSync(join(root, "dist/viewer/index.html")) && existsSync(stamp);
if (isBuilt && readFileSync(stamp, "utf8") === now && !process.argv.includes("--force")) process.exit(0);
try {
  if (process.stdout.isTTY) console.log("building the viewer ...");
  must("vite", ["build", "--config", "viewer/vite.config.ts", "--logLevel", "warn"], {
    // A test runner's would bring the React of developers, which takes ten times as long for a row.
    env: { NODE_ENV: "production" },
  });
  mkdirSync(join(root, ".cache"), { recursive: true });
  writeFileSync(stamp, now);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
