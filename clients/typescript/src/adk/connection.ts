/** The way to one server, and calls over it. */
import { setTimeout as sleep } from "node:timers/promises";
import { type CallOptions, type Client, createClient } from "@connectrpc/connect";
import type { SessionKey } from "../gen/sessiond/v1/session_pb.ts";
import {
  SessionService,
  type StreamEventsRequest,
  type StreamEventsResponse,
} from "../gen/sessiond/v1/session_service_pb.ts";
import type { Settings } from "../grpc/options.ts";
import { createGrpcTransport, type GrpcTransport } from "../grpc/transport.ts";
import { type TailOptions, type TailUpdate, tail } from "../tail.ts";
import { DeadlineError, fromCallError, isRetryable, type SessiondError, UnavailableError } from "./errors.ts";
import { closedError, Line, type Turn } from "./line.ts";

/**
 * How many calls of a channel are under way at once. The server takes 256 streams of a connection; with less than half
 * of them the resets of calls whose time is up and the calls after them fit together. More does not make it faster.
 */
const callsAtOnce = 100;
/** The same for histories that are streamed. */
const historiesAtOnce = 64;

/** Pauses between tries, in ms; each is drawn from half of it to all of it. */
const firstPauseMs = 100;
const longestPauseMs = 1_000;

type SessionClient = Client<typeof SessionService>;

/** Where a tail begins and how it behaves, without the session. */
export type TailPlace = Omit<TailOptions, "key">;

interface Channels {
  /**
   * For unary calls, for histories that are streamed, and for tails: so that a long history does not hold up the others,
   * nor many tails, of which each is a stream for as long as it lives.
   */
  readonly unary: SessionClient;
  readonly streams: SessionClient;
  readonly tails: SessionClient;
  /** Of unary calls, and of histories that are streamed; tails wait in none. */
  readonly calls: Line;
  readonly histories: Line;
  readonly transports: readonly GrpcTransport[];
  /** Aborted when they are closed, which also ends what waits to connect again. */
  readonly closing: AbortController;
}

/**
 * Reads a stream to its end, once; a caller that wants to try again starts over.
 * @throws DeadlineError when nothing came for `streamIdleMs`, else SessiondError of the stream
 */
export type Read = (request: StreamEventsRequest) => AsyncGenerator<StreamEventsResponse, void, undefined>;

/** Makes calls. It connects at the first. */
export class Connection {
  readonly settings: Settings;
  #channels: Channels | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /**
   * Makes a call when its turn comes and gives its answer. Tries again where that helps, until the deadline: every
   * request can be repeated, as reads change nothing, and writes carry an event id or a request id.
   * @param name of the call, for the message of an error
   * @param sessionId the session that the call is about, for the same
   * @throws SessiondError of the last try, or of the calls before it that had no answer
   */
  async unary<Answer>(
    name: string,
    call: (client: SessionClient, options: CallOptions) => Promise<Answer>,
    sessionId = "",
  ): Promise<Answer> {
    const { deadlineMs } = this.settings;
    const { unary: client, calls, closing } = this.#open();
    return await calls.run(async (turn) => {
      const end = turn.since + deadlineMs;
      let unavailable = this.#behind(name, turn, deadlineMs);
      for (let tries = 0; ; tries++) {
        // One try never takes all the time, or a lost answer could not be asked for again.
        const timeoutMs = Math.max(1, Math.min(deadlineMs / 2, end - performance.now()));
        try {
          const answer = await call(client, { timeoutMs });
          calls.tried();
          return answer;
        } catch (error) {
          const failure = fromCallError(error, sessionId);
          calls.tried(failure);
          const pauseMs = pauseBeforeRetry(failure, tries);
          if (failure instanceof UnavailableError) unavailable = failure;
          if (pauseMs === undefined || performance.now() + pauseMs >= end) {
            // That the last try had little time left says less than what the one before found.
            throw this.#told(name, failure, unavailable);
          }
          await sleep(pauseMs);
          if (closing.signal.aborted) throw closedError();
        }
      }
    });
  }

