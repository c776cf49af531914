/** The Dockerfile and compose.yaml hold together with each other and with the settings. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ValidationSeverity, validate } from "dockerfile-utils";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import {
  contextFilter,
  environmentOf,
  execForm,
  instructionsOf,
  readDockerfile,
} from "../../scripts/dockerfile.ts";
import { loadConfig } from "../../src/config/load.ts";
import { readDocument, root } from "./markdown.ts";

const dockerfile = readDocument("Dockerfile");
const stages = readDockerfile(dockerfile);
const image = stages.at(-1) as (typeof stages)[number];
const scripts = JSON.parse(readDocument("package.json")).scripts as Record<string, string>;

describe("Dockerfile", () => {
  test("has nothing that its linter minds", () => {
    const strict = Object.fromEntries(
      ["deprecatedMaintainer", "directiveCasing", "emptyContinuationLine", "instructionCasing"]
        .concat(["instructionCmdMultiple", "instructionEntrypointMultiple", "instructionHealthcheckMultiple"])
        .concat(["instructionJSONInSingleQuotes", "instructionWorkdirRelative"])
        .map((rule) => [rule, ValidationSeverity.ERROR]),
    );
    expect(validate(dockerfile, strict)).toEqual([]);
  });

  test("names its base by version, the same in every stage", () => {
    expect(new Set(stages.map(({ base }) => base)).size).toBe(1);
    expect(image.base).toMatch(/^node:24\.\d+\.\d+-\w+-slim$/);
  });

  test("copies only what .dockerignore lets through, and that exists", () => {
    const keep = contextFilter(readDocument(".dockerignore"));
    const sources = stages
      .flatMap((stage) => instructionsOf(stage, "COPY"))
      .filter(({ flags }) => !flags.some((flag) => flag.startsWith("--from=")))
      .flatMap(({ text }) => text.split(" ").slice(0, -1));
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((source) => !keep(source) || !existsSync(join(root, source)))).toEqual([]);
  });

  test("keeps secrets and what is installed here from the builder", () => {
    const keep = contextFilter(readDocument(".dockerignore"));
    const paths = [
      ".env",
      ".git/config",
      "data/sessiond.db",
      "node_modules/pino/package.json",
      "test/home/image.test.ts",
    ];
    expect(paths.filter(keep)).toEqual([]);
    expect(keep("tools/node/node_modules/x/package.json")).toBe(false);
  });

  test("runs npm scripts that exist", () => {
    const runs = stages.flatMap((stage) => instructionsOf(stage, "RUN")).map(({ text }) => text);
    const named = runs.flatMap((text) => [...text.matchAll(/npm run (\S+)/g)].map(([, name = ""]) => name));
    expect(named).not.toEqual([]);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("ends in a server without rights that can be stopped and asked", () => {
    expect(instructionsOf(image, "USER").map(({ text }) => text)).toEqual(["node"]);
    expect(instructionsOf(image, "STOPSIGNAL")[0]?.text).toBe("SIGTERM");
    expect(instructionsOf(image, "EXPOSE")[0]?.text).toBe("50051 8080");
    expect(execForm(instructionsOf(image, "HEALTHCHECK")[0])).toEqual(["node", "healthcheck.mjs"]);
    const command = [instructionsOf(image, "ENTRYPOINT")[0], instructionsOf(image, "CMD")[0]].flatMap(
      execForm,
    );
    expect(command).toEqual(["node", "dist/src/main.js", "serve"]);
  });

  test("sets what the server knows, and leaves the insecure flag to people", () => {
    const environment = Object.fromEntries(environmentOf(image));
    expect(() => loadConfig([], environment)).toThrow("--insecure-no-auth");
    const config = loadConfig([], { ...environment, SESSIOND_INSECURE_NO_AUTH: "true" });
    expect(config).toMatchObject({ store: "sqlite:/data/sessiond.db", grpcPort: 50051, httpPort: 8080 });
  });
});

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly read_only?: boolean;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
}

describe("compose.yaml", () => {
  const document = parseDocument(readDocument("compose.yaml"), { strict: true, uniqueKeys: true });
  const { services } = document.toJS() as { services: Record<"sessiond" | "mysql", Service> };
  const { sessiond, mysql } = services;

  test("is YAML", () => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
  });

  test("starts the server with settings that it knows", () => {
    const environment = { ...Object.fromEntries(environmentOf(image)), ...sessiond.environment };
    const [command, ...args] = sessiond.command;
    expect(command).toBe("serve");
    const config = loadConfig(args, environment);
    expect(config.store).toMatch(/^mysql:\/\/sessiond:.*@mysql:3306\/sessiond$/);
    expect(Number.parseInt(sessiond.stop_grace_period ?? "", 10) * 1_000).toBeGreaterThan(
      config.shutdownGrace,
    );
  });

  test("waits for MySQL 9 to be well, and is reached from this machine only", () => {
    expect(mysql.image).toMatch(/^mysql:9\.\d+$/);
    expect(mysql.healthcheck?.test.join(" ")).toContain("mysqladmin");
    expect(sessiond.depends_on?.["mysql"]).toEqual({ condition: "service_healthy" });
    expect(sessiond.read_only).toBe(true);
    expect(sessiond.ports).toEqual(["127.0.0.1:50051:50051", "127.0.0.1:8080:8080"]);
    expect(mysql.ports).toBeUndefined();
  });

  test("takes its secrets from outside", () => {
    const secrets = Object.values(services).flatMap(({ environment }) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|STORE/.test(name)),
    );
    expect(secrets.length).toBe(3);
    for (const [, value] of secrets) expect(value).toMatch(/\$\{MYSQL_(ROOT_)?PASSWORD:\?/);
  });
});
