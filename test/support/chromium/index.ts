/** A Chromium for browser tests: the machine's, or Debian's package unpacked into the cache. */
import { accessSync, constants } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { aptIn } from "../databases/apt.ts";
import { run } from "../databases/command.ts";
import { usable } from "../databases/installation.ts";
import { withLock } from "../databases/lock.ts";
import { cacheFolder } from "../databases/settings.ts";

/** How long a package may take to come over a slow line, in ms. */
export const chromiumTimeout = 300_000;

interface Installation {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/**
 * Starts a browser without a window.
 * @throws Error that says what to do, where none can be had
 */
export async function launchChromium(): Promise<Browser> {
  const { program, environment } = await findChromium();
  // Only root may not have the sandbox, and an unpacked package has no helper with the rights for one.
  return chromium.launch({
    executablePath: program,
    env: { ...(process.env as Record<string, string>), ...environment },
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

async function findChromium(): Promise<Installation> {
  const named = process.env["SESSIOND_TEST_CHROMIUM"];
  if (named !== undefined && named !== "package") return { program: named, environment: {} };
  const installed = named === "package" ? undefined : onPath();
  if (installed !== undefined) return { program: installed, environment: {} };
  const folder = join(cacheFolder(), "packages", "chromium");
  if (!(await usable(folder))) {
    try {
      await withLock("package-chromium", async () => {
        if (!(await usable(folder))) await fetchInto(folder);
      });
    } catch (error) {
      throw new Error(
        "The tests of the viewer need Chromium. None is on the PATH and none could be fetched: " +
          `${(error as Error).message}\nInstall one (Debian: apt-get install chromium) or name it in SESSIOND_TEST_CHROMIUM.`,
      );
    }
  }
  return unpacked(folder);
}

function onPath(): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not there.
      }
    }
  }
  return undefined;
}

async function fetchInto(folder: string): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  const root = join(partial, "root");
  await mkdir(root, { recursive: true });
  const apt = await aptIn(join(partial, "apt"));
  await apt.update();
  await apt.download("fonts-liberation");
  for (const archive of await apt.download("chromium")) {
    // The C library has to be that of the loader, which is the machine's.
    if (!/\/libc6_[^/]*$/.test(archive)) await run(["dpkg-deb", "-x", archive, root]);
  }
  for (const part of ["doc", "man", "locale", "lintian"])
    await rm(join(root, "usr/share", part), { recursive: true, force: true });
  await rm(join(partial, "apt"), { recursive: true });
  await rename(partial, folder);
}

async function unpacked(folder: string): Promise<Installation> {
  const root = join(folder, "root");
  const libraries: string[] = [];
  for (const lib of [join(root, "usr/lib"), join(root, "lib")]) {
    for (const name of await readdir(lib).catch(() => [])) {
      if (!name.endsWith("-linux-gnu")) continue;
      libraries.push(
        join(lib, name),
        join(lib, name, "pulseaudio"),
        join(lib, name, "blas"),
        join(lib, name, "lapack"),
      );
    }
  }
  const fonts = join(folder, "fonts.conf");
  await writeFile(
    fonts,
    `<?xml version="1.0"?><fontconfig><dir>${join(root, "usr/share/fonts")}</dir><cachedir>${join(folder, "fonts")}</cachedir></fontconfig>\n`,
  );
  return {
    program: join(root, "usr/lib/chromium/chromium"),
    environment: { LD_LIBRARY_PATH: libraries.join(":"), FONTCONFIG_FILE: fonts },
  };
}
