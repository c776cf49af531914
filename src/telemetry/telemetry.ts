/** What a server tells of itself: metrics for whoever asks, spans where the environment wants them. */
import type { Logger } from "pino";
import type { CallObserver } from "../server/call-observer.ts";
import type { StoreObserver } from "../store/observer.ts";
import { Metrics } from "./metrics.ts";
import { storeObserver } from "./store-observer.ts";
import { startTracing, type Tracing } from "./tracing.ts";

/** Metrics and, if asked for, traces of one server. */
export class Telemetry {
  readonly metrics = new Metrics();
  readonly #tracing: Tracing | undefined;

  private constructor(tracing: Tracing | undefined) {
    this.#tracing = tracing;
  }

  /** Begins, with traces if the OTEL_ variables of `environment` ask for them. @throws UsageError */
  static async start(environment: Readonly<Record<string, string | undefined>>): Promise<Telemetry> {
    return new Telemetry(await startTracing(environment));
  }

  /** Whether spans are made. */
  get traces(): boolean {
    return this.#tracing !== undefined;
  }

  /** For engines. A statement that takes longer than `slowStatementMs` is logged. */
  storeObserver(log: Logger, slowStatementMs: number): StoreObserver {
    return storeObserver({ metrics: this.metrics.store, tracing: this.#tracing, log, slowStatementMs });
  }

  /** For the front doors. */
  get callObserver(): CallObserver {
    return {
      began: (info) => {
        const traced = this.#tracing?.call(info);
        return {
          traceId: traced?.traceId,
          run: (work) => (traced === undefined ? work() : traced.run(work)),
          ended: (end) => {
            this.metrics.call(info, end);
            traced?.ended(end);
          },
        };
      },
    };
  }

  /** Sends the spans that are left, within a few seconds. */
  async close(): Promise<void> {
    await this.#tracing?.close();
  }
}
