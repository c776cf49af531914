/** What an error of sessiond tells a client to do, read from its details. */
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.ts";
import { ErrorReason, ErrorReasonSchema } from "./gen/sessiond/v1/error_pb.ts";

const PREFIX = "ERROR_REASON_";

/** The reason that an error of sessiond carries; UNSPECIFIED where it has none that this client knows. */
export function errorReason(error: unknown): ErrorReason {
  const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema);
  const value = ErrorReasonSchema.values.find(({ name }) => name === `${PREFIX}${info?.reason}`);
  return value === undefined ? ErrorReason.UNSPECIFIED : (value.number as ErrorReason);
}

/** How long the server asks to wait before the call is made again, in ms; undefined where it does not say. */
export function retryDelay(error: unknown): number | undefined {
  const [info] = ConnectError.from(error).findDetails(RetryInfoSchema);
  return info?.retryDelay === undefined ? undefined : durationMs(info.retryDelay);
}

/** Codes that the same request meets again, whenever it is made. */
const lasting: ReadonlySet<Code> = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
  Code.Unauthenticated,
  Code.DataLoss,
]);

/**
 * Whether a stream that ended so may be opened again as it was. An unknown failure may: it is what a lost
 * connection, a proxy or a server that was killed look like. So may what only met others at work (CONTENTION). A server
 * that aborts says why; without a reason it is Connect on Node that calls a connection so which was reset.
 */
export function canReconnect(error: unknown): boolean {
  const failure = ConnectError.from(error);
  if (failure.code !== Code.Aborted) return !lasting.has(failure.code);
  const hasReason = failure.findDetails(ErrorInfoSchema).length > 0;
  return !hasReason || errorReason(failure) === ErrorReason.CONTENTION;
}
