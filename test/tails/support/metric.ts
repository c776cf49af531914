/** What a server counts. */
import type { Server } from "../../api/harness.ts";

/** The sum of a metric's samples, those whose labels match; 0 if there are none. */
export async function metric(server: Server, name: string, labels = /(?:)/): Promise<number> {
  const text = await (await fetch(`${server.httpUrl}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name) && labels.test(line));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}
