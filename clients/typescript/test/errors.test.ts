/** What a failed call throws. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata, type ServiceError } from "@grpc/grpc-js";
import * as adk from "sessiond-client/adk";
import { pauseBeforeRetry } from "../dist/adk/connection.js";
import { fromCallError } from "../dist/adk/errors.js";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../dist/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../dist/gen/google/rpc/status_pb.js";
import { toConnectError } from "../dist/grpc/status.js";

type Detail = { [D in "any"]: { schema: DescMessage; value: MessageInitShape<DescMessage> } }["any"];

/** What grpc-js raises when the server answers so. */
function serviceError(
  code: Code,
  details: readonly Detail[],
  trailers: Record<string, string> = {},
): ServiceError {
  const packed = details.map(({ schema, value }) => anyPack(schema, create(schema, value)));
  const status = toBinary(StatusSchema, create(StatusSchema, { code, message: "words", details: packed }));
  return withStatus(code, status, trailers);
}

function withStatus(code: Code, status: Uint8Array, trailers: Record<string, string> = {}): ServiceError {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(status));
  for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
  return Object.assign(new Error(`${code} X: words`), { code: code as number, details: "words", metadata });
}

function failure(code: Code, reason: string, domain = "sessiond.dev", metadata: Record<string, string> = {}) {
  const details = reason === "" ? [] : [{ schema: ErrorInfoSchema, value: { reason, domain, metadata } }];
  return fromCallError(toConnectError(serviceError(code, details as never)), "s-1");
}

describe("an error", () => {
  it("is of the kind that its reason or code says", () => {
    for (const [code, reason, kind] of [
      [Code.NotFound, "SESSION_NOT_FOUND", adk.SessionNotFoundError],
      [Code.AlreadyExists, "SESSION_ALREADY_EXISTS", adk.SessionAlreadyExistsError],
      [Code.Aborted, "STALE_SESSION", adk.StaleSessionError],
      [Code.AlreadyExists, "EVENT_ID_CONFLICT", adk.EventIdConflictError],
      [Code.InvalidArgument, "INVALID_FIELD", adk.InvalidRequestError],
      [Code.ResourceExhausted, "TOO_LARGE", adk.TooLargeError],
      [Code.ResourceExhausted, "STORE_FULL", adk.SessiondError],
      [Code.Unavailable, "STORE_UNAVAILABLE", adk.UnavailableError],
      [Code.Unavailable, "", adk.UnavailableError],
      [Code.DeadlineExceeded, "", adk.DeadlineError],
      [Code.Unauthenticated, "", adk.AccessError],
      [Code.PermissionDenied, "", adk.AccessError],
      [Code.Aborted, "A_NEW_REASON", adk.SessiondError],
      [Code.Internal, "INTERNAL", adk.SessiondError],
    ] as const) {
      const error = failure(code, reason, "sessiond.dev", { key: "value" });
      assert.equal(error.constructor, kind, `${Code[code]} ${reason}`);
      assert.equal(error.name, kind.name);
      assert.ok(error instanceof adk.SessiondError && error instanceof Error);
      assert.deepEqual([error.code, error.reason], [code, reason]);
      assert.deepEqual({ ...error.metadata }, reason === "" ? {} : { key: "value" });
      assert.ok(error.cause instanceof ConnectError);
    }
  });

  it("has the texts that programs match", () => {
    assert.equal(
      failure(Code.NotFound, "SESSION_NOT_FOUND").message,
      "Session s-1 not found for appendEvent",
    );
    assert.equal(
      failure(Code.AlreadyExists, "SESSION_ALREADY_EXISTS").message,
      "Session with id s-1 already exists.",
    );
    assert.match(
      failure(Code.Aborted, "STALE_SESSION").message,
      /^The session has been modified in storage since/,
    );
    assert.equal(failure(Code.Internal, "INTERNAL").message, "words");
  });

  it("has violations, the delay and the request's id", () => {
    const details = [
      {
        schema: BadRequestSchema,
        value: { fieldViolations: [{ field: "key.app_name", description: "is empty" }] },
      },
      { schema: RetryInfoSchema, value: { retryDelay: { seconds: 1n, nanos: 500_000_000 } } },
      {
        schema: ErrorInfoSchema,
        value: { reason: "SERVER_BUSY", domain: "sessiond.dev", metadata: { request_id: "r-1" } },
      },
    ];
    const error = fromCallError(toConnectError(serviceError(Code.ResourceExhausted, details as never)));
    assert.deepEqual(error.violations, { "key.app_name": "is empty" });
    assert.deepEqual([error.retryDelayMs, error.requestId, error.reason], [1500, "r-1", "SERVER_BUSY"]);
    assert.equal(pauseBeforeRetry(error, 0), 1500);
    const trailers = { "x-request-id": "r-2" };
    assert.equal(fromCallError(toConnectError(serviceError(Code.Internal, [], trailers))).requestId, "r-2");
  });

  it("takes no reason of a proxy's for ours", () => {
    assert.equal(failure(Code.Aborted, "STALE_SESSION", "proxy.example").reason, "");
  });

  it("is not hidden by a broken detail, or by being none of gRPC's", () => {
    const broken = fromCallError(toConnectError(withStatus(Code.NotFound, new Uint8Array([255, 255]))));
    assert.deepEqual([broken.message, broken.code, broken.reason], ["words", Code.NotFound, ""]);
    const other = fromCallError(toConnectError(new RangeError("something else")));
    assert.equal(other.message, "something else");
    assert.equal(fromCallError(other), other);
  });
});

describe("a retry", () => {
  it("is made where it helps, after a while", () => {
    for (const [code, reason, again] of [
      [Code.Unavailable, "", true],
      [Code.DeadlineExceeded, "", true],
      [Code.Aborted, "CONTENTION", true],
      [Code.ResourceExhausted, "SERVER_BUSY", true],
      [Code.ResourceExhausted, "STORE_FULL", false],
      [Code.Aborted, "STALE_SESSION", false],
      [Code.Internal, "INTERNAL", false],
      [Code.InvalidArgument, "INVALID_FIELD", false],
    ] as const) {
      const pause = pauseBeforeRetry(failure(code, reason), 20);
      assert.equal(pause !== undefined, again, `${Code[code]} ${reason}`);
      if (pause !== undefined) assert.ok(pause >= 500 && pause <= 1000);
    }
  });
});
