/** How a live stream waits: what wakes it, when it is silent for too long, and when it must end. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RpcError } from "../../src/rpc/errors.ts";
import { type LiveStream, LiveStreams, type Waking } from "../../src/tails/live-streams.ts";

let call: AbortController;
let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  [call, stop] = [new AbortController(), new AbortController()];
});

afterEach(() => void vi.useRealTimers());

function open(heartbeatMs = 5_000, tailMaxAge = 0): LiveStream {
  const streams = new LiveStreams({ maxTails: 10, tailMaxAge });
  return streams.open({ signal: call.signal, stopSignal: () => stop.signal }, heartbeatMs);
}

/** When a wait ends, in milliseconds from now, and how; undefined if it does not end within a minute. */
async function waited(stream: LiveStream): Promise<readonly [number, Waking] | undefined> {
  const began = performance.now();
  let end: readonly [number, Waking] | undefined;
  void stream.wait().then((waking) => {
    end = [performance.now() - began, waking];
  });
  for (let ms = 0; ms < 60_000 && end === undefined; ms += 10) await vi.advanceTimersByTimeAsync(10);
  return end;
}

describe("a wait", () => {
  test("ends when the stream is woken, also before it began", async () => {
    const stream = open();
    stream.wake();
    expect(await waited(stream)).toEqual([0, "woken"]);
    const waiting = stream.wait();
    stream.wake();
    expect(await waiting).toBe("woken");
  });

  test("ends when the stream was silent for its interval at most, and little less", async () => {
    const stream = open(5_000);
    await vi.advanceTimersByTimeAsync(3_000);
    stream.sent();
    const [ms, waking] = (await waited(stream)) ?? [];
    expect(waking).toBe("silent");
    expect(ms).toBeLessThanOrEqual(5_000);
    expect(ms).toBeGreaterThan(4_500);
  });

  test("ends at the stream's age, up to a tenth before it", async () => {
    const [ms, waking] = (await waited(open(60_000, 20_000))) ?? [];
    expect(waking).toBe("ending");
    expect(ms).toBeLessThan(20_300);
    expect(ms).toBeGreaterThan(17_900);
  });

  test("ends with the server, and does not begin after it", async () => {
    const stream = open();
    const waiting = stream.wait();
    stop.abort();
    expect([await waiting, stream.ending]).toEqual(["ending", "SHUTTING_DOWN"]);
    expect(await stream.wait()).toBe("ending");
    expect(open().ending).toBe("SHUTTING_DOWN");
  });

  test("fails when the call is aborted", async () => {
    const stream = open();
    const waiting = expect(stream.wait()).rejects.toThrow("left");
    call.abort(new RpcError("CANCELLED", "left"));
    await waiting;
    await expect(stream.wait()).rejects.toThrow("left");
  });
});

test("the timer runs only while streams are open", () => {
  const streams = new LiveStreams({ maxTails: 10, tailMaxAge: 0 });
  expect(vi.getTimerCount()).toBe(0);
  const opened = [1, 2].map(() =>
    streams.open({ signal: call.signal, stopSignal: () => stop.signal }, 1_000),
  );
  expect([streams.size, vi.getTimerCount()]).toEqual([2, 1]);
  for (const stream of opened) stream.close();
  expect([streams.size, vi.getTimerCount()]).toEqual([0, 0]);
});
