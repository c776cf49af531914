/** The one connection to the server that served this page. */
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { SessionService } from "../../clients/typescript/src/gen/sessiond/v1/session_service_pb.ts";

/** Binary messages; reads go as GET, so that pages of old events come from the browser's cache. */
export const client = createClient(
  SessionService,
  createConnectTransport({ baseUrl: location.origin, useBinaryFormat: true, useHttpGet: true }),
);

export type SessionClient = typeof client;
