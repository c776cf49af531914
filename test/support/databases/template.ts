import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { random } from "./client.ts";
import { run } from "./command.ts";
import { type Installation, keyOf, usable } from "./installation.ts";
import { withLock } from "./lock.ts";
import { cacheFolder } from "./settings.ts";

/** An initialised data folder, to be copied for each server: much quicker than initialising each. */
export interface Template {
  readonly data: string;
  readonly user: string;
  readonly password: string;
}

const administrator = "administrator";
/** Raised when the way templates are made changes, so that older ones are not used. */
const format = 1;

/** The template for an installation, made at its first use. */
export async function templateFor(installation: Installation): Promise<Template> {
  const folder = join(cacheFolder(), "templates", `${keyOf(installation)}-${format}`);
  if (!(await usable(folder))) {
    await withLock(`template-${installation.engine}`, async () => {
      if (!(await usable(folder))) await makeTemplate(installation, folder);
    });
  }
  return {
    data: join(folder, "data"),
    user: administrator,
    password: await readFile(join(folder, "password"), "utf8"),
  };
}

/** Options that every run of a server program needs, for a data folder with a folder for temporary files beside it. */
export function baseOptions(installation: Installation, folder: string): string[] {
  const options = [
    "--no-defaults",
    ...installation.options,
    `--datadir=${join(folder, "data")}`,
    `--tmpdir=${join(folder, "tmp")}`,
  ];
  // Its default is a folder of the system's that need not exist.
  options.push(`--secure-file-priv=${join(folder, "tmp")}`);
  if (process.getuid?.() === 0) options.push(`--user=${userInfo().username}`);
  return options;
}

async function makeTemplate(installation: Installation, folder: string): Promise<void> {
  const parent = join(folder, "..");
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent)) {
    // The caller holds the lock: a partial folder has no owner, and another version's template no use.
    if (name.startsWith(`${installation.engine}-`))
      await rm(join(parent, name), { recursive: true, force: true });
  }
  const partial = `${folder}.partial-${process.pid}`;
  try {
    await mkdir(join(partial, "tmp"), { recursive: true, mode: 0o700 });
    const password = random("p");
    await writeFile(join(partial, "password"), password, { mode: 0o600 });
    await (installation.engine === "mysql" ? initialiseMysql : initialiseMariadb)(
      installation,
      partial,
      accountSql(password),
    );
    await rm(join(partial, "init.sql"));
    // A server writes itself another one; two servers with one identity could never replicate.
    await rm(join(partial, "data/auto.cnf"), { force: true });
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** '%' and not localhost: with --skip-name-resolve, an address never becomes a name. */
function accountSql(password: string): string {
  return `CREATE USER '${administrator}'@'%' IDENTIFIED BY '${password}';
GRANT ALL PRIVILEGES ON *.* TO '${administrator}'@'%' WITH GRANT OPTION;
`;
}

async function initialiseMysql(installation: Installation, folder: string, account: string): Promise<void> {
  const init = join(folder, "init.sql");
  await writeFile(init, account, { mode: 0o600 });
  await run(
    [
      ...installation.command,
      ...baseOptions(installation, folder),
      "--initialize-insecure",
      `--init-file=${init}`,
    ],
    { timeout: 120_000 },
  );
}

/** What the mariadb-install-db script does, without its reliance on paths of the system. */
async function initialiseMariadb(installation: Installation, folder: string, account: string): Promise<void> {
  await mkdir(join(folder, "data"));
  const parts = ["CREATE DATABASE mysql;", "USE mysql;"];
  for (const part of ["system_tables", "performance_tables", "system_tables_data", "sys_schema"]) {
    parts.push(await script(installation.scripts, part));
  }
  parts.push("FLUSH PRIVILEGES;", account);
  const input = join(folder, "init.sql");
  await writeFile(input, parts.join("\n"), { mode: 0o600 });
  await run([...installation.command, ...baseOptions(installation, folder), "--bootstrap"], {
    input,
    timeout: 120_000,
  });
}

/** MariaDB 11 renamed its scripts. */
async function script(folder: string, part: string): Promise<string> {
  const path = join(folder, `mariadb_${part}.sql`);
  return readFile((await usable(path)) ? path : join(folder, `mysql_${part}.sql`), "utf8");
}
