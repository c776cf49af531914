/**
 * What both front doors do for every call: admission, request id, deadline,
 * cancellation, shutdown, one line in the log.
 */
import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { escapeControls, idForLog } from "../log.ts";
import type { RequestContext } from "../rpc/context.ts";
import { cancelled, deadlineExceeded, RpcError, shuttingDown } from "../rpc/errors.ts";
import { isFault, type Status, toStatus } from "../rpc/status.ts";
import { type CallInfo, type CallObserver, type ObservedCall, unobserved } from "./call-observer.ts";

/** The longest time that a timer takes; longer ones are cut to it. */
const longestTimer = 2 ** 31 - 1;

/** How long streams have for their last words when the server goes down. */
const lastWordsMs = 1_000;

/** Every call that runs in this process. */
export class Calls {
  readonly config: Config;
  readonly log: Logger;
  readonly observer: CallObserver;
  readonly #running = { unary: new Set<Call>(), streams: new Set<Call>() };
  #closing = false;
  #whenIdle: (() => void) | undefined;

  constructor(config: Config, log: Logger, observer: CallObserver = unobserved) {
    this.config = config;
    this.log = log;
    this.observer = observer;
  }

  /** Begins a call. It must end in `succeed` or `fail`. */
  begin(info: CallInfo): Call {
    return new Call(this, info);
  }

