/** Functions that need no server. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { Connection } from "../dist/adk/connection.js";
import { millisOf, secondsOf } from "../dist/adk/conversion.js";
import { jsonText } from "../dist/adk/jsontext.js";
import { Turns } from "../dist/adk/turns.js";
import { parseTarget } from "../dist/grpc/options.js";

describe("times", () => {
  it("come back as the same milliseconds", () => {
    for (let round = 0; round < 200_000; round++) {
      // Whole numbers for 100,000 years to both sides, and fractions between late 2004 and 2038.
      const whole = Math.trunc((Math.random() - 0.5) * 2 * 3.15e15);
      const fraction = 1.0996e12 + Math.random() * 1.0478e12;
      for (const millis of [whole, fraction]) assert.equal(millisOf(secondsOf(millis)), millis);
    }
  });
});

describe("JSON text", () => {
  it("is what JSON.stringify gives, for what it gives rightly", () => {
    for (const value of [
      null,
      0,
      "a\ud800",
      [1, { b: [] }],
      { toJSON: () => "x" },
      new Date(0),
      [new String("s")],
    ]) {
      assert.equal(jsonText("it", value), JSON.stringify(value));
    }
    for (const value of [undefined, () => 1, Symbol("s")]) assert.equal(jsonText("it", value), undefined);
  });

  it("names what cannot be written", () => {
    assert.throws(
      () => jsonText('state key "k"', { a: 1n }),
      /^InvalidRequestError: state key "k" cannot be written/,
    );
  });
});

describe("a call", () => {
  it("that gets no answer is made again in time, and not for ever", async () => {
    const connection = new Connection(parseTarget("localhost:1", { deadlineMs: 2_000 }));
    const timeouts: number[] = [];
    const call = connection.unary("GetSession", async (_client, { timeoutMs = 0 }) => {
      timeouts.push(timeoutMs);
      await new Promise((resolve) => setTimeout(resolve, timeoutMs));
      throw new ConnectError("no answer", Code.DeadlineExceeded);
    });
    await assert.rejects(call, /^DeadlineError: GetSession: no answer from localhost:1 within 2 seconds/);
    assert.ok(timeouts.length >= 2, "a lost answer is asked for again");
    assert.ok((timeouts[0] ?? 0) <= 1_000);
  });
});

describe("turns", () => {
  it("are first come, first served, for each object alone", async () => {
    const turns = new Turns<object>();
    const [one, other] = [{}, {}];
    const log: string[] = [];
    const work = (name: string, rounds: number) => async () => {
      for (let round = 0; round < rounds; round++) await new Promise(setImmediate);
      log.push(name);
      if (name === "b") throw new Error("b failed");
    };
    const done = [turns.run(one, work("a", 3)), turns.run(one, work("b", 2)), turns.run(one, work("c", 0))];
    await turns.run(other, work("x", 0));
    assert.deepEqual(
      (await Promise.allSettled(done)).map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(log, ["x", "a", "b", "c"]);
  });
});
