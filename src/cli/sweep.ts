/** Forgets old request marks in the background. */
import type { Logger } from "pino";
import type { Store } from "../store/store.ts";

const everyMs = 10 * 60 * 1000;
const firstAfterMs = 60 * 1000;

/**
 * Sweeps from time to time until `signal` aborts. What a sweep leaves is left to the
 * next; a failure is logged and costs nothing but time.
 */
export function sweepRequests(
  store: Pick<Store, "sweepRequests">,
  retentionMs: number,
  log: Logger,
  signal: AbortSignal,
): void {
  let timer: NodeJS.Timeout | undefined;
  const sweep = async (): Promise<void> => {
    try {
      const forgotten = await store.sweepRequests((Date.now() - retentionMs) * 1000, signal);
      if (forgotten > 0) log.debug({ forgotten }, "old request marks forgotten");
    } catch (cause) {
      if (!signal.aborted) log.warn({ cause }, "old request marks could not be forgotten");
    }
    schedule(everyMs);
  };
  // Spread, so that replicas that started together do not sweep together.
  const schedule = (delayMs: number): void => {
    if (signal.aborted) return;
    timer = setTimeout(() => void sweep(), delayMs * (0.9 + Math.random() * 0.2)).unref();
  };
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  schedule(firstAfterMs);
}