  /** How many calls run now. */
  get running(): { readonly unary: number; readonly streams: number } {
    return { unary: this.#running.unary.size, streams: this.#running.streams.size };
  }

  /**
   * Refuses new calls, tells streams to move, and resolves when all are over. Streams that do
   * not end by themselves within a second are ended. After `graceMs` the unary calls that still
   * run are told to retry elsewhere, and nobody waits for them.
   */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    for (const call of this.#running.streams) call.stop();
    if (this.#idle) return;
    const cutStreams = setTimeout(
      () => {
        for (const call of this.#running.streams) call.abort(shuttingDown());
      },
      Math.min(lastWordsMs, graceMs / 2),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenIdle = resolve;
    const timer = setTimeout(() => {
      for (const call of this.#running.unary) call.abort(shuttingDown());
      resolve();
    }, graceMs);
    await promise;
    clearTimeout(cutStreams);
    clearTimeout(timer);
  }

  /** Takes a place for a call. @throws RpcError SERVER_BUSY, SHUTTING_DOWN */
  admit(call: Call): void {
    if (this.#closing) throw shuttingDown();
    const running = this.#placesOf(call);
    const limit = call.streaming ? this.config.maxConcurrentStreams : this.config.maxConcurrentCalls;
    if (running.size >= limit) {
      const what = call.streaming ? "streams are open" : "calls are running";
      throw new RpcError(
        "SERVER_BUSY",
        `${limit} ${what} here already. Retry after the delay in RetryInfo.`,
        {
          facts: { limit: String(limit) },
        },
      );
    }
    running.add(call);
  }

  /** Gives the place back. */
  release(call: Call): void {
    this.#placesOf(call).delete(call);
    if (this.#idle) this.#whenIdle?.();
  }

  #placesOf(call: Call): Set<Call> {
    return call.streaming ? this.#running.streams : this.#running.unary;
  }

  get #idle(): boolean {
    return this.#running.unary.size === 0 && this.#running.streams.size === 0;
  }
}

/** One call from its headers to its status. */
export class Call {
  readonly context: RequestContext;
  readonly streaming: boolean;
  /** Headers that the RPC set, names in lower case; `x-request-id` is always there. */
  readonly headers = new Map<string, string>();
  requestBytes = 0;
  responseBytes = 0;

  readonly #calls: Calls;
  readonly #info: CallInfo;
  readonly #observed: ObservedCall;
  readonly #abort = new AbortController();
  #stop: AbortController | undefined;
  readonly #began = performance.now();
  readonly #facts: Record<string, string | number | boolean> = {};
  readonly #timer: NodeJS.Timeout | undefined;
  #request: unknown;
  #admitted = false;
  #messages = 0;
  #over = false;
  #settled = true;

  constructor(calls: Calls, info: CallInfo) {
    this.#calls = calls;
    this.#info = info;
    this.#observed = calls.observer.began(info);
    this.streaming = info.method.methodKind !== "unary";
    const requestId = saneRequestId(info.requestId) ?? randomUUID();
    this.headers.set("x-request-id", requestId);
    const timeoutMs = this.#timeout();
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => this.abort(deadlineExceeded()), timeoutMs);
    }
    // Most calls write nothing but their one line at the end: a log of their own is made when asked for.
    let log: Logger | undefined;
    this.context = {
      requestId,
      method: info.method.name,
      signal: this.#abort.signal,
      stopSignal: () => {
        this.#stop ??= new AbortController();
        return this.#stop.signal;
      },
      deadlineMs: timeoutMs === undefined ? undefined : Date.now() + timeoutMs,
      caller: info.caller,
      get log() {
        log ??= calls.log.child({ requestId, method: info.method.name });
        return log;
      },
      setHeader: (name, value) => void this.headers.set(name, value),
      annotate: (facts) => void Object.assign(this.#facts, facts),
    };
  }

  /** Whether it has succeeded or failed. */
  get over(): boolean {
    return this.#over;
  }

  /** Aborts when the call must end early; the reason is an RpcError. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Takes a place and checks what the caller said of time. @throws RpcError */
  admit(): void {
    this.#calls.admit(this);
    this.#admitted = true;
    if (Number.isNaN(this.#info.timeoutMs)) {
      throw new RpcError("MALFORMED_MESSAGE", "The timeout of the call cannot be read.");
    }
    this.signal.throwIfAborted();
  }

  /** Does work of this call, so that what the store does meanwhile is known as the call's. */
  run<T>(work: () => T): T {
    return this.#observed.run(work);
  }

  /** Tells the call its request, whose ids the log names. */
  received(request: unknown): void {
    this.#request = request;
  }

  /** Counts a message that was sent. */
  sent(bytes: number): void {
    this.responseBytes += bytes;
    this.#messages++;
  }

  /** Ends the call early: deadline, cancellation, shutdown. The first reason counts. */
  abort(reason: RpcError): void {
    if (!this.#over) this.#abort.abort(reason);
  }

  /** The server goes down: a stream that wants to ends in its own words, any other is aborted. */
  stop(): void {
    if (this.#stop === undefined) this.abort(shuttingDown());
    else this.#stop.abort(shuttingDown());
  }

  /** The caller went away. */
  cancel(): void {
    if (this.#over) return;
    const { deadlineMs } = this.context;
    this.abort(deadlineMs !== undefined && Date.now() >= deadlineMs ? deadlineExceeded() : cancelled());
  }

  /**
   * Runs work of this call and rejects as soon as the call is aborted. The call keeps its
   * place until the work itself has ended, so that abandoned work counts against the limit.
   */
  async race<T>(work: Promise<T>): Promise<T> {
    this.#settled = false;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(this.signal.reason);
    if (this.signal.aborted) onAbort();
    else this.signal.addEventListener("abort", onAbort, { once: true });
    const settled = (): void => {
      this.#settled = true;
      this.signal.removeEventListener("abort", onAbort);
      if (this.#over) this.#release();
    };
    work.then(settled, settled);
    return Promise.race([work, aborted]);
  }

  /** Ends the call well. */
  succeed(): void {
    this.#end(undefined);
  }

  /** Ends the call with an error and says what the caller is told of it. */
  fail(error: unknown): Status {
    const status = toStatus(error, this.context.requestId);
    this.#end(status);
    return status;
  }

  #end(status: Status | undefined): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const ms = performance.now() - this.#began;
    this.#tell(status, ms);
    this.#write(status, ms);
    // Whatever still works for this call learns that nobody waits for it.
    if (!this.signal.aborted && !this.#settled) this.#abort.abort(cancelled());
    if (this.#settled) this.#release();
  }

  #release(): void {
    if (!this.#admitted) return;
    this.#admitted = false;
    this.#calls.release(this);
  }

  /** How long this call may take: what the caller says or the method's default, within the cap. */
  #timeout(): number | undefined {
    const { deadlines, maxDeadline } = this.#calls.config;
    const { method, timeoutMs } = this.#info;
    const asked = timeoutMs === undefined || Number.isNaN(timeoutMs) ? undefined : Math.max(0, timeoutMs);
    const wanted = asked ?? (deadlines.get(method.name) || undefined);
    if (wanted === undefined) return undefined;
    return Math.min(wanted, this.streaming ? longestTimer : maxDeadline);
  }

  #tell(status: Status | undefined, ms: number): void {
    this.#observed.ended({
      code: codeOf(status),
      status: status?.code ?? 0,
      reason: status?.reason,
      fault: status !== undefined && isFault(status),
      seconds: ms / 1000,
      streaming: this.streaming,
      requestBytes: this.requestBytes,
      responseBytes: this.responseBytes,
    });
  }

  #write(status: Status | undefined, ms: number): void {
    const { config } = this.#calls;
    const { requestId, method, caller } = this.context;
    const { log } = this.#calls;
    const code = codeOf(status);
    const { traceId } = this.#observed;
    const internal = status?.reason === "INTERNAL";
    const slow = !this.streaming && ms > config.slowCall;
    const level = internal ? "error" : slow || (status !== undefined && isFault(status)) ? "warn" : "info";
    if (!log.isLevelEnabled(level)) return;
    log[level](
      {
        requestId,
        ...(traceId === undefined ? {} : { traceId }),
        method,
        code,
        ...(status === undefined ? {} : { reason: status.reason }),
        ms: Math.round(ms * 1000) / 1000,
        requestBytes: this.requestBytes,
        responseBytes: this.responseBytes,
        ...(this.streaming ? { messages: this.#messages } : {}),
        ...this.#ids(config),
        ...escapeFacts(this.#facts),
        protocol: caller.protocol,
        peer: caller.peer,
        userAgent: escapeControls(caller.userAgent),
        ...(slow ? { slow } : {}),
        ...(internal || (status !== undefined && isFault(status)) ? { cause: status?.cause } : {}),
      },
      `${method} ${code}`,
    );
  }

  #ids(config: Config): Record<string, string> {
    const key = (
      this.#request as { key?: Partial<Record<"appName" | "userId" | "sessionId", string>> } | undefined
    )?.key;
    const ids: Record<string, string> = {};
    for (const [name, field] of [
      ["app", key?.appName],
      ["user", key?.userId],
      ["session", key?.sessionId],
    ] as const) {
      const shown = field ? idForLog(field, config.logIds) : undefined;
      if (shown !== undefined) ids[name] = shown;
    }
    return ids;
  }
}

function codeOf(status: Status | undefined): string {
  return status === undefined ? "ok" : codeName(status.code);
}

/** A code as its canonical name in lower case: `deadline_exceeded`. */
export function codeName(code: Code): string {
  return (Code[code] ?? "unknown").replace(/(?<=[a-z])[A-Z]/g, "_$&").toLowerCase();
}

function saneRequestId(given: string | undefined): string | undefined {
  return given !== undefined && /^[A-Za-z0-9._:+/=-]{1,128}$/.test(given) ? given : undefined;
}

function escapeFacts(facts: Readonly<Record<string, string | number | boolean>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [
      name,
      typeof fact === "string" ? escapeControls(fact) : fact,
    ]),
  );
}
