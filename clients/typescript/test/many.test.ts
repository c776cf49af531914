/** More calls at once than a connection takes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { createEvent } from "@google/adk";
import { SessiondSessionService } from "sessiond-client/adk";
import { Connection } from "../dist/adk/connection.js";
import { keyOf } from "../dist/adk/conversion.js";
import { parseTarget } from "../dist/grpc/options.js";
import { createMany, outcomes } from "./support/many.ts";
import { TcpProxy } from "./support/proxy.ts";
import { RefusingProxy } from "./support/refusals.ts";
import { Server } from "./support/server.ts";
import { newApp, newService, newSession, plain, read, target } from "./support/service.ts";

/** Sessions of an app, as a new client sees them. */
async function stored(to: string, appName: string): Promise<number | undefined> {
  const service = new SessiondSessionService(to, { deadlineMs: 60_000 });
  try {
    return (await service.listSessions({ appName, limit: 1 })).totalItems;
  } finally {
    await service.close();
  }
}

describe("thousands of calls at once", () => {
  let own: Server;
  before(async () => {
    own = await Server.start("--max-streams-per-connection", "100");
  });
  after(() => own.stop());

  it("land, though all of them together take longer than each may", async () => {
    const proxy = await TcpProxy.start(own.target);
    // The server takes a hundred at a time: thirty rounds, of 200 ms at least.
    proxy.delay(200);
    const service = newService({ deadlineMs: 5_000 }, proxy.target);
    const appName = newApp();
    const begin = performance.now();
    assert.deepEqual(await outcomes(createMany(service, appName, 3_000)), { landed: 3_000 });
    assert.ok(performance.now() - begin > 5_000, "so long that it shows something");
    assert.equal(await stored(own.target, appName), 3_000);
    await service.close();
    await proxy.stop();
  });

  it("are not lost or doubled when the server is killed and comes back", async () => {
    const service = newService({ deadlineMs: 60_000 }, own.target);
    const appName = newApp();
    const creates = createMany(service, appName, 10_000);
    await creates[1_000];
    await own.kill();
    await own.start();
    assert.deepEqual(await outcomes(creates), { landed: 10_000 });
    assert.equal(await stored(own.target, appName), 10_000);
  });

  it("nor when it ends in good order, with a GOAWAY, and another begins", async () => {
    const service = newService({ deadlineMs: 60_000 }, own.target);
    const appName = newApp();
    const creates = createMany(service, appName, 1_000);
    await creates[0];
    await own.terminate();
    await own.start();
    assert.deepEqual(await outcomes(creates), { landed: 1_000 });
    assert.equal(await stored(own.target, appName), 1_000);
  });
});

describe("calls of a connection", () => {
  it("are a hundred at once in the order in which they were made, and 64 histories; tails wait for none", async () => {
    const session = await newSession(newService());
    const connection = new Connection(parseTarget(target));
    const begun: number[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const calls = Array.from({ length: 250 }, (_, index) =>
      connection.unary("GetSession", async () => {
        begun.push(index);
        await held;
      }),
    );
    let histories = 0;
    const reads = Array.from({ length: 150 }, () =>
      connection.history(async () => {
        histories += 1;
        await held;
      }),
    );
    const tail = connection.tail(keyOf(session.appName, session.userId, session.id), {});
    assert.equal((await tail.next()).value?.kind, "opened");
    assert.deepEqual([begun.length, histories], [100, 64]);
    await tail.return();
    release();
    await Promise.all([...calls, ...reads]);
    assert.deepEqual(
      begun,
      Array.from({ length: 250 }, (_, index) => index),
    );
    assert.equal(histories, 150);
    connection.close();
  });
});

describe("a call that had no room on its way", () => {
  it("is made again", async () => {
    const proxy = await RefusingProxy.start(target);
    const service = newService({ deadlineMs: 60_000 }, proxy.target);
    proxy.refuse(2);
    const session = await newSession(service);
    assert.equal(proxy.refused, 2);
    proxy.refuse(1);
    await service.appendEvent({ session, event: createEvent({ author: "u" }) });
    proxy.refuse(1);
    const found = await read(service, session, { afterTimestamp: 0 });
    assert.equal(proxy.refused, 4);
    assert.deepEqual(plain(found), plain(session));
    await service.close();
    await proxy.stop();
  });

  it("fails at its deadline where there is none", async () => {
    const proxy = await RefusingProxy.start(target);
    const service = newService({ deadlineMs: 1_000 }, proxy.target);
    proxy.refuse(Number.POSITIVE_INFINITY);
    await assert.rejects(newSession(service), { code: Code.ResourceExhausted, reason: "" });
    assert.ok(proxy.refused > 1);
    await service.close();
    await proxy.stop();
  });

  it("is not what grpc-js finds too large: that is not made again", async () => {
    let calls = 0;
    const metadata = () => {
      calls += 1;
      return {};
    };
    for (const name of ["grpc.max_send_message_length", "grpc.max_receive_message_length"]) {
      const service = newService({ metadata, channelOptions: { [name]: 100 } });
      calls = 0;
      const create = newSession(service, { large: "x".repeat(200) });
      await assert.rejects(create, { name: "TooLargeError", code: Code.ResourceExhausted, reason: "" });
      assert.equal(calls, 1, name);
    }
  });
});
