/** Metrics of a store: its statements, repetitions, pools and what a commit is worth. */
import { Gauge, type Registry } from "prom-client";
import { ACQUIRE_BOUNDS_SECONDS, type PoolStats } from "../store/connections.ts";
import type { Store } from "../store/store.ts";
import { type ReadMetric, register, type Sample } from "./read-metric.ts";
import { Distribution, histogramSamples, Tally } from "./tally.ts";

const statementSeconds = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];

/** Counts what a store tells, and asks it for the rest when somebody reads. */
export class StoreMetrics {
  readonly #registry: Registry;
  readonly #statements: Distribution;
  readonly #failures: Tally;
  readonly #retries: Tally;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#statements = new Distribution(
      registry,
      "sessiond_store_statement_duration_seconds",
      "Statements to the database, those that go together as one, from sending to the last row.",
      statementSeconds,
      "statement",
    );
    this.#failures = new Tally(
      registry,
      "sessiond_store_statement_failures_total",
      "Statements that failed.",
      ["statement"],
    );
    this.#retries = new Tally(
      registry,
      "sessiond_store_retries_total",
      "Transactions and reads that were run again, by cause.",
      ["cause"],
    );
  }

  /** A statement is over. */
  statement(name: string, seconds: number, failed: boolean): void {
    this.#statements.observe(seconds, name);
    if (failed) this.#failures.add(1, name);
  }

  /** Something is run again. */
  retry(cause: string): void {
    this.#retries.add(1, cause);
  }

  /** Takes over what an open store knows of itself. Call once. */
  watch(store: Pick<Store, "capabilities" | "poolStats">): void {
    const { description, durability } = store.capabilities;
    new Gauge({
      name: "sessiond_store_info",
      help: "The store, as a label; always 1.",
      labelNames: ["description"],
      registers: [this.#registry],
    }).set({ description }, 1);
    new Gauge({
      name: "sessiond_store_durable",
      help: "Whether an acknowledged commit survives a crash of the database: 1 or 0.",
      registers: [this.#registry],
    }).set(durability.losesCommitsOnCrash ? 0 : 1);
    const settings = new Gauge({
      name: "sessiond_store_durability_setting_info",
      help: "The settings that decide it, as labels; always 1.",
      labelNames: ["setting", "value"],
      registers: [this.#registry],
    });
    for (const [setting, value] of durability.settings) settings.set({ setting, value }, 1);
    for (const metric of poolMetrics(() => store.poolStats?.() ?? [])) register(this.#registry, metric);
  }
}

function poolMetrics(read: () => readonly PoolStats[]): ReadMetric[] {
  const each = (samples: (pool: PoolStats) => Sample[]) => () => read().flatMap(samples);
  const one = (value: (pool: PoolStats) => number) =>
    each((pool) => [{ labels: { pool: pool.name }, value: value(pool) }]);
  return [
    {
      kind: "gauge",
      name: "sessiond_pool_connections",
      help: "Connections of a pool by what they do: in_use, idle, opening.",
      read: each(({ name, inUse, idle, opening }) => [
        { labels: { pool: name, state: "in_use" }, value: inUse },
        { labels: { pool: name, state: "idle" }, value: idle },
        { labels: { pool: name, state: "opening" }, value: opening },
      ]),
    },
    {
      kind: "gauge",
      name: "sessiond_pool_max_connections",
      help: "Most connections of a pool.",
      read: one(({ max }) => max),
    },
    {
      kind: "gauge",
      name: "sessiond_pool_waiting_calls",
      help: "Calls that wait for a connection.",
      read: one(({ waiting }) => waiting),
    },
    {
      kind: "counter",
      name: "sessiond_pool_refused_calls_total",
      help: "Calls that got no connection: the queue was full or the wait too long.",
      read: one(({ refused }) => refused),
    },
    {
      kind: "counter",
      name: "sessiond_pool_opened_connections_total",
      help: "Connections that were opened.",
      read: one(({ opened }) => opened),
    },
    {
      kind: "counter",
      name: "sessiond_pool_open_failures_total",
      help: "Connections that could not be opened.",
      read: one(({ openFailures }) => openFailures),
    },
    {
      kind: "counter",
      name: "sessiond_pool_closed_connections_total",
      help: "Connections that the pool closed, by reason.",
      read: each(({ name, closed }) =>
        Object.entries(closed).map(([reason, value]) => ({ labels: { pool: name, reason }, value })),
      ),
    },
    {
      kind: "histogram",
      name: "sessiond_pool_acquire_duration_seconds",
      help: "How long calls waited for the connection that they got.",
      read: each(({ name, acquire }) =>
        histogramSamples({ pool: name }, ACQUIRE_BOUNDS_SECONDS, acquire.buckets, acquire.sumSeconds),
      ),
    },
  ];
}