  /**
   * What a call finds that waited behind others without an answer: that the server is unavailable, where those found so.
   * @throws SessiondError where the call's time is up
   */
  #behind(name: string, { since, failure }: Turn, limitMs: number): SessiondError | undefined {
    if (failure === undefined) return undefined;
    const waitedMs = performance.now() - since;
    const kind = failure instanceof DeadlineError ? DeadlineError : UnavailableError;
    const error = new kind(
      `${name}: waited ${(waitedMs / 1000).toFixed(1)} seconds behind calls that had no answer from ` +
        `${this.settings.target} (${failure.message})`,
      { code: failure.code, reason: failure.reason, cause: failure.cause },
    );
    if (waitedMs >= limitMs) throw error;
    return error instanceof UnavailableError ? error : undefined;
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
   * Reads a history when its turn comes. It keeps its place through all that `work` does: tries with `read`, and pauses.
   * @throws SessiondError of the reads before it, where those had no answer for `streamIdleMs`; else what `work` throws
   */
  async history<Result>(work: (read: Read) => Promise<Result>): Promise<Result> {
    const channels = this.#open();
    return await channels.histories.run((turn) => {
      this.#behind("StreamEvents", turn, this.settings.streamIdleMs);
      return work((request) => this.#read(channels, request));
    });
  }

  async *#read({ streams, histories }: Channels, request: StreamEventsRequest): ReturnType<Read> {
    const leaving = new AbortController();
    let idle = false;
    const timer = setTimeout(() => {
      idle = true;
      leaving.abort();
    }, this.settings.streamIdleMs);
    try {
      const frames = streams.streamEvents(request, { signal: leaving.signal, timeoutMs: 0 });
      for await (const frame of frames) {
        timer.refresh();
        histories.tried();
        yield frame;
      }
    } catch (error) {
      const failure = idle ? this.#stoodStill(error) : fromCallError(error, request.key?.sessionId);
      histories.tried(failure);
      throw failure;
    } finally {
      clearTimeout(timer);
      leaving.abort();
    }
  }

  #stoodStill(cause: unknown): DeadlineError {
    const seconds = this.settings.streamIdleMs / 1000;
    return new DeadlineError(`The history stood still for ${seconds} seconds.`, { cause });
  }

  /**
   * Follows a session.
   * @throws SessiondError that no reconnect would change
   */
  async *tail(key: SessionKey, place: TailPlace): AsyncGenerator<TailUpdate, void, undefined> {
    const { tails, closing } = this.#open();
    const signal = AbortSignal.any([closing.signal, ...(place.signal === undefined ? [] : [place.signal])]);
    try {
      yield* tail(tails, { ...place, key, signal });
    } catch (error) {
      throw fromCallError(error, key.sessionId);
    }
    if (closing.signal.aborted && place.signal?.aborted !== true) {
      throw closedError();
    }
  }

  /** Ends the calls that run, with an error, and closes the channels. A later call connects anew. */
  close(): void {
    const channels = this.#channels;
    this.#channels = undefined;
    channels?.closing.abort();
    channels?.calls.close();
    channels?.histories.close();
    for (const transport of channels?.transports ?? []) transport.close();
  }

  #open(): Channels {
    if (this.#channels === undefined) {
      const unary = createGrpcTransport(this.settings.target, this.settings, { keepalive: false });
      const streams = createGrpcTransport(this.settings.target, this.settings, { keepalive: true });
      const tails = createGrpcTransport(this.settings.target, this.settings, { keepalive: true });
      this.#channels = {
        unary: createClient(SessionService, unary),
        streams: createClient(SessionService, streams),
        tails: createClient(SessionService, tails),
        calls: new Line(callsAtOnce),
        histories: new Line(historiesAtOnce),
        transports: [unary, streams, tails],
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
