/** The most memory that a server had, told by the kernel, so that no moment is missed. */
import { readFileSync, writeFileSync } from "node:fs";
import type { Server } from "../api/harness.ts";

/** How far above what it had before the server's resident memory went while `work` ran, in bytes. */
export async function peakGrowth(server: Server, work: () => Promise<unknown>): Promise<number> {
  // Sets the high-water mark to what is resident now.
  writeFileSync(`/proc/${server.pid}/clear_refs`, "5");
  const before = server.memory();
  await work();
  return highWater(server.pid) - before;
}

function highWater(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}
