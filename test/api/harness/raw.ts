/** Requests as bytes, for what no proper client would send. */
import { Client, credentials } from "@grpc/grpc-js";
import { errorFromGrpc, errorFromJson } from "./wire-error.ts";

/** Sends bytes as the message of a gRPC method. @throws ConnectError */
export type RawGrpc = (method: string, bytes: Uint8Array) => Promise<never>;

/** Sends a body to a path of the HTTP door. @throws ConnectError; resolves to any other answer's status */
export type RawHttp = (
  method: string,
  contentType: string,
  body: string | Uint8Array<ArrayBuffer>,
) => Promise<{ readonly http: number }>;

const service = "sessiond.v1.SessionService";

/** For the gRPC door at `address`. */
export function rawGrpc(address: string): RawGrpc & { close(): void } {
  const client = new Client(address, credentials.createInsecure(), { "grpc.max_send_message_length": -1 });
  const send: RawGrpc = (method, bytes) =>
    new Promise((_, reject) => {
      client.makeUnaryRequest(
        `/${service}/${method}`,
        (message: Buffer) => message,
        (message) => message,
        Buffer.from(bytes),
        (error) => reject(error ? errorFromGrpc(error) : new Error("the call did not fail")),
      );
    });
  return Object.assign(send, { close: () => client.close() });
}

/** For the HTTP door at `baseUrl`. */
export function rawHttp(baseUrl: string): RawHttp {
  return async (method, contentType, body) => {
    const response = await fetch(`${baseUrl}/${service}/${method}`, {
      method: "POST",
      headers: { "content-type": contentType },
      body,
    });
    const text = await response.text();
    if (response.headers.get("content-type")?.startsWith("application/json")) {
      throw errorFromJson(JSON.parse(text));
    }
    return { http: response.status };
  };
}
