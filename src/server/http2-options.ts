/** How both ports speak HTTP/2. */
import type { Config } from "../config.ts";

/** The flow-control window of a stream, in bytes. */
export const windowBytes = 1024 * 1024;

/**
 * Streams that a client of one connection may reset: at once, and per second. Node closes a connection that resets
 * more, a thousand and then 33 a second where nothing is set; an agent's process has all its calls on one connection,
 * and may well give up more than that together.
 */
const RESETS_AT_ONCE = 20_000;
const RESETS_PER_SECOND = 1_000;

/**
 * Streams over the limit of one connection that may be refused in a row; Node closes the connection behind them, after
 * a hundred where nothing is set. A client that keeps to the limit runs into it: Node counts streams that it resets
 * until the next turn of the event loop, while those that come in their place are in the same packets.
 */
const REFUSED_IN_A_ROW = 20_000;

/** Options of an HTTP/2 server. */
export function http2Options(config: Config) {
  return {
    streamResetBurst: RESETS_AT_ONCE,
    streamResetRate: RESETS_PER_SECOND,
    maxSessionRejectedStreams: REFUSED_IN_A_ROW,
    settings: {
      maxConcurrentStreams: config.maxStreamsPerConnection,
      maxHeaderListSize: config.maxHeaderBytes,
      initialWindowSize: windowBytes,
      enablePush: false,
    },
  };
}
