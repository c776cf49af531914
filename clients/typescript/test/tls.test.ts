/** Encrypted connections. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createEvent } from "@google/adk";
import { credentials } from "@grpc/grpc-js";
import { AccessError, type Options, UnavailableError } from "sessiond-client/adk";
import { Server } from "./support/server.ts";
import { newService, newSession, plain, read, target } from "./support/service.ts";

const fixtures = join(process.env["SESSIOND_TEST_ROOT"] ?? "", "test/server/fixtures");
const caFile = join(fixtures, "first.crt");

describe("TLS", () => {
  let server: Server;
  before(async () => {
    server = await Server.start("--tls-cert", caFile, "--tls-key", join(fixtures, "first.key"));
  });
  after(() => server.stop());

  it("to a server that is trusted", async () => {
    const made = () => credentials.createSsl(readFileSync(caFile));
    for (const [options, to] of [
      [{ caFile }, server.target],
      [{}, `sessiond://${server.target}?tls=1&ca_file=${caFile}`],
      [{ credentials: made }, server.target],
      [{ credentials: made() }, server.target],
    ] satisfies [Options, string][]) {
      const service = newService(options, to);
      const session = await newSession(service);
      await service.appendEvent({ session, event: createEvent({ author: "u" }) });
      assert.deepEqual(plain(await read(service, session)), plain(session));
    }
  });

  it("is refused where the server is not trusted, or another's", async () => {
    const wrong: Options[] = [{}, { tls: true }, { caFile: join(fixtures, "second.crt") }];
    await Promise.all(
      wrong.map((options) => {
        const service = newService({ deadlineMs: 3_000, ...options }, server.target);
        return assert.rejects(newSession(service), UnavailableError);
      }),
    );
  });

  it("to a server without is refused", async () => {
    await assert.rejects(
      newSession(newService({ tls: true, deadlineMs: 3_000 }, target)),
      (error) => error instanceof UnavailableError || error instanceof AccessError,
    );
  });

  it("with a file that is not there says which", async () => {
    await assert.rejects(newSession(newService({ caFile: "/does/not/exist" })), /\/does\/not\/exist/);
  });
});
