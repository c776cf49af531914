/** Statuses as gRPC carries them. */
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import type { Status } from "../../rpc/status.ts";
import { statusBytes, statusMessage } from "../../rpc/status-bytes.ts";

/** A failure as grpc-js takes it from a handler, with `google.rpc.Status` in `grpc-status-details-bin`. */
export function statusError(status: Status, headers: ReadonlyMap<string, string>): StatusObject {
  const metadata = headerMetadata(headers);
  for (const [name, value] of statusTrailers(status)) metadata.set(name, value);
  return { code: status.code as number, details: statusMessage(status), metadata };
}

/** The trailers of a failure beside its code and text. */
export function statusTrailers(status: Status): [name: string, value: string | Buffer][] {
  const trailers: [string, string | Buffer][] = [["grpc-status-details-bin", statusBytes(status)]];
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
