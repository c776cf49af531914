/** `serve` from its command line over each store: it starts twice, says where it is, and ends when told to. */
import { afterEach, describe, expect, test } from "vitest";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type Data, newData, type Server, startServer, storeNames } from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { cleanup, RawClient } from "./support.ts";

const { createSession, getSession } = SessionService.method;
const key = { appName: "a", userId: "u", sessionId: "s" };

describe.each(storeNames)("%s", (store) => {
  let data: Data | undefined;
  const servers: Server[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.kill();
    await data?.drop();
  });

  test("keeps sessions over a SIGTERM with a stream open, and shows no password", {
    timeout: serverTimeout,
  }, async () => {
    data = await newData(store);
    const first = await startServer({ store: data.url });
    servers.push(first);
    const client = clientOf(first);
    await client.call(createSession, { key, state: { a: "1.0" } });
    const watch = client.client.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      (value: Buffer) => value,
      (value) => value,
      Buffer.alloc(0),
    );
    watch.on("error", () => {});
    await new Promise((resolve) => watch.once("data", resolve));
    const ended = await first.stop();
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(ended.stderr).toContain('"msg":"stopped"');
    const password = /^\w+:\/\/[^:@/]+:([^@]+)@/.exec(data.url)?.[1];
    if (password !== undefined) expect(ended.stdout + ended.stderr).not.toContain(password);

    const second = await startServer({ store: data.url, args: ["--no-migrate"] });
    servers.push(second);
    const { session } = await clientOf(second).call(getSession, { key });
    expect(session?.state).toEqual({ a: "1.0" });
    expect((await second.stop()).code).toBe(0);
  });
});

function clientOf(server: Server): RawClient {
  const client = new RawClient(server.grpcAddress);
  cleanup(() => client.client.close());
  return client;
}
