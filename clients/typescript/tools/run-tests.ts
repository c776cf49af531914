/**
 * Tests the TypeScript client as a user has it: built and packed, with the newest ADK and Node, with the oldest, and
 * installed into an empty project. What it needs is installed below .cache/clients-typescript, and again only when a
 * lock file has changed. The last line is `N passed, N failed`; the exit code is 1 when anything failed.
 *
 * Arguments: --report FILE writes the results as JUnit XML; --only WORD runs the test files whose name has the word;
 * --name PATTERN the tests whose name matches. --pack FOLDER only builds the package, and puts it there.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Server } from "../test/support/server.ts";
import { bundles } from "./bundles.ts";
import {
  copySources,
  here,
  install,
  newest,
  node,
  npm,
  oldest,
  oldestNode,
  root,
  run,
  tsc,
} from "./packages.ts";
import { Results } from "./results.ts";

const { values: options } = parseArgs({
  options: {
    report: { type: "string" },
    only: { type: "string", default: "" },
    name: { type: "string" },
    pack: { type: "string" },
  },
});

/** What is about ADK's contract, and runs with the oldest too; the rest has nothing to do with ADK's version. */
const contract = ["append", "conversion", "runner", "sessions", "state"];
const limitSeconds = 180;

const results = new Results();
const folder = mkdtempSync(join(tmpdir(), "sessiond-ts-run-"));
/** An empty project that the package is installed into; not in the checkout, whose packages it would find. */
const empty = join(folder, "empty");

async function build(): Promise<string> {
  copySources();
  await run(node, [tsc, "-p", "tsconfig.build.json"], { cwd: newest });
  await run(node, [tsc, "-p", "tsconfig.test.json"], { cwd: newest });
  await npm(["pack", "--pack-destination", folder], newest);
  const packed = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (packed === undefined) throw new Error("npm pack wrote no package");
  return join(folder, packed);
}

/** Puts the package, as it was packed, and the tests beside the oldest of what it needs. */
async function intoOldest(packed: string): Promise<void> {
  const place = join(oldest, "node_modules/sessiond-client");
  const folders = ["test", "examples"];
  for (const old of [place, ...folders.map((name) => join(oldest, name))]) {
    rmSync(old, { recursive: true, force: true });
  }
  mkdirSync(place);
  await run("tar", ["-xzf", packed, "-C", place, "--strip-components", "1"], { cwd: oldest });
  for (const name of folders) cpSync(join(newest, name), join(oldest, name), { recursive: true });
}

/** Checks the types of programs that have the oldest ADK. */
async function typesWithOldest(): Promise<void> {
  const extended = { extends: join(newest, "tsconfig.json") };
  const compilerOptions = { noEmit: true };
  const files = [
    "examples/conversation.ts",
    "test/append.test.ts",
    "test/runner.test.ts",
    "test/state.test.ts",
  ];
  writeFileSync(join(oldest, "tsconfig.json"), JSON.stringify({ ...extended, compilerOptions, files }));
  await run(node, [tsc, "-p", "."], { cwd: oldest });
}

/** Installs the package with npm, as a user does, and uses what needs no ADK. */
async function intoEmpty(packed: string, target: string, url: string): Promise<void> {
  mkdirSync(empty);
  writeFileSync(join(empty, "package.json"), '{ "private": true, "type": "module" }\n');
  await npm(["install", "--no-package-lock", packed], empty);
  for (const file of ["plain.ts", "tsconfig.json"]) cpSync(join(here, "test/empty", file), join(empty, file));
  await run(node, [tsc, "-p", "."], { cwd: empty });
  await run(oldestNode(), ["plain.js", target, url], { cwd: empty });
}

async function test(
  name: string,
  cwd: string,
  runner: string,
  server: Server,
  files: string[],
): Promise<void> {
  const report = join(folder, `${name}.jsonl`);
  const reporters = ["spec", "stdout", join(here, "tools/reporter.mjs"), report].flatMap((value, index) => [
    index % 2 === 0 ? "--test-reporter" : "--test-reporter-destination",
    value,
  ]);
  const pattern = options.name === undefined ? [] : ["--test-name-pattern", options.name];
  const start = performance.now();
  const problem = await run(
    runner,
    [
      "--test",
      // A test that failed may leave a tail or a server open, which would keep its file's process alive.
      "--test-force-exit",
      "--test-concurrency=2",
      `--test-timeout=${limitSeconds * 1000}`,
      ...reporters,
      ...pattern,
      ...files,
    ],
    {
      cwd,
      env: { SESSIOND_TEST_ROOT: root, SESSIOND_TEST_TARGET: server.target, SESSIOND_TEST_URL: server.url },
    },
  ).then(
    () => undefined,
    (error: Error) => error.message,
  );
  results.run(name, report, problem);
  const verdict = problem === undefined ? "ok    " : "FAILED";
  console.log(
    `${verdict} ${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  tests with the ${name}`,
  );
}

async function main(): Promise<void> {
  await run("npm", ["--version"], { cwd: here }).catch(() => {
    throw new Error("needs npm on PATH, which comes with Node (20 or newer)");
  });
  if (options.pack !== undefined) {
    const to = resolve(options.pack);
    await install(newest, here);
    await results.step("build and pack", async () => {
      const packed = await build();
      cpSync(packed, join(to, basename(packed)));
    });
    return;
  }
  await Promise.all([install(newest, here), install(oldest, join(here, "oldest"), "--legacy-peer-deps")]);
  let packed = "";
  const whole = options.only === "" && options.name === undefined;
  if (whole) {
    await results.step("format and lint", async () => {
      await run("biome", ["check", "clients/typescript"], { cwd: root });
    });
  }
  const built = await results.step("build, types of the tests, pack", async () => {
    packed = await build();
  });
  if (!built) return;

  process.env["SESSIOND_TEST_ROOT"] = root;
  const { Server } = await import("../test/support/server.ts");
  const server = await Server.start();
  try {
    await intoOldest(packed);
    const files = readdirSync(join(newest, "test")).filter(
      (name) => name.endsWith(".test.js") && name.includes(options.only),
    );
    if (files.length === 0) throw new Error(`no test file has ${JSON.stringify(options.only)} in its name`);
    const old = files.filter((name) => contract.some((word) => name.startsWith(`${word}.`)));
    const paths = (names: readonly string[]) => names.map((name) => join("test", name));
    await test("newest", newest, node, server, paths(files));
    if (old.length > 0) await test("oldest", oldest, oldestNode(), server, paths(old));
    if (whole) {
      await results.step("types with the oldest ADK", typesWithOldest);
      await results.step("install into an empty project", () => intoEmpty(packed, server.target, server.url));
      await results.step("bundles for browsers", () => bundles(empty));
    }
  } finally {
    await server.stop();
  }
}

try {
  await main();
} catch (error) {
  await results.step("set-up", () => Promise.reject(error));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.report !== undefined) results.write(options.report);
for (const failure of results.failures) console.log(`\nfailed: ${failure}`);
const { passed, failed, skipped } = results.counts;
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed === 0 ? 0 : 1;
