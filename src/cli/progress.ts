/** Tells a person at a terminal how far long work is; silent elsewhere, where the log tells. */
import type { WriteStream } from "node:tty";

/** A line that is written over and over. */
export interface Progress {
  /** Shows how far the work is. */
  show(text: string): void;
  /** Takes the line away. */
  clear(): void;
}

/** Progress on `stream` if a person reads it. */
export function progressOn(stream: WriteStream | (NodeJS.WritableStream & { isTTY?: false })): Progress {
  if (!stream.isTTY) return { show() {}, clear() {} };
  return {
    show: (text) => void stream.write(`\r\u001b[2K${text}`),
    clear: () => void stream.write("\r\u001b[2K"),
  };
}
