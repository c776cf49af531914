/** After which errors the TypeScript helper opens a stream again. */
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { canReconnect } from "../../clients/typescript/src/errors.ts";
import { ErrorInfoSchema } from "../../clients/typescript/src/gen/google/rpc/error_details_pb.ts";

test.each([
  [Code.Unavailable, "SHUTTING_DOWN", true],
  [Code.ResourceExhausted, "SERVER_BUSY", true],
  [Code.ResourceExhausted, "SLOW_READER", true],
  [Code.Unknown, "", true],
  [Code.Aborted, "CONTENTION", true],
  [Code.Aborted, "SESSION_RECREATED", false],
  [Code.Aborted, "A_REASON_OF_LATER", false],
  // What connect-node makes of ECONNRESET.
  [Code.Aborted, "", true],
  [Code.NotFound, "SESSION_NOT_FOUND", false],
  [Code.InvalidArgument, "INVALID_CURSOR", false],
  [Code.Unauthenticated, "", false],
])("code %s with reason %s: %s", (code, reason, expected) => {
  const details = reason === "" ? [] : [{ desc: ErrorInfoSchema, value: { reason, domain: "sessiond" } }];
  expect(canReconnect(new ConnectError("x", code, undefined, details))).toBe(expected);
});
