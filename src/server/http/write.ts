/** Writes a response at its reader's pace. */
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { RpcError } from "../../rpc/errors.ts";
import type { Call } from "../calls.ts";
import type { HttpResponse } from "./connect.ts";

/**
 * Writes all of `answer`: the next chunk is asked for when the one before has left, so
 * that a slow reader costs one message. A reader who is gone ends it without an error.
 */
export async function writeResponse(
  answer: UniversalServerResponse,
  response: HttpResponse,
  call: Call,
  stallTimeout: number,
): Promise<void> {
  const chunks = answer.body?.[Symbol.asyncIterator]();
  try {
    // Before the headers: an RPC may set some until its first message.
    let next = await chunks?.next();
    if (response.destroyed || response.headersSent) return;
    response.statusCode = answer.status;
    for (const [name, value] of answer.header ?? []) response.setHeader(name, value);
    for (const [name, value] of call.headers) response.setHeader(name, value);
    for (; next !== undefined && next.done !== true; next = await chunks?.next()) {
      if (response.destroyed || response.writableEnded) return;
      call.sent(next.value.byteLength);
      if (!write(response, next.value)) await drained(response, call, stallTimeout);
    }
    response.end();
  } finally {
    void Promise.resolve(chunks?.return?.()).catch(() => {});
  }
}

/** The two kinds of response have the same method with types that TypeScript cannot unite. */
function write(response: HttpResponse, chunk: Uint8Array): boolean {
  return (response.write as (chunk: Uint8Array) => boolean).call(response, chunk);
}

/** Resolves when there is room again or nobody reads any more. */
async function drained(response: HttpResponse, call: Call, stallTimeout: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("drain", resolve);
  response.once("close", resolve);
  const stalled = setTimeout(() => {
    call.abort(new RpcError("SLOW_READER", "Nothing was read for too long. Resume from the last cursor."));
    response.destroy();
  }, stallTimeout);
  await promise;
  clearTimeout(stalled);
  response.off("drain", resolve);
  response.off("close", resolve);
}
