/** The RPCs over a real SQLite store, called as a front door calls them: through the codec, both ways. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { pino } from "pino";
import {
  BadRequestSchema,
  type ErrorInfo,
  ErrorInfoSchema,
} from "../../gen/ts/google/rpc/error_details_pb.ts";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { engineOptions } from "../../src/cli/migrate.ts";
import { defaultLimits, type Limits } from "../../src/config/limits.ts";
import { configWith } from "../../src/config.ts";
import { WritePipeline } from "../../src/pipeline/write-pipeline.ts";
import type { RequestContext } from "../../src/rpc/context.ts";
import { type Answer, answerBytes } from "../../src/rpc/encoded-message.ts";
import type { Handlers } from "../../src/rpc/handler.ts";
import { createHandlers } from "../../src/rpc/index.ts";
import { type Status, toStatus } from "../../src/rpc/status.ts";
import { engineFor } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { withNotices } from "../../src/tails/notices.ts";
import { defaultTailOptions, type TailOptions } from "../../src/tails/options.ts";
import { Tails } from "../../src/tails/tails.ts";

const log = pino({ level: "silent" });

/** A server's inside over a fresh database. */
export class Service {
  readonly store: Store;
  readonly pipeline: WritePipeline;
  readonly handlers: Handlers;
  /** The server's clock; every reading moves it on by a millisecond. */
  nowMicros = 1_700_000_000_000_000;
  private readonly folder: string;

  readonly tails: Tails;
  /** The store that tails read: the one that does not tell them of changes. */
  readonly opened: Store;

  private constructor(opened: Store, folder: string, limits: Limits, options: TailOptions) {
    this.tails = new Tails({ store: opened, limits, options });
    this.opened = opened;
    const store = withNotices(opened, this.tails);
    this.store = store;
    this.folder = folder;
    this.pipeline = new WritePipeline(store, {
      maxQueued: limits.appendQueueCalls,
      maxQueuedBytes: limits.appendQueueBytes,
      maxCommits: 1,
    });
    this.handlers = createHandlers({
      store,
      tails: this.tails,
      pipeline: this.pipeline,
      limits,
      clock: () => {
        this.nowMicros += 1_000;
        return this.nowMicros;
      },
    });
  }

  static async open(limits: Partial<Limits> = {}, tails: Partial<TailOptions> = {}): Promise<Service> {
    const folder = mkdtempSync(join(tmpdir(), "sessiond-rpc-"));
    const url = `sqlite:${join(folder, "test.db")}`;
    const options = {
      ...engineOptions(configWith(), log),
      writeConnections: 1,
      readConnections: 2,
      acquireTimeoutMs: 10_000,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 10_000,
    };
    await engineFor(url).migrate(url, { ...options, dryRun: false });
    const store = await engineFor(url).open(url, options);
    return new Service(store, folder, { ...defaultLimits, ...limits }, { ...defaultTailOptions, ...tails });
  }

  async close(): Promise<void> {
    await this.pipeline.drain();
    this.tails.close();
    await this.store.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Calls a unary method. */
  async call<K extends UnaryName>(
    name: K,
    request: MessageInitShape<Methods[K]["input"]>,
    context: RequestContext = newContext(name),
  ): Promise<MessageShape<Methods[K]["output"]>> {
    const method: DescMethod = SessionService.method[name];
    const handler = this.handlers[name] as (
      request: unknown,
      context: RequestContext,
    ) => Promise<Answer<Methods[K]["output"]>>;
    const answer = await handler(received(method.input, request), context);
    return answered(method.output, answer) as MessageShape<Methods[K]["output"]>;
  }

  /** Opens a stream; its frames come as the caller asks for them. */
  async *stream(
    request: MessageInitShape<Methods["streamEvents"]["input"]>,
    context: RequestContext = newContext("streamEvents"),
  ): AsyncGenerator<MessageShape<Methods["streamEvents"]["output"]>, void, undefined> {
    const { input, output } = SessionService.method.streamEvents;
    for await (const frame of this.handlers.streamEvents(received(input, request), context)) {
      yield answered(output, frame);
    }
  }
}

/** Runs a test with a server of its own, which has these limits. */
export async function withLimits(
  limits: Partial<Limits>,
  test: (own: Service) => Promise<void>,
): Promise<void> {
  const own = await Service.open(limits);
  try {
    await test(own);
  } finally {
    await own.close();
  }
}

type Methods = typeof SessionService.method;
type UnaryName = {
  [K in keyof Methods]: Methods[K]["methodKind"] extends "unary" ? K : never;
}[keyof Methods];

/** The message as its receiver sees it: encoded and decoded. */
function received<D extends DescMethod["input"]>(desc: D, init: MessageInitShape<D>): MessageShape<D> {
  return fromBinary(desc, toBinary(desc, create(desc, init)));
}

/** The same of an answer. */
function answered<D extends DescMethod["output"]>(desc: D, answer: Answer<D>): MessageShape<D> {
  return fromBinary(desc, answerBytes(desc, answer));
}

/** A call's context that records headers. */
export function newContext(
  method: string,
  signal: AbortSignal = new AbortController().signal,
  stopSignal: AbortSignal = new AbortController().signal,
): RequestContext & { readonly headers: Map<string, string> } {
  const headers = new Map<string, string>();
  return {
    headers,
    requestId: "request-1",
    method,
    signal,
    stopSignal: () => stopSignal,
    deadlineMs: undefined,
    caller: { protocol: "grpc", peer: "test", userAgent: "test" },
    log,
    setHeader: (name, value) => headers.set(name, value),
    annotate: () => undefined,
  };
}

/** A failure as its caller sees it. */
export interface Failure {
  readonly reason: string;
  readonly message: string;
  readonly info: ErrorInfo;
  /** The fields of BadRequest. */
  readonly fields: readonly string[];
  readonly status: Status;
}

/** The failure of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (error) {
    return toFailure(error);
  }
  throw new Error("the call should have failed");
}

export function toFailure(error: unknown): Failure {
  const status = toStatus(error, "request-1");
  const info = details(status, ErrorInfoSchema)[0];
  if (info === undefined) throw new Error("a status without ErrorInfo");
  const fields = details(status, BadRequestSchema).flatMap((bad) => bad.fieldViolations.map((v) => v.field));
  return { reason: info.reason, message: status.message, info, fields, status };
}

/** The details of a type, as a receiver decodes them. */
export function details<D extends DescMethod["input"]>(status: Status, desc: D): MessageShape<D>[] {
  return status.details
    .filter((detail) => detail.desc.typeName === desc.typeName)
    .map((detail) => received(desc, detail.value as MessageInitShape<D>));
}

/** All that a status sends, in one text to search. */
export function sentText(status: Status): string {
  const bytes = status.details.map(({ desc, value }) => toBinary(desc, create(desc, value)));
  return status.message + Buffer.concat(bytes).toString("latin1");
}

/** Everything that an iteration gives. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

/** JSON as the bytes of `actions`. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
