import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { serverEngines } from "./test/support/databases/settings.ts";

// Every folder below test/ is a suite of its own name (`npm run vitest -- --project store`), so that a new folder
// needs no entry here. One with a configuration of its own is a step of its own.
const tests = join(import.meta.dirname, "test");
const suites = existsSync(tests)
  ? readdirSync(tests, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && isSuite(join(tests, entry.name)))
      .map((entry) => entry.name)
      .sort()
  : [];

function isSuite(folder: string): boolean {
  if (existsSync(join(folder, "vitest.config.ts"))) return false;
  return readdirSync(folder, { recursive: true }).some((file) => String(file).endsWith(".test.ts"));
}

// A file without a test fails its suite.
const ofServersOnly = ["test/*/mysql/**", "test/*/mysql.test.ts"];
const leftOut = serverEngines().length === 0 ? ofServersOnly : [];
if (leftOut.length > 0) {
  console.warn(`SESSIOND_TEST_ENGINES names no database server: ${leftOut.join(" and ")} are left out`);
}

export default defineConfig({
  test: {
    // Set here and not per suite: vitest has one pool of workers for all of them.
    maxWorkers: 2,
    projects: suites.map((name) => ({
      test: {
        name,
        environment: "node",
        pool: "forks",
        // Starts a database server only when a suite asks for one.
        globalSetup: "test/support/databases/global-setup.ts",
        include: [`test/${name}/**/*.test.ts`],
        exclude: [...configDefaults.exclude, ...leftOut],
        // For a busy machine: what is waited for comes, and what does not come is found all the same.
        testTimeout: 60_000,
        hookTimeout: 120_000,
        expect: { poll: { timeout: 20_000 } },
      },
    })),
  },
});
