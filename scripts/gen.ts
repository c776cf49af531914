/**
 * Fills gen/ and the clients' stubs from proto/: `npm run gen`. With --check it only compares, and fails
 * when what is in the checkout is not what the proto files give.
 *
 * The plugins are pinned and live under .cache/gen; they are installed again only when a pin changes.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { findPython, inGit, must, root, venvPython } from "./lib.ts";

const cache = join(root, ".cache/gen");
const out = join(cache, "out");

/** The Maven pins, kept with the pom that compiles what they generate. */
const pom = join(root, "clients/java/pom.xml");

/** One generated folder of the checkout, which holds nothing but generated files. */
interface Target {
  readonly folder: string;
  readonly from: string;
  /** Files that belong there besides what the plugins write. */
  readonly extra?: Map<string, string>;
}

const stubs = "# Generated from proto/ by `npm run gen`.\n";
const targets: readonly Target[] = [
  { folder: "gen/ts", from: "ts" },
  {
    folder: "gen/python/sessiond",
    from: "python/sessiond",
    extra: new Map([
      ["__init__.py", stubs],
      ["v1/__init__.py", stubs],
      ["py.typed", ""],
    ]),
  },
  { folder: "gen/go", from: "go" },
  { folder: "gen/java", from: "java" },
  // Each client carries its own, so that it installs by itself.
  {
    folder: "clients/python/src/sessiond/v1",
    from: "python/sessiond/v1",
    extra: new Map([["__init__.py", stubs]]),
  },
  { folder: "clients/typescript/src/gen/sessiond", from: "ts/sessiond" },
  { folder: "clients/typescript/src/gen/google", from: "ts/google" },
  { folder: "clients/go/sessiond/v1", from: "go/sessiond/v1" },
  { folder: "clients/java/src/main/java/dev/sessiond/v1", from: "java/dev/sessiond/v1" },
];

/** Runs `install` unless it has run before with the same key. */
function cached(name: string, key: string, install: () => void): void {
  const stamp = join(cache, `${name}.stamp`);
  const digest = createHash("sha256").update(`${process.platform} ${process.arch}\n${key}`).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  console.log(`installing the ${name} generators into .cache/gen ...`);
  rmSync(stamp, { force: true });
  install();
  writeFileSync(stamp, digest);
}

function pinned(property: string): string {
  const found = new RegExp(`<${property}>([^<]+)</${property}>`).exec(readFileSync(pom, "utf8"));
  if (!found?.[1]) throw new Error(`clients/java/pom.xml has no property ${property}`);
  return found[1];
}

/** The platform as Maven's protoc artifacts spell it. */
function mavenClassifier(): string {
  const os = { linux: "linux", darwin: "osx", win32: "windows" }[process.platform as string];
  // Windows on ARM runs the x86_64 build; there is no other.
  const cpu = os === "windows" ? "x86_64" : { x64: "x86_64", arm64: "aarch_64" }[process.arch as string];
  if (!os || !cpu)
    throw new Error(`there is no protoc for ${process.platform} ${process.arch} on Maven Central`);
  return `${os}-${cpu}`;
}

function installTools(): void {
  mkdirSync(join(cache, "bin"), { recursive: true });

  const requirements = join(root, "tools/python/requirements.txt");
  cached("Python", readFileSync(requirements, "utf8"), () => {
    const venv = join(cache, "python");
    rmSync(venv, { recursive: true, force: true });
    must(findPython(), ["-m", "venv", venv]);
    must(venvPython(venv), ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", "-r", requirements]);
  });

  const goTools = join(root, "tools/go");
  const goKey = ["go.mod", "go.sum"].map((file) => readFileSync(join(goTools, file), "utf8")).join("\n");
  cached("Go", goKey, () => {
    must("go", ["build", "-o", `${join(cache, "bin")}/`, "tool"], { cwd: goTools });
  });

  const protoc = pinned("protoc.version");
  const grpc = pinned("protoc-gen-grpc-java.version");
  cached("Java", `${protoc} ${grpc}`, () => {
    const classifier = mavenClassifier();
    const wanted = [
      { group: "com.google.protobuf", artifact: "protoc", version: protoc },
      { group: "io.grpc", artifact: "protoc-gen-grpc-java", version: grpc },
    ];
    for (const { group, artifact, version } of wanted) {
      const folder = join(cache, "maven");
      must("mvn", [
        "-q",
        "-B",
        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
        `-Dartifact=${group}:${artifact}:${version}:exe:${classifier}`,
        `-DoutputDirectory=${folder}`,
      ]);
      const exe = join(cache, "bin", artifact);
      copyFileSync(join(folder, `${artifact}-${version}-${classifier}.exe`), exe);
      chmodSync(exe, 0o755);
    }
  });
}

function walk(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((file) => !file.includes("__pycache__/") && file !== ".DS_Store")
    .sort();
}

/** What a target should hold, by path below its folder. */
function expected(target: Target): Map<string, string> {
  const files = new Map(target.extra);
  const from = join(out, target.from);
  for (const file of walk(from)) files.set(file, readFileSync(join(from, file), "utf8"));
  return files;
}

function generate(): void {
  installTools();
  rmSync(out, { recursive: true, force: true });
  for (const folder of ["ts", "python", "go", "java"]) mkdirSync(join(out, folder), { recursive: true });
  must("buf", ["generate", "--template", "buf.gen.yaml"]);
  must("buf", ["generate", "--template", "buf.gen.rpc.yaml"]);
}

/** Lists how the checkout differs from what was generated, one line for each file. */
function differences(): string[] {
  const found: string[] = [];
  const tracked = inGit() ? new Set(must("git", ["ls-files", "-z"]).split("\0")) : undefined;
  for (const target of targets) {
    const files = expected(target);
    const have = new Set(walk(join(root, target.folder)));
    for (const [file, text] of files) {
      const path = `${target.folder}/${file}`;
      if (!have.has(file)) found.push(`missing:   ${path}`);
      else if (readFileSync(join(root, path), "utf8") !== text) found.push(`differs:   ${path}`);
      else if (tracked && !tracked.has(path)) found.push(`untracked: ${path}`);
    }
    for (const file of have) if (!files.has(file)) found.push(`stale:     ${target.folder}/${file}`);
  }
  return found;
}

function write(): number {
  let changed = 0;
  for (const target of targets) {
    const files = expected(target);
    for (const file of walk(join(root, target.folder))) {
      if (files.has(file)) continue;
      rmSync(join(root, target.folder, file));
      changed += 1;
    }
    for (const [file, text] of files) {
      const path = join(root, target.folder, file);
      if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      changed += 1;
    }
  }
  return changed;
}

try {
  generate();
  if (process.argv.includes("--check")) {
    const found = differences();
    if (found.length > 0) {
      console.error(
        `The generated files are not what proto/ gives:\n${found.map((line) => `  ${line}`).join("\n")}`,
      );
      console.error('Run "npm run gen" and commit what it changes (git add the untracked ones).');
      process.exitCode = 1;
    } else console.log("The generated files are what proto/ gives.");
  } else {
    const changed = write();
    console.log(
      changed === 0 ? "gen: nothing changed" : `gen: ${changed} file${changed === 1 ? "" : "s"} changed`,
    );
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
