/** What a store tells, passed on to metrics, the log of slow statements and the trace. */
import type { Logger } from "pino";
import type { StatementEnd, StoreObserver } from "../store/observer.ts";
import type { StoreMetrics } from "./store-metrics.ts";
import type { Tracing } from "./tracing.ts";

/** Where it goes to. */
export interface StoreObserverOptions {
  readonly metrics: StoreMetrics;
  readonly tracing: Tracing | undefined;
  readonly log: Logger;
  /** A statement that takes longer is logged, in milliseconds. */
  readonly slowStatementMs: number;
}

/** Makes the observer that engines are opened with. */
export function storeObserver({
  metrics,
  tracing,
  log,
  slowStatementMs,
}: StoreObserverOptions): StoreObserver {
  return {
    statement(name): StatementEnd {
      const began = performance.now();
      const endSpan = tracing?.statement(name);
      return (failed) => {
        const ms = performance.now() - began;
        metrics.statement(name, ms / 1000, failed);
        endSpan?.(failed);
        // The name says what and where; the values are the callers'.
        if (ms > slowStatementMs) log.warn({ statement: name, ms: Math.round(ms), failed }, "slow statement");
      };
    },
    retry: (cause) => metrics.retry(cause),
  };
}
