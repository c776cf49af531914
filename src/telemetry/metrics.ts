/** Every metric of a server, in the text form that Prometheus reads. No label is an id or any other text of a caller's. */
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { CommitReport } from "../pipeline/group-commit.ts";
import type { CallEnd, CallInfo } from "../server/call-observer.ts";
import { version } from "../version.ts";
import { ListMetrics } from "./list-metrics.ts";
import { register } from "./read-metric.ts";
import { StoreMetrics } from "./store-metrics.ts";
import { TailMetrics } from "./tail-metrics.ts";
import { Distribution, Tally } from "./tally.ts";

const callSeconds = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const streamSeconds = [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120, 600, 3_600];
const waitSeconds = [0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];
const groupSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/** What runs now, for gauges. */
export interface Running {
  /** Calls and streams in flight. */
  calls(): { readonly unary: number; readonly streams: number };
  /** Appends and creates that wait, and their bytes. */
  writes(): {
    readonly appends: { readonly calls: number; readonly bytes: number };
    readonly creates: { readonly calls: number };
  };
  /** Whether the server takes calls. */
  ready(): boolean;
}

/** The metrics of one server. */
export class Metrics {
  readonly store: StoreMetrics;
  /** Those of live streams. */
  readonly tails: TailMetrics;
  /** Those of live lists beside. */
  readonly lists: ListMetrics;
  readonly #registry = new Registry();
  readonly #calls: Tally;
  readonly #callSeconds: Distribution;
  readonly #streamSeconds: Distribution;
  readonly #received: Tally;
  readonly #sent: Tally;
  readonly #groupAppends: Distribution;
  readonly #groupEvents: Distribution;
  readonly #groupBytes: Tally;
  readonly #waits: Distribution;
  readonly #groupCreates: Distribution;
  readonly #createWaits: Distribution;

  constructor() {
    new Gauge({
      name: "sessiond_build_info",
      help: "The versions, as labels; always 1.",
      labelNames: ["version", "node"],
      registers: [this.#registry],
    }).set({ version, node: process.versions.node }, 1);
    const registry = this.#registry;
    this.#calls = new Tally(
      registry,
      "sessiond_calls_total",
      "Calls that ended, by method, status code and protocol.",
      ["method", "code", "protocol"],
    );
    this.#callSeconds = new Distribution(
      registry,
      "sessiond_call_duration_seconds",
      "Unary calls, from their headers to their answer.",
      callSeconds,
      "method",
    );
    this.#streamSeconds = new Distribution(
      registry,
      "sessiond_stream_duration_seconds",
      "Streams, from their headers to their end.",
      streamSeconds,
      "method",
    );
    this.#received = new Tally(registry, "sessiond_received_bytes_total", "Bytes of requests' messages.", [
      "method",
    ]);
    this.#sent = new Tally(
      registry,
      "sessiond_sent_bytes_total",
      "Bytes of answers' messages, counted when the call ends.",
      ["method"],
    );
    this.#groupAppends = new Distribution(
      registry,
      "sessiond_append_group_appends",
      "Appends that were committed together.",
      groupSizes,
    );
    this.#groupEvents = new Distribution(
      registry,
      "sessiond_append_group_events",
      "Events that were committed together.",
      groupSizes,
    );
    this.#groupBytes = new Tally(
      registry,
      "sessiond_append_bytes_total",
      "Bytes of events that went to the store.",
    );
    this.#waits = new Distribution(
      registry,
      "sessiond_append_queue_wait_seconds",
      "How long appends waited for the commit before them.",
      waitSeconds,
    );
    this.#groupCreates = new Distribution(
      registry,
      "sessiond_create_group_creates",
      "Creates of sessions that were committed together.",
      groupSizes,
    );
    this.#createWaits = new Distribution(
      registry,
      "sessiond_create_queue_wait_seconds",
      "How long creates of sessions waited for the commit before them.",
      waitSeconds,
    );
    this.store = new StoreMetrics(this.#registry);
    this.tails = new TailMetrics(this.#registry);
    this.lists = new ListMetrics(this.#registry);
  }

  /** Adds what Node and the process tell of themselves: memory, CPU, event loop, garbage collection. Call once. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Adds gauges of what runs. Call once. */
  watch(running: Running): void {
    const gauge = (name: string, help: string, value: () => number): void =>
      register(this.#registry, { kind: "gauge", name, help, read: () => [{ labels: {}, value: value() }] });
    gauge("sessiond_calls_in_flight", "Unary calls that run now.", () => running.calls().unary);
    gauge("sessiond_streams_open", "Streams that are open now.", () => running.calls().streams);
    gauge(
      "sessiond_append_queue_appends",
      "Appends that wait for the commit before them.",
      () => running.writes().appends.calls,
    );
    gauge("sessiond_append_queue_bytes", "Bytes of their events.", () => running.writes().appends.bytes);
    gauge(
      "sessiond_create_queue_creates",
      "Creates of sessions that wait for the commit before them.",
      () => running.writes().creates.calls,
    );
    gauge("sessiond_ready", "Whether the server takes calls, at the last look: 1 or 0.", () =>
      running.ready() ? 1 : 0,
    );
  }

  /** A call is over. */
  call(
    { method, caller }: CallInfo,
    { code, seconds, streaming, requestBytes, responseBytes }: CallEnd,
  ): void {
    const { name } = method;
    this.#calls.add(1, name, code, caller.protocol);
    (streaming ? this.#streamSeconds : this.#callSeconds).observe(seconds, name);
    this.#received.add(requestBytes, name);
    this.#sent.add(responseBytes, name);
  }

  /** A group of appends goes to the store. */
  appends({ items, bytes, waitedSeconds }: CommitReport): void {
    this.#groupAppends.observe(waitedSeconds.length);
    this.#groupEvents.observe(items);
    this.#groupBytes.add(bytes);
    for (const seconds of waitedSeconds) this.#waits.observe(seconds);
  }

  /** A group of creates goes to the store. */
  creates({ waitedSeconds }: CommitReport): void {
    this.#groupCreates.observe(waitedSeconds.length);
    for (const seconds of waitedSeconds) this.#createWaits.observe(seconds);
  }

  /** All of them now, with the content type of the text. */
  async read(): Promise<{ readonly type: string; readonly text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
