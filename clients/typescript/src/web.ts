/** A client of sessiond over Connect, for browsers and whatever else has `fetch`. */
import { type Client, createClient } from "@connectrpc/connect";
import { type ConnectTransportOptions, createConnectTransport } from "@connectrpc/connect-web";
import { SessionService } from "./gen/sessiond/v1/session_service_pb.ts";

/**
 * Makes a client of the server whose HTTP port answers at `baseUrl`, such as `http://127.0.0.1:8080`.
 * @param options of connect-web: interceptors, a `fetch` of your own
 */
export function connect(
  baseUrl: string,
  options: Omit<ConnectTransportOptions, "baseUrl"> = {},
): Client<typeof SessionService> {
  return createClient(SessionService, createConnectTransport({ useBinaryFormat: true, ...options, baseUrl }));
}
