import { createHash } from "node:crypto";
import { access, constants } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { run } from "./command.ts";
import type { Engine } from "./types.ts";
import { unfit, versionIn } from "./version.ts";

/** A server program on this machine and how it is run. */
export interface Installation {
  readonly engine: Engine;
  readonly origin: "binary" | "package";
  readonly version: string;
  /** The program, with the loader before it where it runs with libraries of its own. */
  readonly command: readonly string[];
  /** Options that say where its own files lie. */
  readonly options: readonly string[];
  /** Where its SQL scripts lie; MariaDB's system tables are made from them. */
  readonly scripts: string;
}

const programs: Readonly<Record<Engine, readonly string[]>> = {
  mysql: ["mysqld"],
  mariadb: ["mariadbd", "mysqld"],
};
const places = [
  "/usr/sbin",
  "/usr/local/sbin",
  "/usr/libexec",
  "/usr/local/mysql/bin",
  "/opt/mysql/bin",
  "/opt/homebrew/bin",
];

/** The first server of the machine's own that fits; otherwise, what was found and why it does not. */
export async function machineInstallation(engine: Engine): Promise<Installation | string> {
  const folders = new Set([...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), ...places]);
  const refused: string[] = [];
  for (const program of programs[engine]) {
    for (const folder of folders) {
      const path = join(folder, program);
      if (!(await usable(path, constants.X_OK))) continue;
      const base = dirname(dirname(path));
      const installation = await describe(
        engine,
        "binary",
        [path],
        [],
        [join(base, "share/mysql"), join(base, "share/mariadb"), join(base, "share")],
      );
      if (typeof installation !== "string") return installation;
      refused.push(installation);
    }
  }
  return refused.length > 0
    ? refused.join("; ")
    : `no ${programs[engine].join(" or ")} in PATH or ${places.join(", ")}`;
}

/** Asks a program for its version and checks that it serves for the engine; otherwise, why it does not. */
export async function describe(
  engine: Engine,
  origin: Installation["origin"],
  command: readonly string[],
  options: readonly string[],
  shares: readonly string[],
): Promise<Installation | string> {
  const program = command.at(-1);
  let text: string;
  try {
    text = await run([...command, "--no-defaults", "--version"], { timeout: 20_000 });
  } catch (error) {
    return `${program} does not run: ${(error as Error).message}`;
  }
  const objection = unfit(engine, text);
  if (objection !== undefined) return `${program} ${objection}`;
  const scripts = await firstUsable(
    shares.map((share) => join(share, engine === "mysql" ? "charsets" : "mysql_system_tables_data.sql")),
    shares.map((share) => join(share, "mariadb_system_tables_data.sql")),
  );
  if (scripts === undefined && engine === "mariadb")
    return `${program} comes without the SQL scripts for its system tables`;
  return {
    engine,
    origin,
    version: versionIn(text) ?? "",
    command,
    options,
    scripts: scripts === undefined ? "" : dirname(scripts),
  };
}

/** Names an installation in the cache: another version, or the same one elsewhere, is another one. */
export function keyOf(installation: Installation): string {
  const digest = createHash("sha256").update(JSON.stringify(installation)).digest("hex").slice(0, 12);
  return `${installation.engine}-${versionIn(installation.version)?.split(/[^\d.]/, 1)[0]}-${digest}`;
}

/** Whether a file is there and may be used in the given way. */
export async function usable(path: string, mode: number = constants.R_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

async function firstUsable(...lists: readonly string[][]): Promise<string | undefined> {
  for (const path of lists.flat()) if (await usable(path)) return path;
  return undefined;
}
