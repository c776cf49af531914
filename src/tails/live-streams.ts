/**
 * The streams that stay open, whatever they send: how many there may be, how long each
 * lives, and how one waits. All of them share one timer, which runs while there are any.
 */
import type { RequestContext } from "../rpc/context.ts";
import { RpcError } from "../rpc/errors.ts";
import type { TailOptions } from "./options.ts";

/** Why the server ends a stream of its own accord. */
export type EndingReason = "SHUTTING_DOWN" | "MAX_AGE";

/** Why a stream need not wait any longer: there may be news, it was silent for long, or it must end. */
export type Waking = "woken" | "silent" | "ending";

/** How late a heartbeat may be found due, in milliseconds; it is sent so much earlier. */
const TICK_MS = 200;

/** What a stream needs of its call. */
export type StreamCall = Pick<RequestContext, "signal" | "stopSignal">;

/** Every live stream of a process. */
export class LiveStreams {
  readonly #options: Pick<TailOptions, "maxTails" | "tailMaxAge">;
  readonly #open = new Set<LiveStream>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: Pick<TailOptions, "maxTails" | "tailMaxAge">) {
    this.#options = options;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Takes a place for a stream, which must give it back by `close`. @throws RpcError SERVER_BUSY */
  open(call: StreamCall, heartbeatMs: number): LiveStream {
    const { maxTails, tailMaxAge } = this.#options;
    if (this.#open.size >= maxTails) throw tooManyTails("max_tails", maxTails);
    // Spread, so that streams that opened together do not come back together.
    const ageMs = tailMaxAge === 0 ? Number.POSITIVE_INFINITY : tailMaxAge * (1 - Math.random() / 10);
    const stream = new LiveStream(call, heartbeatMs, performance.now() + ageMs, () => this.#closed(stream));
    this.#open.add(stream);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref();
    return stream;
  }

  #closed(stream: LiveStream): void {
    this.#open.delete(stream);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    for (const stream of this.#open) stream.tick(now);
  }
}

/** One stream: woken by news, by its own silence, by its age and by the end of the server. */
export class LiveStream {
  /** How long it may be silent, in milliseconds. */
  readonly heartbeatMs: number;
  readonly #signal: AbortSignal;
  readonly #endsAt: number;
  readonly #onClose: () => void;
  readonly #stopSignal: AbortSignal;
  #sentAt = performance.now();
  #ending: EndingReason | undefined;
  #woken = false;
  #resume: (() => void) | undefined;

  constructor(call: StreamCall, heartbeatMs: number, endsAt: number, onClose: () => void) {
    this.heartbeatMs = heartbeatMs;
    this.#signal = call.signal;
    this.#stopSignal = call.stopSignal();
    this.#endsAt = endsAt;
    this.#onClose = onClose;
    this.#signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#stopSignal.addEventListener("abort", this.#onStop, { once: true });
    if (this.#stopSignal.aborted) this.#onStop();
  }

  /** Why it must end now, in words of its own; undefined while it may go on. */
  get ending(): EndingReason | undefined {
    return this.#ending;
  }

  /** Something was sent: its silence begins anew. */
  sent(): void {
    this.#sentAt = performance.now();
  }

  /** There may be news. Counts also while nobody waits. */
  wake(): void {
    this.#woken = true;
    this.#resume?.();
  }

  /** Resolves once there is a reason to go on. @throws the reason that the call was aborted with */
  async wait(): Promise<Waking> {
    this.#signal.throwIfAborted();
    if (this.#ending === undefined && !this.#woken) {
      // A promise of this wait alone: one that lives as long as the stream would keep all that waited on it.
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#resume = resolve;
      await promise;
      this.#resume = undefined;
      this.#signal.throwIfAborted();
    }
    if (this.#ending !== undefined) return "ending";
    if (!this.#woken) return "silent";
    this.#woken = false;
    return "woken";
  }

  /** Looks at the time, by `performance.now()`. */
  tick(now: number): void {
    if (now >= this.#endsAt) this.#end("MAX_AGE");
    else if (now > this.#sentAt + this.heartbeatMs - TICK_MS) this.#resume?.();
  }

  /** Gives its place back. */
  close(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#stopSignal.removeEventListener("abort", this.#onStop);
    this.#onClose();
  }

  readonly #onAbort = (): void => this.#resume?.();
  readonly #onStop = (): void => this.#end("SHUTTING_DOWN");

  #end(reason: EndingReason): void {
    this.#ending ??= reason;
    this.#resume?.();
  }
}

/** The refusal of one stream more; `limit` is the setting's name. */
export function tooManyTails(limit: "max_tails" | "max_tails_per_session", value: number): RpcError {
  const of = limit === "max_tails" ? "in this server" : "of this session or list";
  return new RpcError(
    "SERVER_BUSY",
    `${value} live streams ${of} are open already. Retry after the delay in RetryInfo.`,
    { facts: { limit, limit_value: String(value) } },
  );
}
