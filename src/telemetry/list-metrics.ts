/** Metrics of live lists: how many there are, and what finding their news costs the database. */
import type { Registry } from "prom-client";
import type { FeedObserver, Look } from "../tails/observer.ts";
import type { FeedCounts } from "../tails/sessions-feeds.ts";
import { register } from "./read-metric.ts";
import { Distribution, Tally } from "./tally.ts";

const lookSeconds = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** Counts what feeds of live lists tell. */
export class ListMetrics implements FeedObserver {
  readonly #registry: Registry;
  readonly #looks: Distribution;
  readonly #queries: Tally;
  readonly #rows: Tally;
  readonly #found: Tally;
  readonly #failures: Tally;
  readonly #reads: Tally;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#looks = new Distribution(
      registry,
      "sessiond_list_look_duration_seconds",
      "Looks of live lists' feeds for what happened in their app: for what is new, and over the whole overlap.",
      lookSeconds,
      "kind",
    );
    const tally = (name: string, help: string, labels: readonly string[] = []) =>
      new Tally(registry, name, help, labels);
    this.#queries = tally("sessiond_list_look_queries_total", "Pages that looks asked the database for.", [
      "kind",
    ]);
    this.#rows = tally("sessiond_list_look_rows_total", "Sessions and tombstones in these pages.", ["kind"]);
    this.#found = tally("sessiond_list_look_found_total", "Those that had not been seen.", ["kind"]);
    this.#failures = tally("sessiond_list_look_failures_total", "Looks that failed.");
    this.#reads = tally(
      "sessiond_list_reads_total",
      "Reads of a live list for itself: listing, resumed, or behind where it was too slow for its feed.",
      ["reason"],
    );
  }

  /** Takes over what feeds know of themselves. Call once. */
  watch(feeds: { readonly counts: FeedCounts }): void {
    const gauge = (name: string, help: string, value: (counts: FeedCounts) => number): void => {
      const read = () => [{ labels: {}, value: value(feeds.counts) }];
      register(this.#registry, { kind: "gauge", name, help, read });
    };
    gauge("sessiond_lists_open", "Live lists that are open.", ({ lists }) => lists);
    gauge(
      "sessiond_list_feeds",
      "Apps that they watch: each is read once for all of them.",
      ({ feeds }) => feeds,
    );
    gauge(
      "sessiond_list_feed_sessions",
      "Sessions that feeds remember to have seen within the overlap.",
      ({ remembered }) => remembered,
    );
    gauge("sessiond_list_feed_entries", "Changes that feeds keep for slower lists.", ({ logged }) => logged);
  }

  looked({ kind, seconds, queries, rows, found }: Look): void {
    this.#looks.observe(seconds, kind);
    this.#queries.add(queries, kind);
    this.#rows.add(rows, kind);
    this.#found.add(found, kind);
  }

  lookFailed(): void {
    this.#failures.add(1);
  }

  readAlone(why: "listing" | "resumed" | "behind"): void {
    this.#reads.add(1, why);
  }
}
