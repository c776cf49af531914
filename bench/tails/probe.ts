/** What a running server and its database tell of themselves. */
import { once } from "node:events";
import type mysql from "mysql2/promise";
import { residentMiB } from "../lib/proc.ts";
import type { SessiondServer } from "../lib/server.ts";

/** Memory of a server right after a collection of garbage, in bytes. */
export interface Memory {
  readonly resident: number;
  /** What JavaScript objects use, and buffers outside the heap. */
  readonly heap: number;
}

/** Collects the server's garbage through its inspector, then reads its memory. @throws Error if it has none */
export async function memoryOf({ pid, inspector }: SessiondServer): Promise<Memory> {
  if (inspector === undefined) throw new Error("a server without inspector");
  const socket = new WebSocket(inspector);
  await once(socket, "open");
  let id = 0;
  const ask = async (method: string, params: object = {}) => {
    socket.send(JSON.stringify({ id: ++id, method, params }));
    const [{ data }] = (await once(socket, "message")) as [MessageEvent];
    return JSON.parse(String(data)) as { result: { result?: { value: NodeJS.MemoryUsage } } };
  };
  try {
    // What finalizers let go is collected by the second one.
    await ask("HeapProfiler.collectGarbage");
    await ask("HeapProfiler.collectGarbage");
    const expression = "({ ...process.memoryUsage() })";
    const { result } = await ask("Runtime.evaluate", { expression, returnByValue: true });
    const usage = result.result?.value;
    if (usage === undefined) throw new Error("the inspector told no memory");
    return { resident: (residentMiB(pid) ?? 0) * 2 ** 20, heap: usage.heapUsed + usage.external };
  } finally {
    socket.close();
  }
}

/** What a server has counted, most of it of what it asks its database. */
export interface Counted {
  /** Statements; those that go together count as one. */
  readonly statements: number;
  /** Questions which followed sessions moved, and the seconds that they took together. */
  readonly polls: number;
  readonly pollSeconds: number;
  /** How late its event loop was since the last reading, 99th percentile, in milliseconds. */
  readonly loopDelayMs: number;
}

/** How often a server looks how late it is: prom-client's default, in milliseconds. */
const DELAY_RESOLUTION_MS = 10;

/** Reads a server's metrics. */
export async function countedBy({ http }: SessiondServer): Promise<Counted> {
  const text = await (await fetch(`${http}/metrics`)).text();
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  return {
    statements: sum("sessiond_store_statement_duration_seconds_count"),
    polls: sum("sessiond_tail_poll_duration_seconds_count"),
    pollSeconds: sum("sessiond_tail_poll_duration_seconds_sum"),
    loopDelayMs: Math.max(0, sum("nodejs_eventloop_lag_p99_seconds") * 1_000 - DELAY_RESOLUTION_MS),
  };
}

/** How many statements the database has been sent by all its clients, this question among them. */
export async function questionsOf(connection: mysql.Connection): Promise<number> {
  const [rows] = await connection.query<mysql.RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Questions'");
  return Number(rows[0]?.["Value"]);
}
