/** What processes use, read from /proc; undefined where there is none. */
import { readFileSync } from "node:fs";

/** Clock ticks a second in /proc: fixed by Linux's interface to programs. */
const TICKS = 100;

/** CPU time of a process so far, in seconds. */
export function cpuSeconds(pid: number | undefined): number | undefined {
  const text = read(pid, "stat");
  if (text === undefined) return undefined;
  // The name, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory of a process, in MiB. */
export function residentMiB(pid: number | undefined): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, "status") ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}

function read(pid: number | undefined, file: string): string | undefined {
  if (pid === undefined) return undefined;
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}
