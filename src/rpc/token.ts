/**
 * Opaque texts that a client sends back: page tokens and cursors. One is made of a check
 * and a payload; the check covers the payload and everything that the token is bound to,
 * so that a damaged token, one of another version and one of another query do not open.
 * It authorises nothing and keeps nothing secret.
 */
import { digest, type Encodable } from "./digest.ts";

/** The values that a token carries. */
export type TokenValue = string | number | null;

const CHECK_BYTES = 12;
const CHECK_CHARACTERS = 16;
/** Ids may need six characters a piece in JSON; nothing that we made is longer. */
const MAX_CHARACTERS = 16_384;

/** A url-safe text with `payload`, bound to `kind` (with its version) and `binding`. */
export function sealToken(kind: string, binding: Encodable, payload: readonly TokenValue[]): string {
  return check(kind, binding, payload) + Buffer.from(JSON.stringify(payload)).toString("base64url");
}

/** The payload of a text from `sealToken` with the same kind and binding, else undefined. */
export function openToken(kind: string, binding: Encodable, text: string): readonly unknown[] | undefined {
  if (text.length > MAX_CHARACTERS || !/^[\w-]+$/.test(text)) return undefined;
  let payload: unknown;
  try {
    payload = JSON.parse(Buffer.from(text.slice(CHECK_CHARACTERS), "base64url").toString());
  } catch {
    return undefined;
  }
  if (!Array.isArray(payload) || !payload.every(isTokenValue)) return undefined;
  return sealToken(kind, binding, payload) === text ? payload : undefined;
}

function check(kind: string, binding: Encodable, payload: readonly TokenValue[]): string {
  return Buffer.from(digest([kind, binding, payload]).subarray(0, CHECK_BYTES)).toString("base64url");
}

function isTokenValue(value: unknown): value is TokenValue {
  return value === null || typeof value === "string" || typeof value === "number";
}
