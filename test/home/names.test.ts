/** Commands, settings and reasons that the documents name exist, and the other way round. */
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { showBytes } from "../../src/config/knob.ts";
import { defaultLimits } from "../../src/config/limits.ts";
import { loadConfig } from "../../src/config/load.ts";
import { flagOf, knobs, variableOf } from "../../src/config.ts";
import { reasonRules } from "../../src/rpc/reasons.ts";
import { dialectOf } from "../../src/store/mysql/dialect.ts";
import { blocksOf, documents, readDocument, tableBelow } from "./markdown.ts";

const scripts = JSON.parse(readDocument("package.json")).scripts as Record<string, string>;
const settings = Object.keys(knobs);
/** Written by hand; the others are generated. */
const written = documents().filter(
  (path) => !["docs/api.md", "docs/bad-input.md", "docs/configuration.md"].includes(path),
);

test("README shows the two commands on its first screen", () => {
  const screen = readDocument("README.md").split("\n").slice(0, 24).join("\n");
  expect(screen).toContain("npm ci && npm start");
  expect(screen).toContain("npm ci && npm test");
});

test.each(written)("npm scripts that %s names exist", (path) => {
  const named = [...readDocument(path).matchAll(/\bnpm (?:run ([a-z:-]+)|(start|test)\b)/g)];
  const unknown = named.map(([, run, short]) => run ?? short ?? "").filter((name) => !(name in scripts));
  expect(unknown).toEqual([]);
});

test.each([...written, "Dockerfile", "compose.yaml"])("settings that %s names exist", (path) => {
  const named = readDocument(path).match(/\bSESSIOND_[A-Z_]*[A-Z]\b/g) ?? [];
  const known = new Set(settings.map(variableOf));
  // Variables of the test suites share the prefix; their own code checks them.
  expect(named.filter((name) => !name.startsWith("SESSIOND_TEST_") && !known.has(name))).toEqual([]);
});

test.each([
  "README.md",
  "docs/observability.md",
  "docs/operations.md",
  "docs/which-store.md",
  "docs/protocol.md",
])("flags of sessiond that %s names in its prose exist", (path) => {
  const named = [...readDocument(path).matchAll(/`(--[a-z-]+)[^`]*`/g)].map(([, flag = ""]) => flag);
  // Of commands, not settings; --session_service_uri is ADK's and has no match here.
  const others = ["--dry-run", "--help", "--single-transaction", "--build", "--session", "--json"];
  const known = [...settings.map(flagOf), ...settings.map((name) => flagOf(name).replace("--", "--no-"))];
  expect(named.filter((flag) => ![...known, ...others].includes(flag))).toEqual([]);
});

const starts = written.flatMap((path) =>
  blocksOf(readDocument(path)).flatMap(({ code }) =>
    [...code.matchAll(/(?:npm start --|sessiond serve) +(--[^#\n]*)/g)].map(([, line = ""]) => ({
      path,
      line,
    })),
  ),
);

test("the documents show how to start with settings", () => {
  expect(starts).not.toEqual([]);
});

test.each(starts)("$path: a server starts with $line", ({ line }) => {
  expect(() => loadConfig(line.trim().split(/\s+/), {})).not.toThrow();
});

describe("docs/protocol.md", () => {
  const text = readDocument("docs/protocol.md");

  test("has every error reason with its code", () => {
    const told = new Map(tableBelow(text, "Errors").map(([reason, code]) => [reason, code]));
    const rules = Object.entries(reasonRules).map(([reason, { code }]) => [reason, canonical(code)]);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(rules));
  });

  test("has the limits as they are", () => {
    const limits = tableBelow(text, "Limits").map(([what = "", limit = ""]) => `${what}: ${limit}`);
    const size = (bytes: number) => showBytes(bytes).replace(/(\d)([A-Z])/, "$1 $2");
    const count = (value: number) => value.toLocaleString("en-US");
    const expected = [
      `an event, the bytes of its texts: ${size(defaultLimits.maxEventBytes)}`,
      `a message, so also a batch, on the wire: ${size(defaultLimits.maxMessageBytes)}; an answer in JSON six times as much`,
      `events of a batch: ${count(defaultLimits.maxBatchEvents)}`,
      `nesting of a JSON text: ${defaultLimits.maxJsonDepth} levels`,
      `keys that a delta sets and removes: ${count(defaultLimits.maxDeltaKeys)}`,
      `a state key with its prefix: 0 to ${defaultLimits.maxStateKeyBytes} bytes`,
      `a frame of events: ${size(defaultLimits.frameBytes)} unless one event is larger`,
      `appends waiting for a commit: ${count(defaultLimits.appendQueueCalls)}, or ${size(defaultLimits.appendQueueBytes)}`,
      `calls and streams at once: ${count(knobs.maxConcurrentCalls.fallback)} and ${count(knobs.maxConcurrentStreams.fallback)}`,
    ];
    expect(limits).toEqual(expect.arrayContaining(expected));
  });
});

test("docs/which-store.md names the oldest servers that are taken", () => {
  const rows = new Map(
    readDocument("docs/which-store.md")
      .matchAll(/^\| ([^|]+) \| (.*) \|$/gm)
      .map(([, name, rest]) => [name, rest]),
  );
  expect(rows.get("oldest version")).toBe("built in | 8.0.17 | 10.5");
  for (const version of ["8.0.17", "10.5.0-MariaDB"]) expect(() => dialectOf(version)).not.toThrow();
  for (const version of ["8.0.16", "10.4.34-MariaDB"]) expect(() => dialectOf(version)).toThrow(/newer/);
});

test("every method is in docs/api.md", () => {
  const text = readDocument("docs/api.md");
  const missing = SessionService.methods.filter((method) => !text.includes(`\n### ${method.name}\n`));
  expect(missing.map((method) => method.name)).toEqual([]);
});

/** A code as gRPC spells it: INVALID_ARGUMENT. */
function canonical(code: Code): string {
  if (code === Code.Canceled) return "CANCELLED";
  return (Code[code] as string).replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}
