/**
 * OpenTelemetry spans of calls and statements, where the OTEL_ variables ask for them. The SDK is loaded
 * only then. No attribute is an id, a content, a state or an address of a caller's.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { Sampler, TracerProvider } from "@opentelemetry/sdk-trace";
import { UsageError } from "../config/usage.ts";
import type { CallInfo, ObservedCall } from "../server/call-observer.ts";
import type { StatementEnd } from "../store/observer.ts";
import { version } from "../version.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** How long the last spans may take to leave, in milliseconds. */
const flushMs = 2_000;

/** Makes spans. */
export class Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #propagator: TextMapPropagator;
  readonly #current = new AsyncLocalStorage<Context>();

  constructor(provider: TracerProvider, propagator: TextMapPropagator) {
    this.#provider = provider;
    this.#tracer = provider.getTracer("sessiond", version);
    this.#propagator = propagator;
  }

  /** Begins the span of a call, in its caller's trace if it has one. */
  call({ method, caller, traceParent, traceState }: CallInfo): ObservedCall {
    const carrier = { traceparent: traceParent, tracestate: traceState };
    const parent = this.#propagator.extract(ROOT_CONTEXT, carrier, {
      keys: Object.keys,
      get: (from: typeof carrier, name) => from[name as keyof typeof carrier],
    });
    const span = this.#tracer.startSpan(
      `${method.parent.typeName}/${method.name}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          "rpc.system": caller.protocol === "grpc" ? "grpc" : "connect_rpc",
          "rpc.service": method.parent.typeName,
          "rpc.method": method.name,
          "sessiond.protocol": caller.protocol,
        },
      },
      parent,
    );
    const context = trace.setSpan(parent, span);
    return {
      traceId: span.spanContext().traceId,
      run: (work) => this.#current.run(context, work),
      ended({ status, reason, fault, requestBytes, responseBytes }) {
        span.setAttribute("rpc.grpc.status_code", status);
        span.setAttribute("sessiond.request_bytes", requestBytes);
        span.setAttribute("sessiond.response_bytes", responseBytes);
        if (reason !== undefined) span.setAttribute("error.type", reason);
        if (fault) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  /** Begins the span of a statement of the call that runs now; nothing for what no call asked for. */
  statement(name: string): StatementEnd | undefined {
    const context = this.#current.getStore();
    if (context === undefined) return undefined;
    const span = this.#tracer.startSpan(
      name,
      { kind: SpanKind.CLIENT, attributes: { "db.query.summary": name } },
      context,
    );
    return (failed) => {
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    };
  }

  /** Sends the spans that are left, within a bound. Never rejects. */
  async close(): Promise<void> {
    await this.#provider.forceFlush({ timeoutMillis: flushMs }).catch(() => {});
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, flushMs);
    await Promise.race([this.#provider.shutdown().catch(() => {}), promise]);
    clearTimeout(timer);
  }
}

/**
 * Starts tracing if OTEL_TRACES_EXPORTER or an OTLP endpoint is set and neither OTEL_SDK_DISABLED nor the
 * exporter `none` speaks against it.
 * @throws UsageError for an exporter or a protocol that is not here
 */
export async function startTracing(environment: Environment): Promise<Tracing | undefined> {
  const exporter = environment["OTEL_TRACES_EXPORTER"] || undefined;
  const endpoint =
    environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] || environment["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (/^true$/i.test(environment["OTEL_SDK_DISABLED"] ?? "")) return undefined;
  if (exporter === "none" || (exporter === undefined && !endpoint)) return undefined;
  if (exporter !== undefined && exporter !== "otlp" && exporter !== "console") {
    throw new UsageError(
      `OTEL_TRACES_EXPORTER is one of otlp, console, none, not ${JSON.stringify(exporter)}`,
    );
  }
  const protocol =
    environment["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] || environment["OTEL_EXPORTER_OTLP_PROTOCOL"];
  if (exporter !== "console" && protocol && protocol !== "http/protobuf") {
    throw new UsageError(
      `OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf (port 4318 of a collector), not ${JSON.stringify(protocol)}`,
    );
  }
  const [sdk, { W3CTraceContextPropagator }, resources] = await Promise.all([
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/core"),
    import("@opentelemetry/resources"),
  ]);
  const processor =
    exporter === "console"
      ? new sdk.SimpleSpanProcessor({ exporter: new sdk.ConsoleSpanExporter() })
      : new sdk.BatchSpanProcessor({
          exporter: new (await import("@opentelemetry/exporter-trace-otlp-proto")).OTLPTraceExporter(),
        });
  const named = resources.resourceFromAttributes({ "service.name": "sessiond", "service.version": version });
  const asked = resources.detectResources({
    detectors: [resources.resourceAttributesEnvDetector, resources.serviceNameEnvDetector],
  });
  const provider = new sdk.TracerProvider({
    resource: named.merge(asked),
    sampler: samplerOf(sdk, environment),
    spanProcessors: [processor],
  });
  return new Tracing(provider, new W3CTraceContextPropagator());
}

/** The sampler that OTEL_TRACES_SAMPLER and its argument name, which the SDK does not read. @throws UsageError */
function samplerOf(sdk: typeof import("@opentelemetry/sdk-trace"), environment: Environment): Sampler {
  const name = environment["OTEL_TRACES_SAMPLER"] || "parentbased_always_on";
  const ratio = Number(environment["OTEL_TRACES_SAMPLER_ARG"] || 1);
  const [, parentBased, kind] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? [];
  if (kind === undefined || !(ratio >= 0 && ratio <= 1)) {
    throw new UsageError(
      "OTEL_TRACES_SAMPLER is always_on, always_off or traceidratio, or one of them after parentbased_; " +
        "OTEL_TRACES_SAMPLER_ARG is a ratio from 0 to 1",
    );
  }
  const root =
    kind === "always_on"
      ? new sdk.AlwaysOnSampler()
      : kind === "always_off"
        ? new sdk.AlwaysOffSampler()
        : new sdk.TraceIdRatioBasedSampler(ratio);
  return parentBased === undefined ? root : new sdk.ParentBasedSampler({ root });
}
