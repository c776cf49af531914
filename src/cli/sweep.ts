/** Forgets in the background what was kept for a time only: request marks and tombstones. */
import type { Logger } from "pino";
import type { Store } from "../store/store.ts";

/** How long what is kept, in milliseconds. */
export interface Retention {
  readonly requestsMs: number;
  readonly tombstonesMs: number;
}

const everyMs = 10 * 60 * 1000;
const firstAfterMs = 60 * 1000;

/**
 * Sweeps from time to time until `signal` aborts. What a sweep leaves is left to the
 * next; a failure is logged and costs nothing but time.
 */
export function sweepOld(
  store: Pick<Store, "sweepRequests" | "sweepTombstones">,
  { requestsMs, tombstonesMs }: Retention,
  log: Logger,
  signal: AbortSignal,
): void {
  let timer: NodeJS.Timeout | undefined;
  const sweep = async (): Promise<void> => {
    try {
      const requests = await store.sweepRequests((Date.now() - requestsMs) * 1000, signal);
      const tombstones = await store.sweepTombstones((Date.now() - tombstonesMs) * 1000, signal);
      if (requests + tombstones > 0) log.debug({ requests, tombstones }, "old rows forgotten");
    } catch (cause) {
      if (!signal.aborted) log.warn({ cause }, "old rows could not be forgotten");
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
