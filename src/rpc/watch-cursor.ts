/** Cursors of live lists of sessions, as texts. */
import type { Scope } from "../store/store.ts";
import type { ListingPlace, WatchCursor } from "../tails/sessions-watch.ts";
import { RpcError } from "./errors.ts";
import { openToken, sealToken } from "./token.ts";

const KIND = "watch/1";

/** The cursor's text, bound to what is watched. */
export function encodeWatchCursor(scope: Scope, { through, listing }: WatchCursor): string {
  if (listing === undefined) return sealToken(KIND, binding(scope), [through]);
  const { after, left = null } = listing;
  const place = after === undefined ? [] : [after.micros, after.userId, after.sessionId];
  return sealToken(KIND, binding(scope), [through, left, ...place]);
}

/** @throws RpcError INVALID_CURSOR if it is damaged or belongs to another list */
export function decodeWatchCursor(scope: Scope, text: string): WatchCursor {
  const [through, left, ...place] = openToken(KIND, binding(scope), text) ?? [];
  if (!isInteger(through)) throw invalidCursor();
  if (left === undefined) return { through, listing: undefined };
  if (left !== null && !isInteger(left)) throw invalidCursor();
  return { through, listing: { after: positionOf(place), left: left ?? undefined } };
}

function positionOf(place: readonly unknown[]): ListingPlace["after"] {
  if (place.length === 0) return undefined;
  const [micros, userId, sessionId] = place;
  if (isInteger(micros) && typeof userId === "string" && typeof sessionId === "string") {
    return { micros, userId, sessionId };
  }
  throw invalidCursor();
}

function binding({ appName, userId }: Scope): readonly string[] {
  return [appName, userId ?? ""];
}

function invalidCursor(): RpcError {
  return new RpcError(
    "INVALID_CURSOR",
    "The cursor is damaged or belongs to another list. Start again without it.",
    { fieldViolations: [{ field: "cursor", description: "belongs to no list of this app and user" }] },
  );
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
