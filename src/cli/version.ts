/** `sessiond version`. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { version } from "../version.ts";

const libraries = [
  "better-sqlite3",
  "mysql2",
  "@grpc/grpc-js",
  "@connectrpc/connect-node",
  "@bufbuild/protobuf",
];

/** The lines that `sessiond version` prints. */
export function versionText(): string {
  const rows = [
    ["sessiond", version],
    ["node", process.versions.node],
    ...libraries.map((name) => [name, installedVersion(name)]),
  ];
  return rows.map(([name, found]) => `${name} ${found}\n`).join("");
}

/** The version of an installed package; its own package.json need not be exported. */
function installedVersion(name: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    try {
      return JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")).version;
    } catch {
      // It is in another of the folders, or not installed.
    }
  }
  return "not installed";
}
