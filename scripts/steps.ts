/** One step of `npm test`. Steps run one after another, and all of them run whatever fails. */
export interface Step {
  /** Shown as the heading; `npm test -- WORD ...` runs the steps whose name has one of the words. */
  readonly name: string;
  /** The command, started in the root with node_modules/.bin first on PATH. */
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /**
   * How tests are counted. `exit`: the step is one test. `vitest` and `junit`: the command writes the report of that
   * kind to the file that `{report}` in its arguments stands for.
   */
  readonly count: "exit" | "vitest" | "junit";
  /** After this long the step is ended and has failed; 10 minutes when left out. */
  readonly minutes?: number;
}

/** A step that runs one of our TypeScript files and is one test. */
function script(name: string, file: string, ...args: string[]): Step {
  return { name, command: ["node", `scripts/${file}`, ...args], count: "exit" };
}

/** All steps, the quick ones first. Add yours here. */
export const steps: readonly Step[] = [
  { name: "format and lint", command: ["biome", "check", "."], count: "exit" },
  script("lock file", "check-lock.ts"),
  { name: "types", command: ["tsc", "--noEmit"], count: "exit" },
  { name: "types of the viewer", command: ["tsc", "-p", "viewer/tsconfig.json"], count: "exit" },
  { name: "types of its tests", command: ["tsc", "-p", "test/browser/tsconfig.json"], count: "exit" },
  script("proto lint and breaking changes", "lint-proto.ts"),
  script("generated code is current", "gen.ts", "--check"),
  script("table of bad input is current", "docs-bad-input.ts", "--check"),
  script("table of clients is current", "docs-clients.ts", "--check"),
  script("configuration reference is current", "docs-config.ts", "--check"),
  {
    // One run for all suites (a suite is a folder below test/), so that they share the database servers.
    name: "vitest",
    command: [
      "node",
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter=default",
      "--reporter=json",
      "--outputFile.json={report}",
    ],
    count: "vitest",
    minutes: 45,
  },
  script("python stubs on the oldest and newest protobuf", "check-python-stubs.ts"),
  {
    name: "python client",
    command: ["python3", "clients/python/run-tests", "--report", "{report}"],
    count: "junit",
    minutes: 20,
  },
  {
    name: "go client",
    command: ["python3", "clients/go/run-tests", "--report", "{report}"],
    count: "junit",
    minutes: 20,
  },
  {
    name: "java client",
    command: ["python3", "clients/java/run-tests", "--report", "{report}"],
    count: "junit",
    minutes: 20,
  },
  {
    name: "typescript client",
    command: ["clients/typescript/run-tests", "--report", "{report}"],
    count: "junit",
    minutes: 15,
  },
  {
    // After the clients' own steps, which install what each needs.
    name: "clients together",
    command: [
      "node",
      "node_modules/vitest/vitest.mjs",
      "run",
      "--config=test/clients/vitest.config.ts",
      "--reporter=default",
      "--reporter=json",
      "--outputFile.json={report}",
    ],
    count: "vitest",
    minutes: 20,
  },
  script("package", "check-package.ts"),
  script("image without Docker", "check-image.ts"),
];
