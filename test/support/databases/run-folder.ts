import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { random } from "./client.ts";
import { run } from "./command.ts";
import { cacheFolder } from "./settings.ts";

/** The folder of one running server, and a guardian that removes both once this process is gone, however it ends. */
export interface RunFolder {
  readonly path: string;
  /** Says which process serves from the folder; undefined when none does. */
  guard(pid: number | undefined): void;
  /** Deletes the folder and lets the guardian go. The server has to be gone by then. */
  remove(): Promise<void>;
}

/**
 * Reads "pid N" and "done" lines; at the end of input, which comes when the test process dies, it kills and deletes.
 * It waits for the killed process to be gone, or the folder would be written to while it is deleted. One that nobody
 * reaps stays as a process for good, but has no command line any more.
 */
const guardian = `
pid=
while read -r verb value; do
	case $verb in pid) pid=$value ;; done) exit 0 ;; esac
done
if [ -n "$pid" ]; then
	kill -KILL "$pid"
	n=0; while grep -q . "/proc/$pid/cmdline" && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.05; done
fi
rm -rf "$1"
`;

/** Makes a folder for a server about to be started. */
export async function makeRunFolder(engine: string): Promise<RunFolder> {
  await removeLeftovers();
  const path = join(
    cacheFolder(),
    "run",
    `${process.pid}-${await bornAt(process.pid)}-${random(`${engine}-`)}`,
  );
  await mkdir(join(path, "tmp"), { recursive: true, mode: 0o700 });
  // In a session of its own, so that a Ctrl-C meant for the test run does not take the guardian along.
  const child = spawn("/bin/sh", ["-c", guardian, "sessiond-test-database-guardian", path], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  child.stdin.on("error", () => {});
  return {
    path,
    guard: (pid) => void child.stdin.write(`pid ${pid ?? ""}\n`),
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      child.stdin.end("done\n");
    },
  };
}

/** Ends servers and deletes folders whose test process is gone without its guardian having done so. */
async function removeLeftovers(): Promise<void> {
  const parent = join(cacheFolder(), "run");
  for (const name of await readdir(parent).catch(() => [])) {
    const [owner, born] = name.split("-");
    if ((await bornAt(Number(owner))) === born) continue;
    const path = join(parent, name);
    const pid = Number(await readFile(join(path, "server.pid"), "utf8").catch(() => ""));
    if (pid > 0 && (await commandLine(pid)).includes(path)) {
      process.kill(pid, "SIGKILL");
      for (let n = 0; n < 100 && (await commandLine(pid)).includes(path); n++) await sleep(50);
    }
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** When a process began, to tell it from a later one with the same id; empty if there is none. */
async function bornAt(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The program's name, in parentheses, may hold anything; the start time is the 20th field after it.
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  if (process.platform === "linux") return "";
  const text = await run(["ps", "-o", "lstart=", "-p", String(pid)]).catch(() => "");
  return text.replaceAll(/[^0-9A-Za-z]/g, "");
}

async function commandLine(pid: number): Promise<string> {
  if (process.platform === "linux") return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return run(["ps", "-o", "command=", "-p", String(pid)]).catch(() => "");
}
