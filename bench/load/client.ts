/** A gRPC client of the server that does no more than it must: requests are encoded once where they can be. */
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type ClientReadableStream, credentials, Client as GrpcClient, Metadata } from "@grpc/grpc-js";
import {
  type AppendEventRequestSchema,
  type AppendToSessionsRequestSchema,
  type BatchAppendEventsRequestSchema,
  CreateSessionResponseSchema,
  SessionService,
  type StreamEventsRequestSchema,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";

type Unary = "appendEvent" | "appendToSessions" | "batchAppendEvents" | "createSession";

/** One channel to a server. */
export class LoadClient {
  private readonly client: GrpcClient;

  /** `windowBytes` may be on the way unread on one stream, and on all of the channel; HTTP/2's 64 KiB if absent. */
  constructor(target: string, windowBytes?: number) {
    this.client = new GrpcClient(target, credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.use_local_subchannel_pool": 1,
      ...(windowBytes === undefined ? {} : { "grpc-node.flow_control_window": windowBytes }),
    });
  }

  /** Makes a session; its uid. */
  async createSession(appName: string, userId: string, sessionId: string): Promise<string> {
    const { input } = SessionService.method.createSession;
    const state = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`key_${n}`, `{"step":${n}}`]));
    const bytes = await this.unary(
      "createSession",
      toBinary(input, create(input, { key: { appName, userId, sessionId }, state })),
    );
    return fromBinary(CreateSessionResponseSchema, bytes).session?.uid ?? "";
  }

  /** Appends one event. */
  append(request: MessageInitShape<typeof AppendEventRequestSchema>): Promise<Buffer> {
    const { input } = SessionService.method.appendEvent;
    return this.unary("appendEvent", toBinary(input, create(input, request)));
  }

  /** Appends events of one session. */
  appendBatch(request: MessageInitShape<typeof BatchAppendEventsRequestSchema>): Promise<Buffer> {
    const { input } = SessionService.method.batchAppendEvents;
    return this.unary("batchAppendEvents", toBinary(input, create(input, request)));
  }

  /** Makes many appends in one call. */
  appendToSessions(request: MessageInitShape<typeof AppendToSessionsRequestSchema>): Promise<Buffer> {
    const { input } = SessionService.method.appendToSessions;
    return this.unary("appendToSessions", toBinary(input, create(input, request)));
  }

  /** Opens a stream of frames, which are left encoded. */
  stream(request: MessageInitShape<typeof StreamEventsRequestSchema>): ClientReadableStream<Buffer> {
    const { input } = SessionService.method.streamEvents;
    const metadata = new Metadata({ waitForReady: true });
    return this.client.makeServerStreamRequest(
      `/${SessionService.typeName}/StreamEvents`,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      Buffer.from(toBinary(input, create(input, request))),
      metadata,
    );
  }

  private unary(method: Unary, request: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        `/${SessionService.typeName}/${SessionService.method[method].name}`,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from(request),
        new Metadata(),
        { deadline: Date.now() + 60_000 },
        (error, answer) => (error ? reject(error) : resolve(answer as Buffer)),
      );
    });
  }
}
