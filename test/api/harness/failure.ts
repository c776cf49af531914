/** What a client learns of a failed call. */
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../../gen/ts/google/rpc/error_details_pb.ts";

/** A status with its details, decoded. */
export interface Failure {
  /** `INVALID_ARGUMENT` */
  readonly code: string;
  /** Of ErrorInfo; the empty string where there is none. */
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Of BadRequest. */
  readonly fields: readonly string[];
  /** Of RetryInfo, in milliseconds. */
  readonly retryMs: number | undefined;
  readonly message: string;
}

/** How a call failed. @throws Error if it did not, or with something that is no status */
export async function failureOf(call: Promise<unknown> | AsyncIterable<unknown>): Promise<Failure> {
  try {
    if (Symbol.asyncIterator in call) for await (const _ of call);
    else await call;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return toFailure(error);
  }
  throw new Error("the call did not fail");
}

/** A client's error as a `Failure`. */
export function toFailure(error: ConnectError): Failure {
  const [info] = error.findDetails(ErrorInfoSchema);
  const [badRequest] = error.findDetails(BadRequestSchema);
  const [retry] = error.findDetails(RetryInfoSchema);
  const delay = retry?.retryDelay;
  return {
    code: codeName(error.code),
    reason: info?.reason ?? "",
    domain: info?.domain ?? "",
    metadata: info?.metadata ?? {},
    fields: badRequest?.fieldViolations.map(({ field }) => field) ?? [],
    retryMs: delay && Number(delay.seconds) * 1_000 + delay.nanos / 1e6,
    message: error.rawMessage,
  };
}

/** `INVALID_ARGUMENT`; `Canceled` is spelled as gRPC does. */
export function codeName(code: Code): string {
  if (code === Code.Canceled) return "CANCELLED";
  return Code[code].replace(/(?<=[a-z])[A-Z]/g, "_$&").toUpperCase();
}
