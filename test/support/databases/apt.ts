import { mkdir, readdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";
import { usable } from "./installation.ts";

/** apt with lists, archives and package state of its own in a folder, so that nothing of the system is read or changed but its sources. */
export interface Apt {
  /** Fetches the package lists: of the machine's own sources, or of the given one in their place. */
  update(source?: string): Promise<void>;
  /** The version of a package that would be installed. */
  candidate(name: string): Promise<string | undefined>;
  /** Fetches a package and everything it depends on; the files. */
  download(name: string): Promise<string[]>;
  /** The machine's own mirror of Debian, none on another distribution. */
  debianMirror(): Promise<{ site: string; signedBy: string } | undefined>;
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Sets the folder up. Fails where there is no apt. */
export async function aptIn(folder: string): Promise<Apt> {
  for (const tool of ["apt-get", "dpkg-deb"]) {
    await run([tool, "--version"]).catch(() => {
      throw new Error(`no ${tool} on this machine, so no package can be fetched`);
    });
  }
  for (const part of ["lists/partial", "archives/partial"])
    await mkdir(join(folder, part), { recursive: true });
  await writeFile(join(folder, "status"), "");
  const configuration = join(folder, "apt.conf");
  let settings = configurationText(folder);
  await writeFile(configuration, settings);
  const apt = (tool: string, ...args: string[]) =>
    run([tool, "-c", configuration, "-q", ...args], { timeout: 240_000 });
  return {
    async update(source) {
      if (source !== undefined) {
        await writeFile(join(folder, "only.list"), source);
        settings += `Dir::Etc::SourceList "${join(folder, "only.list")}";\nDir::Etc::SourceParts "-";\n`;
        await writeFile(configuration, settings);
      }
      await apt("apt-get", "update", "--error-on=any");
    },
    async candidate(name) {
      const policy = await apt("apt-cache", "policy", name);
      const version = /Candidate: (\S+)/.exec(policy)?.[1];
      // The epoch before the colon is the distribution's, not the server's.
      return version === undefined || version === "(none)" ? undefined : version.replace(/^\d+:/, "");
    },
    async download(name) {
      await apt("apt-get", "install", "--yes", "--download-only", name);
      const archives = join(folder, "archives");
      return (await readdir(archives))
        .filter((file) => file.endsWith(".deb"))
        .map((file) => join(archives, file));
    },
    async debianMirror() {
      const targets = await apt(
        "apt-get",
        "indextargets",
        "--format",
        "$(ORIGIN) $(CODENAME) $(SITE)",
        "Created-By: Packages",
      );
      const main = targets
        .split("\n")
        .map((line) => line.split(" "))
        .find(([origin, suite]) => origin === "Debian" && suite && !suite.includes("-"));
      if (main?.[2] === undefined) return undefined;
      return { site: main[2], signedBy: (await usable(keyring)) ? `[signed-by=${keyring}] ` : "" };
    },
  };
}

/** The last file apt reads, so it wins over the machine's; hooks are cleared because they act on the system's own cache. */
function configurationText(folder: string): string {
  return `
Dir::State::Lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}";
Dir::Cache::archives "${folder}/archives";
Dir::Log "${folder}";
APT::Install-Recommends "0";
APT::Sandbox::User "${userInfo().username}";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";
Debug::NoLocking "1";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
`;
}
