/** mysqlslap: the C client's own load generator, from the machine or from a Debian package unpacked beside it. */
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { capture, must, root } from "../../scripts/lib.ts";
import { aptIn } from "../../test/support/databases/apt.ts";

const folder = join(root, ".cache/bench/mysqlslap");

/** The command that runs it; undefined where it cannot be had, with the reason told. */
export async function findMysqlslap(say: (text: string) => void): Promise<readonly string[] | undefined> {
  for (const name of ["mysqlslap", "mariadb-slap"]) if (capture(name, ["--version"]).ok) return [name];
  try {
    if (!existsSync(folder)) await fetchPackage(say);
    return await unpackedCommand();
  } catch (error) {
    say(`no mysqlslap: ${(error as Error).message.split("\n", 1)[0]}`);
    return undefined;
  }
}

async function fetchPackage(say: (text: string) => void): Promise<void> {
  say("fetching mysqlslap from a package of this machine's distribution …");
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, "root"), { recursive: true });
  const apt = await aptIn(join(partial, "apt"));
  await apt.update();
  for (const archive of await apt.download("mariadb-client")) {
    if (!/\/(lib)?perl[^/]*$/.test(archive)) must("dpkg-deb", ["-x", archive, join(partial, "root")]);
  }
  await rm(join(partial, "apt"), { recursive: true });
  await rename(partial, folder);
}

async function unpackedCommand(): Promise<readonly string[]> {
  const libraries: string[] = [];
  for (const lib of [join(folder, "root/lib"), join(folder, "root/usr/lib")]) {
    for (const name of await readdir(lib).catch(() => [])) {
      if (name.endsWith("-linux-gnu")) libraries.push(join(lib, name));
    }
  }
  const loaders = await Promise.all(
    libraries.map(async (library) =>
      (await readdir(library))
        .filter((file) => /^ld-linux.*\.so\.\d+$/.test(file))
        .map((file) => join(library, file)),
    ),
  );
  const loader = loaders.flat()[0];
  if (loader === undefined) throw new Error("no loader in the unpacked packages");
  const command = [loader, "--library-path", libraries.join(":"), join(folder, "root/usr/bin/mariadb-slap")];
  must(command[0] as string, [...command.slice(1), "--version"]);
  const plugins = libraries.map((library) => join(library, "libmariadb3/plugin")).find(existsSync);
  return plugins === undefined ? command : [...command, `--plugin-dir=${plugins}`];
}
