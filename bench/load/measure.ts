/** One timed round in Node: latencies, errors, CPU time. */
import type { RoundReport } from "../lib/worker.ts";

/** Counts what happens in a round. */
export class Round {
  readonly latencies: number[] = [];
  readonly facts: Record<string, number> = {};
  private readonly errors = new Map<string, number>();
  private readonly began = performance.now();
  private readonly cpu = process.cpuUsage();
  private readonly milliseconds: number;

  constructor(seconds: number) {
    this.milliseconds = seconds * 1_000;
  }

  /** Whether the time is not up. */
  running(): boolean {
    return performance.now() - this.began < this.milliseconds;
  }

  /** Awaits one operation and notes how long it took, or its error. */
  async timed(work: Promise<unknown>): Promise<void> {
    const began = performance.now();
    try {
      await work;
      this.latencies.push(performance.now() - began);
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    const text = String((error as Error).message ?? error).slice(0, 120);
    this.errors.set(text, (this.errors.get(text) ?? 0) + 1);
  }

  /** Ends the round. */
  report(): RoundReport {
    const seconds = (performance.now() - this.began) / 1_000;
    const { user, system } = process.cpuUsage(this.cpu);
    const sorted = this.latencies.sort((a, b) => a - b);
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
    return {
      operations: sorted.length,
      seconds,
      cpuSeconds: (user + system) / 1e6,
      p50: at(0.5),
      p99: at(0.99),
      errors: Object.fromEntries([...this.errors].slice(0, 5)),
      errorCount: [...this.errors.values()].reduce((sum, count) => sum + count, 0),
      facts: this.facts,
    };
  }
}
