/** Spans of calls and statements, and that they show nothing of whose they are. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { describe, expect, test } from "vitest";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { UsageError } from "../../src/config/usage.ts";
import { RpcError } from "../../src/rpc/errors.ts";
import { startTracing, Tracing } from "../../src/telemetry/tracing.ts";
import { connect, newData, newEvent, newKey, startServer } from "../api/harness.ts";
import { cleanup, testServer } from "../server/support.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const callerSpan = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${callerSpan}-01`;
const key = { appName: "ID-of-app", userId: "ID-of-user", sessionId: "ID-of-session" };
const { getSession } = SessionService.method;

function inMemory(): { tracing: Tracing; exporter: InMemorySpanExporter } {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  return { tracing: new Tracing(provider, new W3CTraceContextPropagator()), exporter };
}

describe("a call", () => {
  async function traced() {
    const { tracing, exporter } = inMemory();
    const server = await testServer(
      {
        getSession: async ({ key }) => {
          await Promise.resolve();
          tracing.statement("SELECT adk_sessions")?.(key?.sessionId === "none");
          if (key?.sessionId === "none") throw new RpcError("STORE_UNAVAILABLE", "The store is away.");
          return {};
        },
        streamEvents: async function* () {
          yield { cursor: "one" };
          tracing.statement("SELECT adk_events")?.(false);
        },
      },
      {},
      undefined,
      { observer: { began: (info) => tracing.call(info) } },
    );
    return { server, exporter };
  }

  test.each(["grpc", "connect"] as const)(
    "is a span in its caller's trace, with its statements below (%s)",
    async (door) => {
      const { server, exporter } = await traced();
      if (door === "grpc") await server.grpc().call(getSession, { key }, { metadata: { traceparent } });
      else await server.connect().getSession({ key }, { headers: { traceparent } });
      const line = await server.logged((line) => line["method"] === "GetSession");
      expect(line["traceId"]).toBe(traceId);
      const [statement, call] = exporter.getFinishedSpans();
      expect(call?.name).toBe("sessiond.v1.SessionService/GetSession");
      expect(call?.parentSpanContext).toMatchObject({ traceId, spanId: callerSpan });
      expect(call?.attributes).toMatchObject({ "rpc.method": "GetSession", "rpc.grpc.status_code": 0 });
      expect(statement?.name).toBe("SELECT adk_sessions");
      expect(statement?.parentSpanContext?.spanId).toBe(call?.spanContext().spanId);
      const shown = exporter
        .getFinishedSpans()
        .map(({ name, attributes, events }) => [name, attributes, events]);
      expect(JSON.stringify(shown)).not.toMatch(/ID-of|127\.0\.0\.1/);
    },
  );

  test("that fails by the server's fault is marked, with the reason", async () => {
    const { server, exporter } = await traced();
    const call = server.grpc().call(getSession, { key: { ...key, sessionId: "none" } });
    await expect(call).rejects.toMatchObject({ reason: "STORE_UNAVAILABLE" });
    const [statement, span] = exporter.getFinishedSpans();
    expect(statement?.status.code).toBe(2);
    expect(span?.status.code).toBe(2);
    expect(span?.attributes).toMatchObject({ "error.type": "STORE_UNAVAILABLE", "rpc.grpc.status_code": 14 });
  });

  test("without a trace, or with one that cannot be read, begins one", async () => {
    const { server, exporter } = await traced();
    const client = server.grpc();
    await client.call(getSession, { key });
    await client.call(getSession, { key }, { metadata: { traceparent: "00-zz-1-01" } });
    const calls = exporter.getFinishedSpans().filter(({ name }) => name.includes("GetSession"));
    expect(calls.map((span) => span.parentSpanContext)).toEqual([undefined, undefined]);
    expect(new Set(calls.map((span) => span.spanContext().traceId)).size).toBe(2);
  });

  test("that streams keeps its statements over all its messages", async () => {
    const { server, exporter } = await traced();
    for await (const _ of server.connect().streamEvents({ key }, { headers: { traceparent } }));
    await server.logged((line) => line["method"] === "StreamEvents");
    const names = exporter.getFinishedSpans().map(({ name }) => name);
    expect(names).toEqual(["SELECT adk_events", "sessiond.v1.SessionService/StreamEvents"]);
  });
});

test("no statement outside of a call makes a span", () => {
  const { tracing, exporter } = inMemory();
  expect(tracing.statement("SELECT 1")).toBeUndefined();
  expect(exporter.getFinishedSpans()).toEqual([]);
});

describe("the environment", () => {
  test.each<Record<string, string>>([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: "" },
    { OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" },
    { OTEL_SDK_DISABLED: "true", OTEL_TRACES_EXPORTER: "otlp" },
  ])("asks for no traces: %j", async (environment) => {
    expect(await startTracing(environment)).toBeUndefined();
  });

  test.each<[Record<string, string>, RegExp]>([
    [{ OTEL_TRACES_EXPORTER: "zipkin" }, /OTEL_TRACES_EXPORTER is one of otlp, console, none, not "zipkin"/],
    [{ OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /is http\/protobuf .*not "grpc"/],
    [{ OTEL_TRACES_EXPORTER: "console", OTEL_TRACES_SAMPLER: "some" }, /OTEL_TRACES_SAMPLER is always_on/],
    [{ OTEL_TRACES_EXPORTER: "console", OTEL_TRACES_SAMPLER_ARG: "2" }, /OTEL_TRACES_SAMPLER_ARG is a ratio/],
  ])("is refused: %j", async (environment, message) => {
    await expect(startTracing(environment)).rejects.toThrow(UsageError);
    await expect(startTracing(environment)).rejects.toThrow(message);
  });

  test("sends a server's spans to the collector that it names, and the last ones at the end", async () => {
    const bodies: Buffer[] = [];
    const collector = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.url === "/v1/traces") bodies.push(Buffer.concat(chunks));
      response.end();
    });
    await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
    cleanup(() => collector.close());
    const data = await newData("sqlite");
    cleanup(() => data.drop());
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    const server = await startServer({
      store: data.url,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: "my-sessions" },
    });
    cleanup(() => server.kill());
    const mine = newKey();
    const api = connect("grpc-js", server);
    await api.createSession({ key: mine });
    await api.appendEvent({ key: mine, event: newEvent({ content: '{"text":"CONTENT"}' }) });
    await api.close();
    expect((await server.stop()).code).toBe(0);
    const sent = Buffer.concat(bodies).toString("latin1");
    for (const name of ["/CreateSession", "/AppendEvent", "append", "my-sessions"])
      expect(sent).toContain(name);
    for (const secret of ["CONTENT", mine.appName, mine.userId, mine.sessionId]) {
      expect(sent).not.toContain(secret);
    }
  });
});
