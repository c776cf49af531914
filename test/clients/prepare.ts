/** Builds what stands on each language's side, against the client as its folder has it. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { install, here as typescriptClient } from "../../clients/typescript/tools/packages.ts";
import type { Language } from "./languages.ts";

const root = join(import.meta.dirname, "../..");
const cache = join(root, ".cache/clients");
const node = process.execPath;

/** A command with its environment. */
export interface Command {
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Gets the tools of a language's client, builds the program, and gives the command that starts it.
 * @throws Error that says what is missing on this machine
 */
export const prepare: Readonly<Record<Language, () => Promise<Command>>> = {
  async python() {
    const python = await call("python", "python_of", "adk-2.13.0");
    return {
      command: [python, "-W", "ignore", join(import.meta.dirname, "python/peer.py")],
      env: { PYTHONPATH: join(root, "clients/python/src"), PYTHONDONTWRITEBYTECODE: "1" },
    };
  },

  async go() {
    const missing = await call("go", "problem");
    if (missing !== "") throw new Error(missing);
    const program = join(cache, "go-peer");
    await run(["go", "build", "-o", program, "./internal/peer"], join(root, "clients/go"), {
      GOTOOLCHAIN: "local",
    });
    return { command: [program] };
  },

  async java() {
    const missing = await call("java", "toolchain");
    if (missing !== "") throw new Error(missing);
    await call("java", "fetch");
    const libraries = readFileSync(join(root, ".cache/clients-java/classpath.txt"), "utf8").trim();
    const sources = [
      ...globSync("clients/java/src/main/java/**/*.java", { cwd: root }),
      "test/clients/java/Peer.java",
    ].map((file) => join(root, file));
    const classes = join(cache, "java");
    const digest = digestOf([...sources.sort().map((file) => readFileSync(file, "utf8")), libraries]);
    const stamp = join(classes, "built");
    if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== digest) {
      rmSync(classes, { recursive: true, force: true });
      mkdirSync(classes, { recursive: true });
      const flags = ["-nowarn", "-proc:none", "--release", "17", "-d", classes, "-cp", libraries];
      await run(["javac", ...flags, ...sources], root);
      writeFileSync(stamp, digest);
    }
    // Half of the time to start goes into compiling for a run that is over before it would pay.
    const flags = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
    const path = [classes, join(root, "clients/java/src/main/resources"), libraries].join(delimiter);
    return { command: ["java", ...flags, "-cp", path, "Peer"] };
  },

  async typescript() {
    // A folder of its own: the client's tests build in theirs.
    const folder = join(cache, "typescript");
    await install(folder, typescriptClient);
    for (const name of ["dist", "src"]) rmSync(join(folder, name), { recursive: true, force: true });
    for (const name of ["tsconfig.json", "tsconfig.build.json", "src"]) {
      cpSync(join(typescriptClient, name), join(folder, name), { recursive: true });
    }
    for (const name of ["peer.ts", "tsconfig.peer.json"]) {
      cpSync(join(import.meta.dirname, "typescript", name), join(folder, name));
    }
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    await run([node, tsc, "-p", "tsconfig.build.json"], folder);
    await run([node, tsc, "-p", "tsconfig.peer.json"], folder);
    return { command: [node, "--disable-warning=ExperimentalWarning", join(folder, "peer.ts")] };
  },
};

/** What a function of the client's run-tests gives. */
async function call(client: string, name: string, ...args: readonly string[]): Promise<string> {
  const script = join(import.meta.dirname, "call.py");
  const file = join(root, "clients", client, "run-tests");
  return (await run(["python3", script, file, name, ...args], root)).trim();
}

/** Runs a command to its end, and gives what it printed on its standard output. */
function run(
  [command, ...args]: readonly [string, ...string[]],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.on("error", () =>
      reject(new Error(`there is no ${command}: CONTRIBUTING.md names what is needed`)),
    );
    child.on("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command} ended with ${code}:\n${(errors || out).slice(-4000)}`));
    });
  });
}

function digestOf(texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}
