/**
 * Checks proto/: `npm run lint:proto`. Style and comments, formatting, and that nothing breaks the contract of main
 * and of the newest release.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture, inGit, must, root } from "./lib.ts";

let failed = false;

function check(title: string, args: readonly string[], advice: string): void {
  const done = capture("buf", args);
  console.log(`${done.ok ? "ok    " : "FAILED"} ${title}`);
  if (done.ok) return;
  failed = true;
  console.log((done.out + done.err).trimEnd());
  console.log(`       ${advice}`);
}

/** The commit that a ref names, if it names one. */
function commit(ref: string): string | undefined {
  const done = capture("git", ["rev-parse", "--verify", "--quiet", `${ref}^{commit}`]);
  return done.ok ? done.out.trim() : undefined;
}

/**
 * Puts the proto files of a commit into a folder of their own that buf can read, and returns it; nothing when the
 * commit has none. buf could read the ref by itself, but then with that commit's buf.yaml, whose second module lies
 * in node_modules, which no commit has.
 */
function unpack(ref: string): string | undefined {
  if (must("git", ["ls-tree", ref, "proto/"]) === "") return undefined;
  const folder = join(root, ".cache/proto-base", ref);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, "proto.tar");
  must("git", ["archive", "--format=tar", `--output=${archive}`, ref, "proto"]);
  must("tar", ["-xf", archive, "-C", folder]);
  rmSync(archive);
  const google = "google/rpc";
  cpSync(join(root, "node_modules/google-proto-files", google), join(folder, "third_party", google), {
    recursive: true,
  });
  writeFileSync(join(folder, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n  - path: third_party\n");
  return folder;
}

function breaking(name: string, ref: string | undefined, none: string): void {
  const title = `breaking changes against ${name}`;
  if (!ref) {
    console.log(`skip   ${title}: ${none}`);
    return;
  }
  const base = unpack(ref);
  if (!base) {
    console.log(`skip   ${title}: it has no proto files`);
    return;
  }
  check(
    `${title} (${ref.slice(0, 9)})`,
    ["breaking", "proto", "--against", join(base, "proto")],
    "Add instead of changing: clients of the published contract are out there.",
  );
}

check("lint", ["lint", "proto"], "See buf.yaml for the rules.");
check("format", ["format", "--diff", "--exit-code", "proto"], 'Run "npx buf format -w proto".');
if (!inGit()) {
  console.log("skip   breaking changes: this is no git checkout");
} else {
  // A clone of one commit has no local main, and a push to main has origin/main behind it.
  const main = commit("origin/main") ?? commit("main");
  breaking("main", main, "there is neither main nor origin/main here");
  const tags = must("git", ["tag", "--list", "v[0-9]*", "--merged", "HEAD", "--sort=-version:refname"]).split(
    "\n",
  );
  const tag = tags[0];
  breaking("the newest release", tag ? commit(tag) : undefined, "nothing is released yet");
}
process.exitCode = failed ? 1 : 0;
