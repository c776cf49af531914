/** The Python that the services run in: one environment for all, so that they share every library. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture, findPython, must, root, venvPython } from "../../scripts/lib.ts";

const requirements = join(import.meta.dirname, "../python/requirements.txt");

/** A Python with what requirements.txt pins. */
export interface Python {
  readonly program: string;
  readonly version: string;
  /** Versions of packages, by name. */
  readonly packages: Readonly<Record<string, string>>;
  /** The command of a worker, and the environment it needs. */
  readonly worker: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Finds or makes the environment in `.cache/bench`, anew when the requirements changed. */
export function preparePython(say: (text: string) => void): Python {
  const folder = join(root, ".cache/bench");
  const venv = join(folder, "venv");
  const stamp = join(folder, "venv.stamp");
  mkdirSync(folder, { recursive: true });
  const system = findPython();
  const version = must(system, ["--version"]).trim();
  const digest = createHash("sha256").update(readFileSync(requirements)).update(version).digest("hex");
  const program = venvPython(venv);
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== digest) {
    say("installing the peers into .cache/bench …");
    rmSync(stamp, { force: true });
    rmSync(venv, { recursive: true, force: true });
    must(system, ["-m", "venv", venv]);
    must(program, [
      ...["-m", "pip", "install", "-q", "--disable-pip-version-check"],
      ...["--no-deps", "--only-binary", ":all:", "-r", requirements],
    ]);
    writeFileSync(stamp, digest);
  }
  const installed = capture(program, ["-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"]);
  const packages = Object.fromEntries(
    installed.out
      .split("\n")
      .map((line) => line.split("=="))
      .filter((pair) => pair.length === 2)
      .map(([name, number]) => [(name as string).toLowerCase(), number as string]),
  );
  return {
    program,
    version,
    packages,
    worker: [program, "-u", join(import.meta.dirname, "../python/worker.py")],
    env: { PYTHONPATH: join(root, "clients/python/src"), PYTHONDONTWRITEBYTECODE: "1" },
  };
}
