/** Errors as grpc-js and Connect's JSON have them, read into the form that all clients share. */
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ServiceError } from "@grpc/grpc-js";
import { StatusSchema } from "../../../gen/ts/google/rpc/status_pb.ts";

/** An error in Connect's JSON. */
export interface ErrorJson {
  readonly code: string;
  readonly message?: string;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

/** What Connect's JSON says, read without a Connect client. */
export function errorFromJson({ code, message = "", details = [] }: ErrorJson): ConnectError {
  const name = code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const failure = new ConnectError(message, Code[name as keyof typeof Code]);
  failure.details = details.map(({ type, value }) => ({
    type,
    value: new Uint8Array(Buffer.from(value, "base64")),
  }));
  return failure;
}

/** What grpc-js says: the codes are the same numbers, and it leaves the status with the details undecoded. */
export function errorFromGrpc(error: ServiceError): ConnectError {
  const failure = new ConnectError(error.details, error.code as number as Code);
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (Buffer.isBuffer(bytes)) {
    failure.details = fromBinary(StatusSchema, bytes).details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
  }
  return failure;
}
