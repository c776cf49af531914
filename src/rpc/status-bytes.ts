/** Statuses as an encoded `google.rpc.Status`: in gRPC's trailers, and in answers that tell of several errors. */
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "../../gen/ts/google/rpc/status_pb.ts";
import type { Status, StatusDetail } from "./status.ts";

/** Clients commonly take 8 KiB of trailers in all; what would not fit is left out, last first. */
const maxDetailBytes = 4 * 1024;
const maxMessageLength = 1024;

/** A status's text: short, and without lone surrogates, at which grpc-js would throw. */
export function statusMessage(status: Status): string {
  return status.message.slice(0, maxMessageLength).toWellFormed();
}

/** The status with as many of its details as trailers have room for. */
export function statusBytes(status: Status): Buffer {
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
