/** Readers of streams that stop reading on the wire, where a client's own buffers cannot hide it. */
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:http2";
import type { Readable } from "node:stream";
import { create, type DescMessage, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import type { ServiceError } from "@grpc/grpc-js";
import { Metadata } from "@grpc/grpc-js";
import { SessionService } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type Failure, toFailure } from "./failure.ts";
import type { Key } from "./samples.ts";
import type { Server } from "./server.ts";
import { errorFromGrpc, errorFromJson } from "./wire-error.ts";

/** A reader that has got the first bytes and takes no more. */
export interface StoppedReader {
  /** Reads on to the end: "ok", the failure that the server tells, or "broken" where the connection ends. */
  readOn(): Promise<Failure | "ok" | "broken">;
  /** Goes away. */
  leave(): void;
}

/** Opens a stream over a door and stops reading it. */
export function stopReading(
  door: "gRPC" | "HTTP",
  server: Server,
  key: Key,
  follow = false,
): Promise<StoppedReader> {
  return open(door, server, SessionService.method.streamEvents, { key: { ...key }, follow });
}

/** Opens a live list with states over a door and stops reading it. */
export function stopWatching(
  door: "gRPC" | "HTTP",
  server: Server,
  key: { readonly appName: string },
): Promise<StoppedReader> {
  return open(door, server, SessionService.method.watchSessions, { key, includeState: true });
}

function open<Request extends DescMessage>(
  door: "gRPC" | "HTTP",
  server: Server,
  { name, input }: { readonly name: string; readonly input: Request },
  init: MessageInitShape<Request>,
): Promise<StoppedReader> {
  const path = `/${SessionService.typeName}/${name}`;
  const message = create(input, init);
  return door === "gRPC"
    ? overGrpc(server, path, toBinary(input, message))
    : overHttp(server, path, Buffer.from(toJsonString(input, message)));
}

async function overGrpc(server: Server, path: string, message: Uint8Array): Promise<StoppedReader> {
  const session = connect(`http://${server.grpcAddress}`);
  session.on("error", () => {}); // The stream tells.
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(headers);
  let trailers: NodeJS.Dict<string | string[]> = {};
  stream.on("trailers", (received) => {
    trailers = received;
  });
  stream.end(envelope(message));
  await firstBytes(stream);
  return {
    async readOn() {
      await readAll(stream);
      session.close();
      const code = Number(trailers["grpc-status"]);
      if (code === 0) return "ok";
      if (Number.isNaN(code)) return "broken";
      const metadata = new Metadata();
      const details = String(trailers["grpc-status-details-bin"] ?? "");
      metadata.set("grpc-status-details-bin", Buffer.from(details, "base64"));
      const text = decodeURIComponent(String(trailers["grpc-message"]));
      return toFailure(errorFromGrpc({ code, details: text, metadata } as ServiceError));
    },
    leave: () => session.destroy(),
  };
}

async function overHttp(server: Server, path: string, message: Uint8Array): Promise<StoppedReader> {
  const headers = { "content-type": "application/connect+json", "connect-protocol-version": "1" };
  const call = request(server.httpUrl + path, { method: "POST", headers });
  call.on("error", () => {}); // The response tells.
  call.end(envelope(message));
  const [response] = (await once(call, "response")) as [Readable];
  await firstBytes(response);
  return {
    async readOn() {
      const last = await readAll(response);
      const at = last.lastIndexOf(Buffer.from([2, 0]));
      if (at === -1) return "broken";
      const { error } = JSON.parse(last.subarray(at + 5).toString());
      return error ? toFailure(errorFromJson(error)) : "ok";
    },
    leave: () => call.destroy(),
  };
}

/** Waits until something is there, without taking it. */
async function firstBytes(stream: Readable): Promise<void> {
  stream.on("error", () => {}); // The end tells.
  await once(stream, "readable");
}

/** Reads to the end, whatever it is, and gives the last bytes. */
async function readAll(stream: Readable): Promise<Buffer> {
  let last = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    last = Buffer.concat([last, chunk]).subarray(-4_096);
  });
  if (!stream.closed) await new Promise((resolve) => stream.once("close", resolve));
  return last;
}

/** gRPC's and Connect's frame: a byte of flags, four of length, the message. */
function envelope(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
