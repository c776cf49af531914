/** The building half of a Dockerfile, done with folders in the place of images: WORKDIR, COPY and RUN. */
import { spawnSync } from "node:child_process";
import { cpSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { contextFilter, type Stage } from "./dockerfile.ts";
import { root } from "./lib.ts";

const keep = contextFilter(readFileSync(join(root, ".dockerignore"), "utf8"));

/**
 * Runs a stage's instructions in `at`, a new folder that stands for its file system. `stages` has the folders of the
 * stages before it, `path` is the PATH of its commands.
 *
 * @throws Error with the command and what it printed, when one fails.
 */
export function buildStage(
  stage: Stage,
  at: string,
  stages: ReadonlyMap<string, string>,
  path: string,
): void {
  let workdir = "/";
  const inside = (name: string) => join(at, name.startsWith("/") ? name : join(workdir, name));
  mkdirSync(at);
  for (const { keyword, flags, text } of stage.instructions) {
    if (keyword === "WORKDIR") {
      workdir = text;
      mkdirSync(inside(workdir), { recursive: true });
    } else if (keyword === "COPY") {
      const from = flags.find((flag) => flag.startsWith("--from="))?.slice("--from=".length);
      const words = text.split(" ");
      const target = words.pop() ?? "";
      for (const source of words) {
        if (from === undefined) copyContext(source, target, inside, words.length > 1);
        else copy(join(stages.get(from) ?? missing(from), source), target, inside, words.length > 1);
      }
    } else if (keyword === "RUN") {
      run(text, inside("."), path);
    }
  }
}

function copyContext(source: string, target: string, inside: (name: string) => string, many: boolean): void {
  if (!keep(source)) throw new Error(`COPY ${source}: .dockerignore keeps it from the builder`);
  copy(join(root, source), target, inside, many, (path) => {
    const name = relative(root, path);
    return keep(name) || lstatSync(path).isDirectory();
  });
}

function copy(
  source: string,
  target: string,
  inside: (name: string) => string,
  many: boolean,
  filter: (path: string) => boolean = () => true,
): void {
  const intoFolder = many || target.endsWith("/");
  const isFolder = lstatSync(source).isDirectory();
  const to = intoFolder && !isFolder ? join(inside(target), basename(source)) : inside(target);
  cpSync(source, to, { recursive: true, verbatimSymlinks: true, filter: (from) => filter(from) });
}

function run(command: string, cwd: string, path: string): void {
  console.log(`       RUN ${command}`);
  const done = spawnSync("sh", ["-c", command], {
    cwd,
    env: { ...process.env, PATH: path },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0) throw new Error(`RUN ${command} failed:\n${done.stdout}${done.stderr}`);
}

function missing(stage: string): never {
  throw new Error(`COPY --from=${stage}: there is no such stage`);
}
