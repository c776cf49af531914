import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { aptIn } from "./apt.ts";
import { run } from "./command.ts";
import { describe, type Installation, usable } from "./installation.ts";
import { withLock } from "./lock.ts";
import { cacheFolder } from "./settings.ts";
import type { Engine } from "./types.ts";
import { unfit } from "./version.ts";

/** Names of the package with the server program alone, newest naming first. */
const packages: Readonly<Record<Engine, readonly string[]>> = {
  mysql: ["mysql-server-core", "mysql-server-core-8.4", "mysql-server-core-8.0"],
  mariadb: ["mariadb-server-core", "mariadb-server-core-10.6", "mariadb-server-core-10.5"],
};

/**
 * A server from a Debian or Ubuntu package, unpacked with every library it needs into the cache: the system is not
 * touched and no rights on it are needed. Fetched once, then found there. Otherwise, why it cannot be had.
 */
export async function packagedInstallation(engine: Engine): Promise<Installation | string> {
  const folder = join(cacheFolder(), "packages", engine);
  if (!(await usable(folder))) {
    try {
      await withLock(`package-${engine}`, async () => {
        if (!(await usable(folder))) await fetchInto(folder, engine);
      });
    } catch (error) {
      return (error as Error).message;
    }
  }
  const found = await describeUnpacked(engine, folder);
  return typeof found === "string" ? `${found} (remove ${folder} to have it fetched anew)` : found;
}

/** The caller holds the lock, so what another attempt left half done has no owner any more. */
async function fetchInto(folder: string, engine: Engine): Promise<void> {
  const parent = join(folder, "..");
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    if (name.startsWith(`${engine}.partial`)) await rm(join(parent, name), { recursive: true, force: true });
  }
  const partial = join(parent, `${engine}.partial-${process.pid}`);
  try {
    const root = join(partial, "root");
    await mkdir(root, { recursive: true });
    for (const archive of await fetchArchives(join(partial, "apt"), engine)) {
      // Perl is only wanted by the scripts beside the server.
      if (!/\/(lib)?perl[^/]*$/.test(archive)) await run(["dpkg-deb", "-x", archive, root]);
    }
    for (const part of ["doc", "man", "locale", "lintian", "gdb"])
      await rm(join(root, "usr/share", part), { recursive: true, force: true });
    await rm(join(partial, "apt"), { recursive: true });
    const outcome = await describeUnpacked(engine, partial);
    if (typeof outcome === "string") throw new Error(outcome);
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function fetchArchives(folder: string, engine: Engine): Promise<string[]> {
  const apt = await aptIn(folder);
  const refused: string[] = [];
  // One source of the machine's being out of order need not matter; if it does, this tells.
  await apt.update().catch((error: Error) => refused.push(error.message));
  for (const name of packages[engine]) {
    const version = await apt.candidate(name);
    const objection =
      version === undefined ? "not in the configured suites" : unfit(engine, `${engine} ${version}`);
    if (objection === undefined) return apt.download(name);
    refused.push(`${name}: ${objection}`);
  }
  // Debian releases carry MariaDB in place of MySQL; its development suite has both.
  const mirror = engine === "mysql" ? await apt.debianMirror() : undefined;
  if (mirror === undefined) throw new Error(`no package: ${refused.join("; ")}`);
  await apt.update(`deb ${mirror.signedBy}${mirror.site} sid main\n`);
  return apt.download("mysql-server-core");
}

async function describeUnpacked(engine: Engine, folder: string): Promise<Installation | string> {
  const root = join(folder, "root");
  const libraries: string[] = [];
  let loader: string | undefined;
  for (const lib of [join(root, "usr/lib"), join(root, "lib")]) {
    for (const name of await readdir(lib).catch(() => [])) {
      if (!name.endsWith("-linux-gnu")) continue;
      libraries.push(join(lib, name));
      const found = (await readdir(join(lib, name))).find((file) => /^ld-linux.*\.so\.\d+$/.test(file));
      if (found !== undefined) loader = join(lib, name, found);
    }
  }
  const program = join(root, "usr/sbin", engine === "mysql" ? "mysqld" : "mariadbd");
  if (loader === undefined || !(await usable(program))) return `no server program or no loader in ${root}`;
  libraries.push(join(root, "usr/lib/mysql/private"));
  const shares = [join(root, "usr/share/mysql"), join(root, "usr/share/mariadb")];
  const share = (await usable(shares[0] ?? "")) ? shares[0] : shares[1];
  const options = [
    `--basedir=${join(root, "usr")}`,
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${share}/charsets`,
  ];
  const plugins = join(root, "usr/lib/mysql/plugin");
  if (await usable(plugins)) options.push(`--plugin-dir=${plugins}`);
  return describe(
    engine,
    "package",
    [loader, "--library-path", libraries.join(":"), program],
    options,
    shares,
  );
}
