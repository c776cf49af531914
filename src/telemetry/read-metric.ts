/** Metrics whose values somebody else keeps: they are read when they are asked for. */
import type { Metric, Registry } from "prom-client";

/** One line of a metric. */
export interface Sample {
  /** What follows the metric's name, for the parts of a histogram. */
  readonly suffix?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric that keeps nothing. */
export interface ReadMetric {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  /** Gives the values of now. */
  readonly read: () => readonly Sample[];
}

/** Adds it to a registry, which asks a metric for no more than this; its types want a whole class of its own. */
export function register(registry: Registry, { kind, name, help, read }: ReadMetric): void {
  const metric = {
    name,
    get: async () => ({
      name,
      help,
      type: kind,
      values: read().map(({ suffix = "", labels, value }) => ({
        metricName: name + suffix,
        labels,
        value,
      })),
    }),
  };
  registry.registerMetric(metric as unknown as Metric);
}
