/** The loop of a Node worker: JSON lines in, JSON lines out, as bench/python/worker.py does it. */
import { createInterface } from "node:readline";
import type { Setup } from "../lib/worker.ts";
import { Round } from "./measure.ts";

/** Runs one round. */
export type Work = (round: Round) => Promise<void>;

/** Prepares what a setup asks for. */
export type Open = (setup: Setup) => Promise<{ facts: Record<string, number>; work: Work }>;

/** Answers orders until the input ends, then ends the process. */
export async function serveOrders(open: Open): Promise<never> {
  let work: Work | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
  process.exit(0);

  async function answer(line: string): Promise<object> {
    try {
      const order = JSON.parse(line) as Setup | { readonly seconds: number };
      if ("setup" in order) {
        const opened = await open(order);
        work = opened.work;
        return { ok: opened.facts };
      }
      if (work === undefined) throw new Error("a round before the setup");
      const round = new Round(order.seconds);
      await work(round);
      return { ok: round.report() };
    } catch (error) {
      return { error: (error as Error).stack ?? String(error) };
    }
  }
}
