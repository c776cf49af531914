/** The line in which calls wait for their turn. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { SessiondError, UnavailableError } from "sessiond-client/adk";
import { Line } from "../dist/adk/line.js";

describe("a line", () => {
  /** Calls that end when they are told to, in the order of their turns. */
  function calls(line: Line) {
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const make = (name: number) =>
      line.run(async () => {
        begun.push(name);
        await new Promise<void>((resolve) => {
          ends[name] = resolve;
        });
        if (name % 2 === 1) throw new Error(`${name} failed`);
      });
    return { begun, ends, make };
  }
  const turns = () => new Promise(setImmediate);

  it("is first come, first served, and a call that fails gives its place on as any other", async () => {
    const line = new Line(2);
    const { begun, ends, make } = calls(line);
    const all = Promise.allSettled(Array.from({ length: 7 }, (_, name) => make(name)));
    for (const [ended, now] of [
      [undefined, [0, 1]],
      [1, [0, 1, 2]],
      [2, [0, 1, 2, 3]],
      [0, [0, 1, 2, 3, 4]],
    ] as const) {
      if (ended !== undefined) ends[ended]?.();
      await turns();
      assert.deepEqual(begun, now);
    }
    const late = Promise.allSettled([make(7)]);
    for (const name of [3, 4, 5, 6, 7]) {
      ends[name]?.();
      await turns();
    }
    assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7]);
    const states = [...(await all), ...(await late)].map(({ status }) => status);
    assert.deepEqual(
      states,
      Array.from({ length: 8 }, (_, name) => (name % 2 === 1 ? "rejected" : "fulfilled")),
    );
    // All places are free again.
    await Promise.all([line.run(turns), line.run(turns)]);
  });

  it("that is closed lets those go that wait, and gives no place on", async () => {
    const line = new Line(1);
    const { begun, ends, make } = calls(line);
    const all = [make(0), make(2), make(4)];
    await turns();
    // The place is already the next one's, who does not know yet.
    ends[0]?.();
    line.close();
    const states = await Promise.allSettled(all);
    assert.deepEqual(
      states.map((end) => (end.status === "rejected" ? end.reason.message : end.status)),
      ["fulfilled", "The service was closed.", "The service was closed."],
    );
    assert.deepEqual(begun, [0]);
    await assert.rejects(line.run(turns), { code: Code.Canceled });
  });

  it("counts a call's time from the last answer, or from when it came", async () => {
    const line = new Line(1);
    const silence = new UnavailableError("nobody there", { code: Code.Unavailable });
    const begin = performance.now();
    const { ends, make } = calls(line);
    const first = make(0);
    const told = [1, 2, 3].map(() => line.run(async (turn) => turn));
    line.tried(silence);
    ends[0]?.();
    await first;
    const [one, ...others] = await Promise.all(told);
    assert.equal(one?.failure, silence);
    assert.ok((one?.since ?? 0) >= begin && others.every(({ failure }) => failure === silence));

    const second = make(2);
    const [next, after] = [line.run(async (turn) => turn), line.run(async (turn) => turn)];
    const answered = performance.now();
    for (const failure of [undefined, new SessiondError("refused", { code: Code.NotFound })]) {
      line.tried(silence);
      line.tried(failure);
    }
    ends[2]?.();
    await second;
    for (const turn of await Promise.all([next, after])) {
      assert.equal(turn.failure, undefined);
      assert.ok(turn.since >= answered);
    }
  });
});
