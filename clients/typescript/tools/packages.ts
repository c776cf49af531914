/** The folders below .cache/clients-typescript that the client is built and tested in. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The client's folder. */
export const here = join(import.meta.dirname, "..");
/** The checkout. */
export const root = join(here, "../..");
const cache = join(root, ".cache/clients-typescript");
const bin = join(root, "node_modules/.bin");

/** Where the client is built, and tested with the newest of everything. */
export const newest = join(cache, "newest");
/** Where it is tested with the oldest. */
export const oldest = join(cache, "oldest");
/** Node 24, which runs this. */
export const node = process.execPath;
/** The checkout's compiler. */
export const tsc = join(root, "node_modules/typescript/bin/tsc");

/**
 * Runs a command to its end and gives what it printed.
 * @throws Error with the command and what it printed, when it fails
 */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const path = [bin, process.env["PATH"] ?? ""].join(delimiter);
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, PATH: path, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
      });
    }
    child.on("error", (error) => reject(new Error(`${command} cannot be started: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(printed);
      else
        reject(new Error(`${[command, ...args].join(" ")} ended with ${signal ?? code}:\n${printed.trim()}`));
    });
  });
}

/** npm, with this checkout's settings: lock files that name no host, nothing that asks the registry for more. */
export function npm(args: readonly string[], cwd: string): Promise<string> {
  return run("npm", [...args, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"], { cwd });
}

/** Installs what a lock file names, if that has changed since. */
export async function install(folder: string, from: string, ...flags: readonly string[]): Promise<void> {
  const files = ["package.json", "package-lock.json"] as const;
  const texts = files.map((file) => readFileSync(join(from, file), "utf8"));
  const digest = createHash("sha256")
    .update(JSON.stringify([process.platform, process.arch, texts]))
    .digest("hex");
  const stamp = join(folder, "installed");
  const isThere = existsSync(stamp) && existsSync(join(folder, "node_modules"));
  if (isThere && readFileSync(stamp, "utf8") === digest) return;
  console.log(`installing ${from.slice(root.length + 1)}/package-lock.json ...`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const file of files) cpSync(join(from, file), join(folder, file));
  await npm(["ci", ...flags], folder);
  writeFileSync(stamp, digest);
}

/** Puts the client's files where they are built, in place of what was there. */
export function copySources(): void {
  rmSync(join(newest, "dist"), { recursive: true, force: true });
  const names = readdirSync(here).filter(
    (name) => !["node_modules", "dist", "oldest", "bench"].includes(name),
  );
  for (const name of names.filter((each) => each !== "package-lock.json")) {
    rmSync(join(newest, name), { recursive: true, force: true });
    cpSync(join(here, name), join(newest, name), { recursive: true });
  }
}

/** The Node that the oldest packages are tested with. */
export function oldestNode(): string {
  const windows = process.platform === "win32";
  const found = readdirSync(join(oldest, "node_modules"))
    .filter((name) => /^node-(bin-)?(darwin|linux|win)/.test(name))
    .map((name) => join(oldest, "node_modules", name, "bin", windows ? "node.exe" : "node"))
    .find(existsSync);
  if (found === undefined)
    throw new Error(`oldest/package.json has no Node for ${process.platform} ${process.arch}`);
  return found;
}
