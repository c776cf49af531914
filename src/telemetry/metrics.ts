/** Every metric of a server, in the text form that Prometheus reads. No label is an id or any other text of a caller's. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { CommitReport } from "../pipeline/append-pipeline.ts";
import type { CallEnd, CallInfo } from "../server/call-observer.ts";
import { version } from "../version.ts";
import { register } from "./read-metric.ts";
import { StoreMetrics } from "./store-metrics.ts";

const callSeconds = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const streamSeconds = [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120, 600, 3_600];
const waitSeconds = [0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];
const groupSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/** What runs now, for gauges. */
export interface Running {
  /** Calls and streams in flight. */
  calls(): { readonly unary: number; readonly streams: number };
  /** Appends that wait, and bytes of their events. */
  appends(): { readonly appends: number; readonly bytes: number };
  /** Whether the server takes calls. */
  ready(): boolean;
}

/** The metrics of one server. */
export class Metrics {
  readonly store: StoreMetrics;
  readonly #registry = new Registry();
  readonly #calls: Counter<"method" | "code" | "protocol">;
  readonly #callSeconds: Histogram<"method">;
  readonly #streamSeconds: Histogram<"method">;
  readonly #received: Counter<"method">;
  readonly #sent: Counter<"method">;
  readonly #groupAppends: Histogram;
  readonly #groupEvents: Histogram;
  readonly #groupBytes: Counter;
  readonly #waits: Histogram;

  constructor() {
    const registers = [this.#registry];
    new Gauge({
      name: "sessiond_build_info",
      help: "The versions, as labels; always 1.",
      labelNames: ["version", "node"],
      registers,
    }).set({ version, node: process.versions.node }, 1);
    this.#calls = new Counter({
      name: "sessiond_calls_total",
      help: "Calls that ended, by method, status code and protocol.",
      labelNames: ["method", "code", "protocol"],
      registers,
    });
    this.#callSeconds = new Histogram({
      name: "sessiond_call_duration_seconds",
      help: "Unary calls, from their headers to their answer.",
      labelNames: ["method"],
      buckets: callSeconds,
      registers,
    });
    this.#streamSeconds = new Histogram({
      name: "sessiond_stream_duration_seconds",
      help: "Streams, from their headers to their end.",
      labelNames: ["method"],
      buckets: streamSeconds,
      registers,
    });
    this.#received = new Counter({
      name: "sessiond_received_bytes_total",
      help: "Bytes of requests' messages.",
      labelNames: ["method"],
      registers,
    });
    this.#sent = new Counter({
      name: "sessiond_sent_bytes_total",
      help: "Bytes of answers' messages, counted when the call ends.",
      labelNames: ["method"],
      registers,
    });
    this.#groupAppends = new Histogram({
      name: "sessiond_append_group_appends",
      help: "Appends that were committed together.",
      buckets: groupSizes,
      registers,
    });
    this.#groupEvents = new Histogram({
      name: "sessiond_append_group_events",
      help: "Events that were committed together.",
      buckets: groupSizes,
      registers,
    });
    this.#groupBytes = new Counter({
      name: "sessiond_append_bytes_total",
      help: "Bytes of events that went to the store.",
      registers,
    });
    this.#waits = new Histogram({
      name: "sessiond_append_queue_wait_seconds",
      help: "How long appends waited for the commit before them.",
      buckets: waitSeconds,
      registers,
    });
    this.store = new StoreMetrics(this.#registry);
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
      () => running.appends().appends,
    );
    gauge("sessiond_append_queue_bytes", "Bytes of their events.", () => running.appends().bytes);
    gauge("sessiond_ready", "Whether the server takes calls, at the last look: 1 or 0.", () =>
      running.ready() ? 1 : 0,
    );
  }

  /** A call is over. */
  call(
    { method, caller }: CallInfo,
    { code, seconds, streaming, requestBytes, responseBytes }: CallEnd,
  ): void {
    const labels = { method: method.name };
    this.#calls.inc({ method: method.name, code, protocol: caller.protocol });
    (streaming ? this.#streamSeconds : this.#callSeconds).observe(labels, seconds);
    this.#received.inc(labels, requestBytes);
    this.#sent.inc(labels, responseBytes);
  }

  /** A group of appends goes to the store. */
  commit({ events, bytes, waitedSeconds }: CommitReport): void {
    this.#groupAppends.observe(waitedSeconds.length);
    this.#groupEvents.observe(events);
    this.#groupBytes.inc(bytes);
    for (const seconds of waitedSeconds) this.#waits.observe(seconds);
  }

  /** All of them now, with the content type of the text. */
  async read(): Promise<{ readonly type: string; readonly text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
