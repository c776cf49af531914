/** Cuts a state into parts that fit frames. */
import { entryBytes } from "../rpc/convert/session-bytes.ts";
import type { State } from "../store/store.ts";

/**
 * The parts of a state, in the order of its keys: the first of at most `firstBytes`, the
 * others of at most `maxBytes` unless one entry is larger. There is always a first one.
 */
export function splitState(state: State, firstBytes: number, maxBytes: number): State[] {
  const parts: Map<string, string>[] = [new Map()];
  let left = firstBytes;
  for (const [key, value] of state) {
    const bytes = entryBytes(key, value);
    if (bytes > left) {
      parts.push(new Map());
      left = maxBytes;
    }
    parts.at(-1)?.set(key, value);
    left -= bytes;
  }
  return parts;
}
