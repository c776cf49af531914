/** Generated documents are what their sources give. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./markdown.ts";

test.each(["docs-api.ts", "docs-config.ts"])("scripts/%s --check", (script) => {
  const file = join(root, "scripts", script);
  expect(existsSync(file)).toBe(true);
  const done = spawnSync(process.execPath, [file, "--check"], { cwd: root, encoding: "utf8" });
  expect(done.stdout + done.stderr).not.toContain("npm run");
  expect(done.status).toBe(0);
});
