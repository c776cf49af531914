/** Statuses as gRPC carries them. */
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { StatusSchema } from "../../../gen/ts/google/rpc/status_pb.ts";
import type { Status, StatusDetail } from "../../rpc/status.ts";

/** Clients commonly take 8 KiB of trailers in all; what would not fit is left out, last first. */
const maxDetailBytes = 4 * 1024;
const maxMessageLength = 1024;

/** A failure as grpc-js takes it from a handler, with `google.rpc.Status` in `grpc-status-details-bin`. */
export function statusError(status: Status, headers: ReadonlyMap<string, string>): StatusObject {
  const metadata = headerMetadata(headers);
  for (const [name, value] of statusTrailers(status)) metadata.set(name, value);
  return { code: status.code as number, details: statusMessage(status), metadata };
}

/** A status's text: short, and without lone surrogates, at which grpc-js would throw. */
export function statusMessage(status: Status): string {
  return status.message.slice(0, maxMessageLength).toWellFormed();
}

/** The trailers of a failure beside its code and text. */
export function statusTrailers(status: Status): [name: string, value: string | Buffer][] {
  const trailers: [string, string | Buffer][] = [["grpc-status-details-bin", statusDetails(status)]];
  if (status.reason === "SERVER_BUSY" && status.retryDelayMs !== undefined) {
    trailers.push(["grpc-retry-pushback-ms", String(status.retryDelayMs)]);
  }
  return trailers;
}

/** Response headers as metadata. */
export function headerMetadata(headers: ReadonlyMap<string, string>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of headers) metadata.set(name, value);
  return metadata;
}

function statusDetails(status: Status): Buffer {
  for (let kept = status.details.length; ; kept--) {
    const bytes = encode(status, status.details.slice(0, kept));
    if (bytes.byteLength <= maxDetailBytes || kept <= 1) return bytes;
  }
}

function encode(status: Status, details: readonly StatusDetail[]): Buffer {
  const message = create(StatusSchema, {
    code: status.code,
    message: statusMessage(status),
    details: details.map(({ desc, value }) => anyPack(desc, create(desc, value))),
  });
  return Buffer.from(toBinary(StatusSchema, message));
}
