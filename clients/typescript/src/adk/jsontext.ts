/** JSON text as it goes over the wire and comes back. */
import { InvalidRequestError } from "./errors.ts";

/**
 * Writes a part of an event, or a state value, as JSON.stringify does, but for what that would spoil: bytes become
 * standard base64, which every language reads, a Set an array and a Map an object. NaN and the infinities, which JSON
 * has not, become null. Lone surrogates become escapes.
 * @returns undefined for what is no value in JSON: undefined itself, a function, a symbol
 * @throws InvalidRequestError for what JSON cannot carry without a loss: a BigInt, a value within itself
 */
export function jsonText(what: string, value: unknown): string | undefined {
  try {
    return JSON.stringify(value, plain);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidRequestError(`${what} cannot be written as JSON: ${reason}`, { cause: error });
  }
}

/** What stands in the JSON for a value. */
function plain(this: unknown, key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  // The value itself: a Buffer has a toJSON that has been called by now.
  const raw = (this as Record<string, unknown>)[key];
  if (raw instanceof Uint8Array) return base64(raw);
  if (raw instanceof ArrayBuffer) return base64(new Uint8Array(raw));
  if (raw instanceof Set) return [...raw];
  if (raw instanceof Map) return Object.fromEntries(raw);
  return value;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
