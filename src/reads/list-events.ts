/** Pages of events: of one session in either direction, or across the sessions of a user or an app. */
import type { Limits } from "../config/limits.ts";
import { seqBeyondHead } from "../rpc/errors.ts";
import type { SessionEventPlace } from "../rpc/page-token.ts";
import type { EventPosition, EventRange, Scope, SessionKey, SessionRecord, Store } from "../store/store.ts";
import type { ScopeEvent, StoredEvent } from "../store/stored-event.ts";
import { missingEvent, requireNotTrimmed, requireSession } from "./one-session.ts";

/** A page of one session's events. */
export interface SessionEventsQuery {
  readonly key: SessionKey;
  /** The uid that the session must have; undefined for any. */
  readonly uid: string | undefined;
  /** Both exclusive. */
  readonly afterSeq: number | undefined;
  readonly beforeSeq: number | undefined;
  readonly descending: boolean;
  /** Seconds since 1970, inclusive. */
  readonly afterTime: number | undefined;
  /** The place of the page token. */
  readonly after: SessionEventPlace | undefined;
  readonly limit: number;
}

/** Its answer. */
export interface SessionEventsPage {
  readonly session: SessionRecord;
  readonly events: readonly StoredEvent[];
  /** Where the next page begins; undefined on the last. */
  readonly next: SessionEventPlace | undefined;
  /** No append can change this page any more. */
  readonly closed: boolean;
}

type ListStore = Pick<Store, "getSessionRow" | "readEvents" | "listScopeEvents">;

/**
 * @throws RpcError or StoreError SESSION_NOT_FOUND, SESSION_RECREATED, EVENTS_TRIMMED, SEQ_BEYOND_HEAD;
 *   any other Error if the store misses an event
 */
export async function listSessionEvents(
  store: ListStore,
  query: SessionEventsQuery,
  limits: Limits,
  signal: AbortSignal,
): Promise<SessionEventsPage> {
  const session = requireSession(await store.getSessionRow(query.key, signal), query.uid, query.after?.uid);
  const range = rangeOf(session, query, limits);
  const events: StoredEvent[] = [];
  if (range.afterSeq < range.throughSeq) {
    for await (const chunk of store.readEvents(range, signal)) events.push(...chunk);
    if (query.afterTime === undefined) requireNoHole(range, events);
  }
  const last = events.at(-1);
  const more = last !== undefined && (await hasMore(store, range, last.seq, signal));
  return {
    session,
    events,
    next: more ? { uid: session.uid, seq: last.seq } : undefined,
    closed: hasFixedEnd(session, query) || (more && !query.descending),
  };
}

function rangeOf(session: SessionRecord, query: SessionEventsQuery, limits: Limits): EventRange {
  const lower = query.descending ? query.afterSeq : (query.after?.seq ?? query.afterSeq);
  const upper = query.descending ? (query.after?.seq ?? query.beforeSeq) : query.beforeSeq;
  if (lower !== undefined && lower > session.headSeq) throw seqBeyondHead(lower, session.headSeq);
  // 0 is the beginning, wherever that is, and downwards a walk ends there.
  if (lower !== undefined && lower > 0 && !query.descending) requireNotTrimmed(session, lower);
  return {
    key: session.key,
    uid: session.uid,
    afterSeq: Math.max(lower ?? 0, session.firstSeq - 1),
    throughSeq: Math.min(upper === undefined ? session.headSeq : upper - 1, session.headSeq),
    descending: query.descending,
    afterTime: query.afterTime,
    maxRows: query.limit,
    maxBytes: limits.pageBytes,
    sessionBytes: session.eventBytes,
  };
}

function requireNoHole(range: EventRange, events: readonly StoredEvent[]): void {
  const first = range.descending ? range.throughSeq : range.afterSeq + 1;
  const step = range.descending ? -1 : 1;
  if (events.length === 0) throw missingEvent(first);
  for (const [at, event] of events.entries()) {
    const expected = first + at * step;
    if (event.seq !== expected) throw missingEvent(expected);
  }
}

async function hasMore(
  store: ListStore,
  range: EventRange,
  lastSeq: number,
  signal: AbortSignal,
): Promise<boolean> {
  const rest = range.descending ? { ...range, throughSeq: lastSeq - 1 } : { ...range, afterSeq: lastSeq };
  if (rest.afterSeq >= rest.throughSeq) return false;
  // With a filter only a look tells.
  if (range.afterTime === undefined) return true;
  for await (const chunk of store.readEvents({ ...rest, maxRows: 1, maxBytes: 1 }, signal)) {
    if (chunk.length > 0) return true;
  }
  return false;
}

/** Whether the request itself ends the range at or before the head, so that new events are not in it. */
function hasFixedEnd(session: SessionRecord, query: SessionEventsQuery): boolean {
  if (query.descending && query.after !== undefined) return true;
  return query.beforeSeq !== undefined && query.beforeSeq - 1 <= session.headSeq;
}

/** A page of the events of several sessions. */
export interface ScopeEventsQuery {
  readonly scope: Scope;
  readonly afterTime: number | undefined;
  /** The place of the page token. */
  readonly after: EventPosition | undefined;
  readonly limit: number;
}

/** Its answer. */
export interface ScopeEventsPage {
  readonly events: readonly ScopeEvent[];
  readonly next: EventPosition | undefined;
}

/** Events by user, session and seq. */
export async function listScopeEvents(
  store: ListStore,
  query: ScopeEventsQuery,
  limits: Limits,
  signal: AbortSignal,
): Promise<ScopeEventsPage> {
  const { scope, afterTime, after, limit } = query;
  // One more than wanted tells that there is more, unless the bytes ended the read before.
  const bounds = { maxRows: limit + 1, maxBytes: limits.pageBytes };
  const found = await store.listScopeEvents({ scope, afterTime, after, ...bounds }, signal);
  const events = found.slice(0, limit);
  const last = events.at(-1);
  if (last === undefined) return { events, next: undefined };
  const place = { userId: last.key.userId, sessionId: last.key.sessionId, seq: last.seq };
  if (found.length > limit) return { events, next: place };
  const probe = { scope, afterTime, after: place, maxRows: 1, maxBytes: 1 };
  const rest = await store.listScopeEvents(probe, signal);
  return { events, next: rest.length > 0 ? place : undefined };
}
