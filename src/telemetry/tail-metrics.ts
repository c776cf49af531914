/** Metrics of live streams: how many there are, what they send, and what finding news costs. */
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Poll, TailObserver } from "../tails/observer.ts";
import { register } from "./read-metric.ts";
import { Distribution, Tally } from "./tally.ts";

const pollSeconds = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const pollGapSeconds = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What live streams are asked for when somebody reads. */
export interface LiveCounts {
  readonly streams: { readonly size: number };
  /** Sessions that are followed. */
  readonly sessions: number;
}

/** Counts what live streams tell. */
export class TailMetrics implements TailObserver {
  readonly #registry: Registry;
  readonly #frames: Tally;
  readonly #closings: Tally;
  readonly #reads: Tally;
  readonly #polls: Distribution;
  readonly #gaps: Distribution;
  readonly #moved: Tally;
  readonly #failures: Tally;
  #log: Logger | undefined;
  #failing = false;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#frames = new Tally(registry, "sessiond_tail_frames_total", "Frames of streams that follow.", [
      "kind",
    ]);
    this.#closings = new Tally(
      registry,
      "sessiond_tail_closings_total",
      "Live streams that the server ended with a closing frame, by reason.",
      ["reason"],
    );
    this.#reads = new Tally(
      registry,
      "sessiond_tail_reads_total",
      "Reads of followed sessions, from the store or of what was just appended; tails at the same place share one.",
      ["source"],
    );
    this.#polls = new Distribution(
      registry,
      "sessiond_tail_poll_duration_seconds",
      "Questions to the database which followed sessions moved.",
      pollSeconds,
    );
    this.#gaps = new Distribution(
      registry,
      "sessiond_tail_poll_gap_seconds",
      "From one such question to the next: how late a change of another server may be seen.",
      pollGapSeconds,
    );
    this.#moved = new Tally(
      registry,
      "sessiond_tail_poll_moved_total",
      "Followed sessions that such a question found changed by another server.",
    );
    this.#failures = new Tally(registry, "sessiond_tail_poll_failures_total", "Such questions that failed.");
  }

  /** Takes over what live streams know of themselves, and the log for what fails. Call once. */
  watch(live: LiveCounts, log: Logger): void {
    this.#log = log;
    const gauge = (name: string, help: string, value: () => number): void =>
      register(this.#registry, { kind: "gauge", name, help, read: () => [{ labels: {}, value: value() }] });
    gauge("sessiond_tails_open", "Live streams that are open.", () => live.streams.size);
    gauge("sessiond_tails_sessions", "Sessions that they follow.", () => live.sessions);
  }

  frame(kind: string): void {
    this.#frames.add(1, kind);
  }

  closed(reason: string): void {
    this.#closings.add(1, reason);
  }

  read(source: "store" | "appended"): void {
    this.#reads.add(1, source);
  }

  polled({ seconds, gapSeconds, moved }: Poll): void {
    this.#polls.observe(seconds);
    if (gapSeconds !== undefined) this.#gaps.observe(gapSeconds);
    this.#moved.add(moved);
    if (this.#failing) this.#log?.info("changes of other servers are seen again");
    this.#failing = false;
  }

  pollFailed(cause: unknown): void {
    this.#failures.add(1);
    // Once, not every second for as long as the database is away.
    if (!this.#failing) this.#log?.warn({ cause }, "changes of other servers cannot be seen at the moment");
    this.#failing = true;
  }
}
