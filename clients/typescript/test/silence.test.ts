/** Many calls at once to a server that does not answer. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UnavailableError } from "sessiond-client/adk";
import { createMany, outcomes } from "./support/many.ts";
import { TcpProxy } from "./support/proxy.ts";
import { Server } from "./support/server.ts";
import { newApp, newService, newSession, target } from "./support/service.ts";

describe("thousands of calls to a server that does not answer", () => {
  it("all fail after one deadline where it was killed meanwhile", async () => {
    const own = await Server.start();
    const service = newService({ deadlineMs: 8_000 }, own.target);
    const creates = createMany(service, newApp(), 10_000);
    await creates[0];
    await own.kill();
    const begin = performance.now();
    const { landed = 0, ...failed } = await outcomes(creates);
    const tookMs = performance.now() - begin;
    assert.deepEqual(failed, { "UnavailableError Unavailable": 10_000 - landed });
    assert.ok(landed < 10_000);
    assert.ok(tookMs < 60_000, `${tookMs} ms; a deadline for every hundred would be 800 s`);
    await own.start();
    // The line is free again.
    await newSession(service);
    await service.close();
    await own.stop();
  });

  it("all find it unavailable after one deadline, and those that waited say so", async () => {
    const nobody = await Server.prepare();
    const service = newService({ deadlineMs: 2_000 }, nobody.target);
    const begin = performance.now();
    const creates = createMany(service, newApp(), 10_000);
    assert.deepEqual(await outcomes(creates), { "UnavailableError Unavailable": 10_000 });
    const tookMs = performance.now() - begin;
    assert.ok(tookMs < 20_000, `${tookMs} ms; a deadline for every hundred would be 200 s`);
    await assert.rejects(creates.at(-1) ?? Promise.resolve(), (error) => {
      assert.ok(error instanceof UnavailableError);
      const words = `^CreateSession: waited [\\d.]+ seconds behind calls that had no answer from ${nobody.target} \\(`;
      assert.match(error.message, new RegExp(words));
      return true;
    });
    await nobody.stop();
  });

  it("all run into their deadline once where the connection swallows everything", async () => {
    const proxy = await TcpProxy.start(target);
    const service = newService({ deadlineMs: 4_000 }, proxy.target);
    await newSession(service);
    void proxy.loseAnswers();
    const begin = performance.now();
    const creates = createMany(service, newApp(), 10_000);
    assert.deepEqual(await outcomes(creates), { "DeadlineError DeadlineExceeded": 10_000 });
    const tookMs = performance.now() - begin;
    assert.ok(tookMs < 40_000, `${tookMs} ms; a deadline for every hundred would be 400 s`);
    // The line is free again.
    proxy.cut();
    await newSession(newService({ deadlineMs: 60_000 }, proxy.target));
    await service.close();
    await proxy.stop();
  });

  it("leave the line at once when the service is closed, which works on after it", async () => {
    const proxy = await TcpProxy.start(target);
    const service = newService({ deadlineMs: 600_000 }, proxy.target);
    await newSession(service);
    void proxy.loseAnswers();
    const creates = createMany(service, newApp(), 1_000);
    await new Promise(setImmediate);
    await service.close();
    assert.deepEqual(await outcomes(creates), { "SessiondError Canceled": 1_000 });
    proxy.cut();
    assert.deepEqual(await outcomes(createMany(service, newApp(), 300)), { landed: 300 });
    await service.close();
    await proxy.stop();
  });
});
