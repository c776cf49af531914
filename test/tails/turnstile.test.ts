import { expect, test } from "vitest";
import { Turnstile } from "../../src/tails/turnstile.ts";

const never = new AbortController().signal;

/** Work that ends when it is told. */
function work(log: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const run = async () => {
    log.push(name);
    await promise;
    return name;
  };
  return { run, end: resolve };
}

test("so many run at a time, the rest in its order", async () => {
  const log: string[] = [];
  const turnstile = new Turnstile(2);
  const works = ["a", "b", "c", "d"].map((name) => work(log, name));
  const ends = works.map(({ run }) => turnstile.run(run, never));
  expect(log).toEqual(["a", "b"]);
  works[1]?.end();
  expect(await ends[1]).toBe("b");
  await expect.poll(() => log).toEqual(["a", "b", "c"]);
  for (const { end } of works) end();
  expect(await Promise.all(ends)).toEqual(["a", "b", "c", "d"]);
});

test("a place is passed on also after a failure, and one that gave up waiting takes none", async () => {
  const log: string[] = [];
  const turnstile = new Turnstile(1);
  const failing = turnstile.run(() => Promise.reject(new Error("failed")), never);
  const left = new AbortController();
  const given = turnstile.run(work(log, "gone").run, left.signal);
  const last = work(log, "last");
  const end = turnstile.run(last.run, never);
  left.abort(new Error("left"));
  await expect(given).rejects.toThrow("left");
  await expect(failing).rejects.toThrow("failed");
  last.end();
  expect(await end).toBe("last");
  expect(log).toEqual(["last"]);
  await expect(turnstile.run(work(log, "late").run, left.signal)).rejects.toThrow("left");
});
