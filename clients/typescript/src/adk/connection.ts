/** The way to one server, and calls over it. */
import { setTimeout as sleep } from "node:timers/promises";
import { type CallOptions, type Client, Code, createClient } from "@connectrpc/connect";
import type { SessionKey } from "../gen/sessiond/v1/session_pb.ts";
import {
  SessionService,
  type StreamEventsRequest,
  type StreamEventsResponse,
} from "../gen/sessiond/v1/session_service_pb.ts";
import type { Settings } from "../grpc/options.ts";
import { createGrpcTransport, type GrpcTransport } from "../grpc/transport.ts";
import { type TailOptions, type TailUpdate, tail } from "../tail.ts";
import { DeadlineError, fromCallError, isRetryable, SessiondError, UnavailableError } from "./errors.ts";

/** Pauses between tries, in ms; each is drawn from half of it to all of it. */
const firstPauseMs = 100;
const longestPauseMs = 1_000;

/** How often a read that breaks off is begun again. */
export const readTries = 4;

type SessionClient = Client<typeof SessionService>;

/** Where a tail begins and how it behaves, without the session. */
export type TailPlace = Omit<TailOptions, "key">;

interface Channels {
  /** For unary calls, and another for streams, so that a long history does not hold those up. */
  readonly unary: SessionClient;
  readonly streams: SessionClient;
  readonly transports: readonly GrpcTransport[];
  /** Aborted when they are closed, which also ends what waits to connect again. */
  readonly closing: AbortController;
}

/** Makes calls. It connects at the first. */
export class Connection {
  readonly settings: Settings;
  #channels: Channels | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /**
   * Makes a call and gives its answer. Tries again where that helps, until the deadline: every request can be repeated,
   * as reads change nothing, and writes carry an event id or a request id.
   * @param name of the call, for the message of an error
   * @param sessionId the session that the call is about, for the same
   * @throws SessiondError of the last try
   */
  async unary<Answer>(
    name: string,
    call: (client: SessionClient, options: CallOptions) => Promise<Answer>,
    sessionId = "",
  ): Promise<Answer> {
    const { deadlineMs } = this.settings;
    const end = performance.now() + deadlineMs;
    let unavailable: SessiondError | undefined;
    for (let tries = 0; ; tries++) {
      // One try never takes all the time, or a lost answer could not be asked for again.
      const timeoutMs = Math.max(1, Math.min(deadlineMs / 2, end - performance.now()));
      try {
        return await call(this.#open().unary, { timeoutMs });
      } catch (error) {
        const failure = fromCallError(error, sessionId);
        const pauseMs = pauseBeforeRetry(failure, tries);
        if (failure instanceof UnavailableError) unavailable = failure;
        if (pauseMs === undefined || performance.now() + pauseMs >= end) {
          // That the last try had little time left says less than what the one before found.
          throw this.#told(name, failure, unavailable);
        }
        await sleep(pauseMs);
      }
    }
  }

  #told(name: string, failure: SessiondError, unavailable: SessiondError | undefined): SessiondError {
    if (!(failure instanceof DeadlineError)) return failure;
    if (unavailable !== undefined) return unavailable;
    const { target, deadlineMs } = this.settings;
    return new DeadlineError(
      `${name}: no answer from ${target} within ${deadlineMs / 1000} seconds (${failure.message})`,
      { code: failure.code, reason: failure.reason, cause: failure.cause },
    );
  }

  /**
   * Reads a stream to its end, once; a caller that wants to try again starts over.
   * @throws DeadlineError when nothing came for `streamIdleMs`, else SessiondError of the stream
   */
  async *read(request: StreamEventsRequest): AsyncGenerator<StreamEventsResponse, void, undefined> {
    const leaving = new AbortController();
    let idle = false;
    const timer = setTimeout(() => {
      idle = true;
      leaving.abort();
    }, this.settings.streamIdleMs);
    try {
      const frames = this.#open().streams.streamEvents(request, { signal: leaving.signal, timeoutMs: 0 });
      for await (const frame of frames) {
        timer.refresh();
        yield frame;
      }
    } catch (error) {
      if (idle) {
        const ms = this.settings.streamIdleMs;
        throw new DeadlineError(`The history stood still for ${ms / 1000} seconds.`, { cause: error });
      }
      throw fromCallError(error, request.key?.sessionId);
    } finally {
      clearTimeout(timer);
      leaving.abort();
    }
  }

  /**
   * Follows a session.
   * @throws SessiondError that no reconnect would change
   */
  async *tail(key: SessionKey, place: TailPlace): AsyncGenerator<TailUpdate, void, undefined> {
    const { streams, closing } = this.#open();
    const signal = AbortSignal.any([closing.signal, ...(place.signal === undefined ? [] : [place.signal])]);
    try {
      yield* tail(streams, { ...place, key, signal });
    } catch (error) {
      throw fromCallError(error, key.sessionId);
    }
    if (closing.signal.aborted && place.signal?.aborted !== true) {
      throw new SessiondError("The service was closed.", { code: Code.Canceled });
    }
  }

  /** Ends the calls that run, with an error, and closes the channels. A later call connects anew. */
  close(): void {
    const channels = this.#channels;
    this.#channels = undefined;
    channels?.closing.abort();
    for (const transport of channels?.transports ?? []) transport.close();
  }

  #open(): Channels {
    if (this.#channels === undefined) {
      const unary = createGrpcTransport(this.settings.target, this.settings, { keepalive: false });
      const streams = createGrpcTransport(this.settings.target, this.settings, { keepalive: true });
      this.#channels = {
        unary: createClient(SessionService, unary),
        streams: createClient(SessionService, streams),
        transports: [unary, streams],
        closing: new AbortController(),
      };
    }
    return this.#channels;
  }
}

/**
 * Ms to wait before the next try, or undefined where another try would not help.
 * @param tries how many tries came before the one that failed
 */
export function pauseBeforeRetry(failure: SessiondError, tries: number): number | undefined {
  if (!isRetryable(failure)) return undefined;
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** tries);
  // Jitter, so that the clients of a server that went down do not come back all at once.
  return Math.max(failure.retryDelayMs ?? 0, pauseMs * (0.5 + Math.random() / 2));
}
