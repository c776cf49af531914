/** Page tokens: the place after a page, bound to the request's other arguments. */
import type { EventPosition, SessionPosition } from "../store/store.ts";
import type { Encodable } from "./digest.ts";
import { RpcError } from "./errors.ts";
import { openToken, sealToken, type TokenValue } from "./token.ts";

/** A kind of page token: how its place becomes values and back. */
interface PageTokenKind<Place> {
  /** The token that leads on from `place` in the query that `query` has the arguments of. */
  encode(query: Encodable, place: Place): string;
  /** The place; undefined for the empty token. @throws RpcError INVALID_PAGE_TOKEN */
  decode(query: Encodable, token: string): Place | undefined;
}

/** A place in one session's events: seq of the last event given, in the session of this uid. */
export interface SessionEventPlace {
  readonly uid: string;
  readonly seq: number;
}

/** ListSessions. */
export const sessionsToken: PageTokenKind<SessionPosition> = kind(
  "sessions/1",
  (place) => [place.micros, place.userId, place.sessionId],
  ([micros, userId, sessionId]) =>
    isInteger(micros) && isString(userId) && isString(sessionId) ? { micros, userId, sessionId } : undefined,
);

/** ListEvents of one session. */
export const sessionEventsToken: PageTokenKind<SessionEventPlace> = kind(
  "session-events/1",
  (place) => [place.uid, place.seq],
  ([uid, seq]) => (isString(uid) && isInteger(seq) ? { uid, seq } : undefined),
);

/** ListEvents of several sessions. */
export const scopeEventsToken: PageTokenKind<EventPosition> = kind(
  "scope-events/1",
  (place) => [place.userId, place.sessionId, place.seq],
  ([userId, sessionId, seq]) =>
    isString(userId) && isString(sessionId) && isInteger(seq) ? { userId, sessionId, seq } : undefined,
);

/** ListApps and ListUsers. */
export const namesToken: PageTokenKind<string> = kind(
  "names/1",
  (name) => [name],
  ([name]) => (isString(name) ? name : undefined),
);

function kind<Place>(
  name: string,
  toValues: (place: Place) => readonly TokenValue[],
  toPlace: (values: readonly unknown[]) => Place | undefined,
): PageTokenKind<Place> {
  return {
    encode: (query, place) => sealToken(name, query, toValues(place)),
    decode(query, token) {
      if (token === "") return undefined;
      const values = openToken(name, query, token);
      const place = values === undefined ? undefined : toPlace(values);
      if (place === undefined) throw invalidPageToken();
      return place;
    },
  };
}

function invalidPageToken(): RpcError {
  return new RpcError(
    "INVALID_PAGE_TOKEN",
    "The page_token is damaged or was given to another query. Start the walk again, with the same arguments on every page.",
    { fieldViolations: [{ field: "page_token", description: "belongs to no page of this query" }] },
  );
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
