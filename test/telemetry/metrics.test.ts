/** What /metrics shows of a real server, and that the dashboard asks for nothing else. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  connect,
  type Data,
  failureOf,
  newData,
  newEvent,
  type Server,
  startServer,
  storeNames,
} from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";

const root = join(import.meta.dirname, "../..");

/** A sample of the text form: `name{labels} value`. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

async function scrape(server: Server): Promise<{ text: string; samples: Sample[] }> {
  const response = await fetch(`${server.httpUrl}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const samples = lines.map((line): Sample => {
    const [, name = "", labels = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
    return { name, labels: Object.fromEntries(pairs), value: Number(value) };
  });
  return { text, samples };
}

/** The sum of a metric's samples that have the labels. */
function sum(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const matches = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  );
  expect(matches.length, `${name} ${JSON.stringify(labels)}`).toBeGreaterThan(0);
  return matches.reduce((total, { value }) => total + value, 0);
}

describe.each(storeNames)("%s", (store) => {
  let data: Data;
  let server: Server;
  let scraped: Awaited<ReturnType<typeof scrape>>;
  const key = { appName: "ID-of-app", userId: "ID-of-user", sessionId: "ID-of-session" };

  beforeAll(async () => {
    data = await newData(store);
    server = await startServer({ store: data.url });
    const grpc = connect("grpc-js", server);
    const web = connect("connect-web JSON", server);
    await grpc.createSession({ key, state: { "app:ID-of-key": '"CONTENT"' } });
    for (let at = 0; at < 3; at++) {
      await grpc.appendEvent({ key, event: newEvent({ content: '{"text":"CONTENT"}' }) });
    }
    await web.getSession({ key });
    await failureOf(web.getSession({ key: { ...key, sessionId: "ID-of-none" } }));
    await grpc.close();
    await web.close();
    scraped = await scrape(server);
  }, serverTimeout);

  afterAll(async () => {
    await server?.kill();
    await data?.drop();
  });

  test("calls are counted by method, code and protocol, with their times and bytes", () => {
    const { samples } = scraped;
    const calls = (labels: Record<string, string>) => sum(samples, "sessiond_calls_total", labels);
    expect(calls({ method: "AppendEvent", code: "ok", protocol: "grpc" })).toBe(3);
    expect(calls({ method: "GetSession", code: "ok", protocol: "connect" })).toBe(1);
    expect(calls({ method: "GetSession", code: "not_found" })).toBe(1);
    const append = { method: "AppendEvent" };
    expect(sum(samples, "sessiond_call_duration_seconds_count", append)).toBe(3);
    expect(sum(samples, "sessiond_call_duration_seconds_bucket", { ...append, le: "+Inf" })).toBe(3);
    expect(sum(samples, "sessiond_received_bytes_total", append)).toBeGreaterThan(3 * 20);
    expect(sum(samples, "sessiond_sent_bytes_total", append)).toBeGreaterThan(0);
    expect(sum(samples, "sessiond_calls_in_flight")).toBe(0);
    expect(sum(samples, "sessiond_streams_open")).toBe(0);
  });

  test("appends show their groups and waits", () => {
    const { samples } = scraped;
    expect(sum(samples, "sessiond_append_group_events_sum")).toBe(3);
    expect(sum(samples, "sessiond_append_group_appends_count")).toBe(3);
    expect(sum(samples, "sessiond_append_queue_wait_seconds_count")).toBe(3);
    expect(sum(samples, "sessiond_append_bytes_total")).toBeGreaterThan(3 * 18);
    expect(sum(samples, "sessiond_append_queue_appends")).toBe(0);
    expect(sum(samples, "sessiond_append_queue_bytes")).toBe(0);
  });

  test("the store shows its statements, what a commit is worth, and itself", () => {
    const { samples } = scraped;
    expect(sum(samples, "sessiond_store_statement_duration_seconds_count")).toBeGreaterThan(4);
    expect(sum(samples, "sessiond_store_info")).toBe(1);
    expect([0, 1]).toContain(sum(samples, "sessiond_store_durable"));
    expect(sum(samples, "sessiond_store_durability_setting_info")).toBeGreaterThan(0);
    expect(sum(samples, "sessiond_ready")).toBe(1);
    expect(sum(samples, "sessiond_build_info")).toBe(1);
  });

  test("the pools, where there are any, show their connections and how long calls waited for one", () => {
    const { samples } = scraped;
    if (store === "sqlite") {
      expect(samples.filter(({ name }) => name.startsWith("sessiond_pool_"))).toEqual([]);
      return;
    }
    const most = { writes: 8, reads: 16 };
    for (const [pool, max] of Object.entries(most)) {
      expect(sum(samples, "sessiond_pool_max_connections", { pool })).toBe(max);
      // A look at the database's health may have one of them just now, or wait for one.
      expect(sum(samples, "sessiond_pool_connections", { pool })).toBeGreaterThan(0);
      expect(sum(samples, "sessiond_pool_waiting_calls", { pool })).toBeLessThan(2);
      expect(sum(samples, "sessiond_pool_opened_connections_total", { pool })).toBeGreaterThan(0);
      expect(sum(samples, "sessiond_pool_acquire_duration_seconds_count", { pool })).toBeGreaterThan(0);
    }
  });

  test("the process shows its memory and its event loop", () => {
    const { samples } = scraped;
    expect(sum(samples, "process_resident_memory_bytes")).toBeGreaterThan(1e7);
    expect(sum(samples, "nodejs_eventloop_lag_p99_seconds")).toBeGreaterThan(0);
    expect(sum(samples, "process_cpu_seconds_total")).toBeGreaterThan(0);
  });

  test("no label and no text has an id, a content or a password", () => {
    expect(scraped.text).not.toMatch(/ID-of|CONTENT|127\.0\.0\.1/);
    const labels = new Set(scraped.samples.flatMap((sample) => Object.keys(sample.labels)));
    expect([...labels].filter((label) => /app|user|session|peer|request/.test(label))).toEqual([]);
    // What one server may weigh in Prometheus, with all that these calls touched.
    expect(scraped.samples.length).toBeLessThan(1_500);
  });

  test("the page of facts leads here", async () => {
    expect(await (await fetch(`${server.httpUrl}/about`)).text()).toContain('<a href="/metrics">');
  });

  test("names follow the conventions", () => {
    const types = [...scraped.text.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
    const own = types.filter(([, name]) => name?.startsWith("sessiond_"));
    expect(own.length).toBeGreaterThan(25);
    for (const [, name = "", type] of own) {
      expect(name.endsWith("_total"), name).toBe(type === "counter");
      if (type === "histogram") expect(name).toMatch(/_(seconds|appends|events|creates)$/);
    }
  });

  test("the dashboard asks for metrics that are here", () => {
    const dashboard = JSON.parse(readFileSync(join(root, "docs/grafana/sessiond.json"), "utf8"));
    const queries: string[] = dashboard.panels.flatMap(({ targets = [] }: { targets?: { expr: string }[] }) =>
      targets.map(({ expr }) => expr),
    );
    expect(queries.length).toBeGreaterThan(15);
    const types = new Map(
      [...scraped.text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = "", type = ""]) => [name, type]),
    );
    for (const query of queries) {
      const named = [...query.matchAll(/\b((?:sessiond|process|nodejs)_\w+)/g)].map(([, name = ""]) => name);
      expect(named, query).not.toEqual([]);
      for (const name of named) {
        const base = types.get(name.replace(/_(bucket|sum|count)$/, "")) === "histogram";
        expect(base || types.has(name), `${name} in ${query}`).toBe(true);
      }
    }
  });

  test("no metric is missing in docs/observability.md", () => {
    const page = readFileSync(join(root, "docs/observability.md"), "utf8");
    const names = [...scraped.text.matchAll(/^# TYPE (sessiond_\w+)/gm)].map(([, name = ""]) => name);
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
    const told = [...page.matchAll(/`(sessiond_\w+)`/g)].map(([, name = ""]) => name);
    expect(told.filter((name) => !names.includes(name))).toEqual([]);
  });
});

test("--no-metrics leaves the page out", async () => {
  const data = await newData("sqlite");
  const server = await startServer({ store: data.url, args: ["--no-metrics"] });
  expect((await fetch(`${server.httpUrl}/metrics`)).status).toBe(404);
  expect(await (await fetch(server.httpUrl)).text()).not.toContain("/metrics");
  await server.kill();
  await data.drop();
});
