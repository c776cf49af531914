/** A failed call of grpc-js as the error that connect-es has, which every helper of this package reads. */
import { fromBinary } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import { Metadata, type ServiceError } from "@grpc/grpc-js";
import { StatusSchema } from "../gen/google/rpc/status_pb.ts";

/** Makes a ConnectError with the call's code, text, trailers and details. */
export function toConnectError(error: unknown): ConnectError {
  if (!isServiceError(error)) return ConnectError.from(error);
  // Both number their codes as gRPC does.
  const made = new ConnectError(
    error.details || error.message,
    error.code as number as Code,
    undefined,
    [],
    error,
  );
  for (const [name, value] of Object.entries(error.metadata.getMap())) {
    if (typeof value === "string") made.metadata.append(name, value);
  }
  made.details = detailsOf(error.metadata);
  return made;
}

function detailsOf(metadata: Metadata): ConnectError["details"] {
  const [raw] = metadata.get("grpc-status-details-bin");
  if (!(raw instanceof Uint8Array)) return [];
  try {
    return fromBinary(StatusSchema, raw).details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
  } catch {
    return []; // a broken detail must not hide the status itself
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return (
    error instanceof Error && "metadata" in error && error.metadata instanceof Metadata && "code" in error
  );
}
