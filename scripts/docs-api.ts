/**
 * Writes docs/api.md, the API reference, from the comments in proto/: `npm run docs:api`. With --check it only
 * compares, and fails when the file in the checkout is not what proto/ gives.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { renderReference } from "./docs-api-render.ts";
import { env, root } from "./lib.ts";

const file = "docs/api.md";

/** The contract with its comments, as buf compiles it. @throws Error with what buf printed */
function descriptors() {
  const built = spawnSync("buf", ["build", "proto", "--output", "-#format=binpb"], {
    cwd: root,
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (built.error) throw built.error;
  if (built.status !== 0) throw new Error(`buf build failed:\n${built.stderr.toString()}`);
  return fromBinary(FileDescriptorSetSchema, built.stdout);
}

try {
  const text = renderReference(descriptors());
  const path = join(root, file);
  if (!process.argv.includes("--check")) {
    writeFileSync(path, text);
    console.log(`docs: wrote ${file}`);
  } else if (readFileSync(path, "utf8") === text) {
    console.log(`${file} is what proto/ gives.`);
  } else {
    console.error(`${file} is not what proto/ gives. Run "npm run docs:api" and commit what it changes.`);
    process.exitCode = 1;
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
