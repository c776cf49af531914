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

/** Options of an HTTP/2 server. */
export function http2Options(config: Config) {
  return {
    streamResetBurst: RESETS_AT_ONCE,
    streamResetRate: RESETS_PER_SECOND,
    settings: {
      maxConcurrentStreams: config.maxStreamsPerConnection,
      maxHeaderListSize: config.maxHeaderBytes,
      initialWindowSize: windowBytes,
      enablePush: false,
    },
  };
}
