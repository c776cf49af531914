import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { flagForms, markdownReference, serveHelp } from "../../src/cli/help.ts";
import type { Knob } from "../../src/config/knob.ts";
import { defaultLimits } from "../../src/config/limits.ts";
import { loadConfig } from "../../src/config/load.ts";
import { UsageError } from "../../src/config/usage.ts";
import { type Config, configWith, type KnobName, knobs, limitsOf, variableOf } from "../../src/config.ts";

const names = Object.keys(knobs) as KnobName[];

describe("settings", () => {
  test("have their defaults where nothing is said, and these pass every check", () => {
    expect(loadConfig([], {})).toEqual(configWith());
    expect(limitsOf(configWith())).toEqual(defaultLimits);
  });

  test("have the numbers that the contract and the documents promise", () => {
    expect(configWith()).toMatchObject({
      store: "sqlite:data/sessiond.db",
      host: "127.0.0.1",
      grpcPort: 50051,
      httpPort: 8080,
      maxEventBytes: 16_777_216,
      maxMessageBytes: 17_825_792,
      maxJsonDepth: 200,
      maxDeltaKeys: 10_000,
      maxStateKeyBytes: 512,
      maxBatchEvents: 1_000,
      maxPageSize: 1_000,
      defaultPageSize: 50,
      defaultEventsPageSize: 100,
      pageBytes: 1_048_576,
      frameBytes: 262_144,
      streamBytesInFlight: 262_144,
    } satisfies Partial<Config>);
  });

  test.each(names)("%s: its default is written so that it is read back", (name) => {
    const knob = knobs[name] as Knob<unknown>;
    if (!knob.many) expect(knob.parse(knob.show(knob.fallback))).toEqual(knob.fallback);
  });

  test("come from flags before variables, from variables before defaults", () => {
    const variables = {
      SESSIOND_GRPC_PORT: "1",
      SESSIOND_HTTP_PORT: "2",
      SESSIOND_LOG_IDS: "",
      PATH: "/bin",
    };
    const config = loadConfig(["--grpc-port=3"], variables);
    expect(config).toMatchObject({ grpcPort: 3, httpPort: 2, logIds: "hashed" });
  });

  test("are read in every form", () => {
    const args = ["--max-event-bytes", "8MiB", "--shutdown-grace=90s", "--no-migrate", "--require-durable"];
    const lists = ["--allow-origin", "http://a.test", "--allow-origin", "http://b.test,https://c.test:8443"];
    const config = loadConfig([...args, ...lists, "--deadlines", "AppendEvent=5s,ListApps=1m"], {});
    expect(config).toMatchObject({
      maxEventBytes: 8 * 1024 * 1024,
      shutdownGrace: 90_000,
      migrate: false,
      requireDurable: true,
      allowOrigin: ["http://a.test", "http://b.test", "https://c.test:8443"],
    });
    expect(config.deadlines.get("AppendEvent")).toBe(5_000);
    expect(config.deadlines.get("ListApps")).toBe(60_000);
    expect(config.deadlines.get("GetSession")).toBe(10_000);
  });

  test("of the test suites are left alone", () => {
    expect(() => loadConfig([], { SESSIOND_TEST_MYSQL: "mysql://x" })).not.toThrow();
  });
});

describe("a mistake is named", () => {
  test.each<[string[], Record<string, string>, RegExp]>([
    [["--grpc-prot", "1"], {}, /unknown flag --grpc-prot \(did you mean --grpc-port\?\)/],
    [["-p", "1"], {}, /unknown flag -p/],
    [["--no-grpc-port"], {}, /unknown flag --no-grpc-port/],
    [["serve"], {}, /unexpected argument "serve"/],
    [["--grpc-port"], {}, /--grpc-port needs a value/],
    [["--store", "--no-migrate"], {}, /--store needs a value/],
    [["--grpc-port", "x"], {}, /--grpc-port is a whole number, not "x"/],
    [["--grpc-port", "65536"], {}, /--grpc-port is between 0 and 65535/],
    [["--grpc-port", "1", "--grpc-port", "2"], {}, /--grpc-port contradicts an earlier --grpc-port/],
    [["--no-migrate=x"], {}, /--no-migrate takes no value/],
    [["--migrate=perhaps"], {}, /--migrate is true or false/],
    [["--log-level", "loud"], {}, /--log-level is one of trace, debug/],
    [["--max-event-bytes", "5 apples"], {}, /--max-event-bytes is a size/],
    [["--shutdown-grace", "10"], {}, /--shutdown-grace is a time/],
    [["--deadlines", "Nothing=5s"], {}, /--deadlines names methods: CreateSession/],
    [["--deadlines", "AppendEvent=0"], {}, /--deadlines AppendEvent=0 must be between/],
    [
      ["--deadlines", "AppendEvent=2m"],
      {},
      /--deadlines AppendEvent=2m must be between 1ms and --max-deadline \(1m\)/,
    ],
    [["--allow-origin", "*"], {}, /--allow-origin is an exact origin/],
    [["--allow-origin", "https://a.test/"], {}, /--allow-origin is an exact origin/],
    [["--host", "example.com"], {}, /--host is an IP address or localhost/],
    [["--host", "0.0.0.0"], {}, /--host 0\.0\.0\.0 .*--insecure-no-auth/],
    [["--host", "::"], {}, /--insecure-no-auth/],
    [["--tls-cert", "a"], {}, /--tls-cert and --tls-key belong together/],
    [["--grpc-port", "7", "--http-port", "7"], {}, /--grpc-port and --http-port are both 7/],
    [["--max-event-bytes", "17MiB"], {}, /--max-message-bytes \(17MiB\).*--max-event-bytes \(17MiB\)/],
    [["--default-page-size", "2000"], {}, /--default-page-size \(2000\).*--max-page-size \(1000\)/],
    [["--frame-bytes", "2MiB"], {}, /--frame-bytes \(2MiB\).*--stream-bytes-in-flight \(256KiB\)/],
    [[], { SESSIOND_GRPC_PROT: "1" }, /SESSIOND_GRPC_PROT \(did you mean SESSIOND_GRPC_PORT\?\)/],
    [[], { SESSIOND_GRPC_PORT: "x" }, /SESSIOND_GRPC_PORT is a whole number, not "x"/],
  ])("%j %j", (args, variables, message) => {
    expect(() => loadConfig(args, variables)).toThrow(UsageError);
    expect(() => loadConfig(args, variables)).toThrow(message);
  });

  test("beyond loopback the explicit flag is enough", () => {
    expect(loadConfig(["--host", "0.0.0.0", "--insecure-no-auth"], {}).host).toBe("0.0.0.0");
    expect(loadConfig(["--host", "127.1.2.3"], {}).host).toBe("127.1.2.3");
  });
});

describe("the reference", () => {
  test("names every flag and variable, in --help and in docs/configuration.md", () => {
    const help = serveHelp();
    const reference = readFileSync(join(import.meta.dirname, "../../docs/configuration.md"), "utf8");
    for (const name of names) {
      expect(help).toContain(flagForms(name));
      expect(reference).toContain(variableOf(name));
    }
    expect(reference).toContain(markdownReference());
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);
  });
});
