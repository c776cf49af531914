/** Streams that outlive their connections: what tails and watches have in common. */
import { Code, ConnectError } from "@connectrpc/connect";
import { canReconnect, retryDelay } from "./errors.ts";

/** How long to wait before a lost stream is opened again: doubling, with full jitter. */
export interface Backoff {
  /** The longest wait before the first attempt, in ms; 250 when left out. */
  readonly initialMs?: number;
  /** The longest wait before any attempt, in ms; 10,000 when left out. */
  readonly maxMs?: number;
}

/** Says that the stream was lost and is opened again after a while. */
export interface Waiting {
  readonly kind: "waiting";
  /** Until the next attempt, in ms. */
  readonly delayMs: number;
  /** What ended the connection; undefined where the server closed it in good order. */
  readonly error: ConnectError | undefined;
}

/** How one connection ended, if the stream may go on over another one. */
export interface Lost {
  readonly error: ConnectError | undefined;
  /** Whether frames of use came over it, so that waiting begins anew. */
  readonly progressed: boolean;
  /** Whether the server is well and only wants the stream to be opened again. */
  readonly moved: boolean;
}

/**
 * Opens a stream again and again. `connect` gives the frames of one connection and returns how it was lost, or
 * undefined when the stream has come to its end.
 * @throws ConnectError that no further attempt would change; never the abort of `signal`, which ends the stream
 */
export async function* reconnecting<Update>(
  connect: (signal: AbortSignal) => AsyncGenerator<Update, Lost | undefined, undefined>,
  backoff: Backoff,
  outer: AbortSignal | undefined,
): AsyncGenerator<Update | Waiting, void, undefined> {
  const { initialMs = 250, maxMs = 10_000 } = backoff;
  const left = () => outer?.aborted ?? false;
  let failures = 0;
  while (!left()) {
    const connection = new AbortController();
    const signal = outer === undefined ? connection.signal : AbortSignal.any([outer, connection.signal]);
    let lost: Lost | undefined;
    try {
      lost = yield* connect(signal);
    } catch (error) {
      if (left()) return;
      throw error;
    } finally {
      // Also when the caller leaves in the middle: the server is told at once.
      connection.abort();
    }
    if (lost === undefined || left()) return;
    failures = lost.progressed || lost.moved ? 0 : failures + 1;
    const longest = Math.min(maxMs, initialMs * 2 ** Math.min(failures, 30));
    const delayMs = Math.random() * longest + (retryDelay(lost.error) ?? 0);
    yield { kind: "waiting", delayMs, error: lost.error };
    await pause(delayMs, outer);
  }
}

/** Resolves after so many ms or at the abort, whichever comes first. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
    if (signal?.aborted === true) end();
  });
}

/** Told by the frames themselves how long the stream may be silent. */
export interface Silence {
  /** In ms; undefined before the server said it. */
  heartbeatMs: number | undefined;
}

/** Before the first frame nobody knows the interval; a server that accepts and never answers is as good as gone. */
const firstFrameMs = 30_000;

/**
 * The frames of a call until it ends, is lost or falls silent. Time counts only while the next frame is waited for,
 * so a consumer that thinks for long loses nothing.
 * @throws ConnectError that reconnecting would not change
 */
export async function* framesOf<Frame>(
  frames: AsyncIterable<Frame>,
  silence: Silence,
  signal: AbortSignal,
): AsyncGenerator<Frame, ConnectError | undefined, undefined> {
  const iterator = frames[Symbol.asyncIterator]();
  for (;;) {
    const ms = silence.heartbeatMs === undefined ? firstFrameMs : silence.heartbeatMs * 2.5;
    let result: IteratorResult<Frame>;
    try {
      result = await withinSilence(iterator.next(), ms);
    } catch (error) {
      const failure = ConnectError.from(error);
      if (signal.aborted || canReconnect(failure)) return failure;
      throw failure;
    }
    if (result.done === true) return undefined;
    yield result.value;
  }
}

function withinSilence<T>(next: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new ConnectError(`nothing came for ${Math.round(ms)} ms, not even a heartbeat`, Code.Unavailable),
      );
    }, ms);
    next.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
