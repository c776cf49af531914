/** What a pool counts of itself. */
import { ACQUIRE_BOUNDS_SECONDS, CLOSE_REASONS, type CloseReason, type PoolStats } from "../connections.ts";

export class PoolCounters {
  opened = 0;
  openFailures = 0;
  refused = 0;
  readonly closed = Object.fromEntries(CLOSE_REASONS.map((reason) => [reason, 0])) as Record<
    CloseReason,
    number
  >;
  private sumSeconds = 0;
  private readonly buckets = new Array<number>(ACQUIRE_BOUNDS_SECONDS.length + 1).fill(0);

  /** A call got its connection. */
  acquired(seconds: number): void {
    this.sumSeconds += seconds;
    const bucket = ACQUIRE_BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
    const at = bucket < 0 ? ACQUIRE_BOUNDS_SECONDS.length : bucket;
    this.buckets[at] = (this.buckets[at] ?? 0) + 1;
  }

  /** A copy of all counters. */
  read(): Pick<PoolStats, "opened" | "openFailures" | "closed" | "refused" | "acquire"> {
    return {
      opened: this.opened,
      openFailures: this.openFailures,
      refused: this.refused,
      closed: { ...this.closed },
      acquire: {
        count: this.buckets.reduce((sum, calls) => sum + calls, 0),
        sumSeconds: this.sumSeconds,
        buckets: [...this.buckets],
      },
    };
  }
}
