/** What commands share that talk to a running server. */
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { SessionService } from "../../clients/typescript/src/index.ts";
import { UsageError } from "../config/usage.ts";
import { type Rest, takeValue } from "./flags.ts";

const defaultServer = "http://127.0.0.1:8080";

/** The server's client, from `--server` or `SESSIOND_SERVER`. @throws UsageError */
export function takeServer(
  rest: Rest,
  env: NodeJS.ProcessEnv,
): Rest & { readonly client: Client<typeof SessionService>; readonly url: string } {
  const { value, args } = takeValue("--server", "URL", rest);
  const url = value ?? (env["SESSIOND_SERVER"] || defaultServer);
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(`--server is the URL of a server's HTTP port, such as ${defaultServer}`);
  }
  const baseUrl = url.replace(/\/+$/, "");
  const client = createClient(SessionService, createConnectTransport({ baseUrl, httpVersion: "1.1" }));
  return { args, url, client };
}
