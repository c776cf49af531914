/** What the clients of the suite have in common: each is a Connect `Transport`, whatever carries it. */
import type { DescMethod } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";

/** A transport with something behind it to close. */
export interface ClosableTransport extends Transport {
  close(): Promise<void>;
}

/** `/sessiond.v1.SessionService/GetSession`. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** The one message of a server stream's request. */
export async function firstOf<T>(messages: AsyncIterable<T>): Promise<T> {
  for await (const message of messages) return message;
  throw new Error("a request without a message");
}

/** What a call's headers can be given as. */
export type HeadersInit = ConstructorParameters<typeof Headers>[0];
