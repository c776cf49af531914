/**
 * Packs the npm package as it would be published, installs it into an empty folder and runs its command.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capture, env, must, root } from "./lib.ts";

const wanted = [
  "package.json",
  "README.md",
  "LICENSE",
  "dist/src/main.js",
  "proto/sessiond/v1/session_service.proto",
];
const unwanted = /(^|\/)(node_modules|test|bench|\.cache|data)\/|\.tsbuildinfo$/;

const folder = mkdtempSync(join(tmpdir(), "sessiond-package-"));
try {
  const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string })
    .version;
  const packed = must("npm", ["pack", "--json", "--silent", "--pack-destination", folder]);
  // npm answers with a list of packages, or in newer versions with an object by name.
  const answer = Object.values(
    JSON.parse(packed.slice(packed.search(/^[[{]/m))) as Record<string, Packed>,
  )[0];
  if (!answer) throw new Error(`npm pack told of no package:\n${packed}`);
  const files = new Set(answer.files.map((file) => file.path));
  const problems = [
    ...wanted.filter((file) => !files.has(file)).map((file) => `lacks ${file}`),
    ...[...files].filter((file) => unwanted.test(file)).map((file) => `should not have ${file}`),
  ];
  if (problems.length > 0) throw new Error(`The package\n  ${problems.join("\n  ")}`);

  const app = join(folder, "app");
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), '{"name":"app","private":true}\n');
  must("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", join(folder, answer.filename)], {
    cwd: app,
  });
  const main = join(app, "node_modules/sessiond/dist/src/main.js");
  if (!readFileSync(main, "utf8").startsWith("#!/usr/bin/env node\n")) {
    throw new Error("src/main.ts has to begin with #!/usr/bin/env node, or the command does not run");
  }
  const told = must("node", [main, "--version"], { cwd: app });
  if (!told.includes(version))
    throw new Error(`sessiond --version says ${JSON.stringify(told)}, not ${version}`);
  await checkServer(main, app);
  if (capture("ls", [join(app, "node_modules/.bin/node")]).ok) {
    throw new Error("the package brings a Node of its own, which would become the application's");
  }
  console.log(`ok     ${answer.filename}: ${files.size} files, ${Math.round(answer.size / 1024)} kB, runs`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Starts the installed server on free ports and asks whether it is ready. @throws Error with what it printed */
async function checkServer(main: string, app: string): Promise<void> {
  const args = ["serve", "--store", "sqlite:sessiond.db", "--grpc-port", "0", "--http-port", "0"];
  const server = spawn("node", [main, ...args], { cwd: app, env, stdio: ["ignore", "pipe", "pipe"] });
  const late = setTimeout(() => server.kill("SIGKILL"), 30_000);
  let printed = "";
  const ended = once(server, "close");
  const started = Promise.withResolvers<string | undefined>();
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
      if (url !== undefined) started.resolve(url);
    });
  }
  void ended.then(() => started.resolve(undefined));
  const url = await started.promise;
  const ready = url === undefined ? undefined : await fetch(`${url}/readyz`);
  server.kill("SIGTERM");
  const [code] = await ended;
  clearTimeout(late);
  if (ready?.status !== 200 || code !== 0) {
    throw new Error(
      `the installed server does not start and stop (${ready?.status}, exit ${code}):\n${printed}`,
    );
  }
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}
