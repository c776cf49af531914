/**
 * How maps and answers are written into text columns, the same on every engine. All of
 * it is JSON; state values, JSON texts themselves, are JSON strings in it, so that they
 * come back byte for byte.
 */
import { EMPTY_SCOPE_DELTA } from "./state.ts";
import type { ScopeDelta, SessionChange, SessionKey, SessionRecord, State, StateDelta } from "./store.ts";

/** A map of texts as a JSON object. The order of integer-like keys is not kept. */
export function textMapToJson(map: ReadonlyMap<string, string>): string {
  return JSON.stringify(Object.fromEntries(map));
}

/** The inverse of `textMapToJson`. */
export function textMapFromJson(text: string): Map<string, string> {
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}

/** A state delta with all scopes as JSON: `{"session":{"set":{…},"remove":[…]},"user":…,"app":…}`. */
export function deltaToJson(delta: StateDelta): string {
  return JSON.stringify(
    { session: delta.session, user: delta.user, app: delta.app },
    (_key, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value),
  );
}

/** The inverse of `deltaToJson`. */
export function deltaFromJson(text: string): StateDelta {
  const scopes = JSON.parse(text) as Record<"session" | "user" | "app", StoredScope>;
  return { session: scopeDelta(scopes.session), user: scopeDelta(scopes.user), app: scopeDelta(scopes.app) };
}

/** What a change changed beside state. */
export type ChangedFacts = Pick<SessionChange, "ownerId" | "displayName" | "labels">;

/** What a change changed beside state as a column: null where it changed nothing else. */
export function factsToColumn({ ownerId, displayName, labels }: ChangedFacts): string | null {
  if (ownerId === undefined && displayName === undefined && labels === undefined) return null;
  return JSON.stringify({ ownerId, displayName, labels: labels && Object.fromEntries(labels) });
}

/** The inverse of `factsToColumn`. */
export function factsFromColumn(text: string | null): ChangedFacts {
  const stored = JSON.parse(text ?? "{}") as { ownerId?: string; displayName?: string; labels?: object };
  return {
    ownerId: stored.ownerId,
    displayName: stored.displayName,
    labels: stored.labels && new Map(Object.entries(stored.labels as Record<string, string>)),
  };
}

/**
 * The first answer that a request mark keeps, in two columns: a session's state stands
 * apart, so that it can be forgotten with the session.
 */
export interface KeptAnswer {
  readonly response: string;
  /** Null where the answer has none, or it was forgotten. */
  readonly response_state: string | null;
}

/** A session as an answer to keep; a state of more than `maxStateBytes` is not kept. */
export function sessionToAnswer(session: SessionRecord, maxStateBytes: number): KeptAnswer {
  const state = session.state === undefined ? null : textMapToJson(session.state);
  return {
    response: JSON.stringify({
      ...session,
      labels: Object.fromEntries(session.labels),
      // JSON numbers lose the sign of zero.
      lastEventTime: Object.is(session.lastEventTime, -0) ? "-0" : String(session.lastEventTime),
      state: undefined,
    }),
    response_state: state !== null && Buffer.byteLength(state) <= maxStateBytes ? state : null,
  };
}

/**
 * The inverse of `sessionToAnswer`. Where the state was not kept it is that of `now`, the
 * session as it is by now, or empty if that is gone.
 */
export function sessionFromAnswer(kept: KeptAnswer, now: SessionRecord | undefined): SessionRecord {
  const stored = JSON.parse(kept.response) as StoredSession;
  const current = now?.uid === stored.uid ? now.state : undefined;
  return {
    ...stored,
    labels: new Map(Object.entries(stored.labels)),
    lastEventTime: Number(stored.lastEventTime),
    state: kept.response_state === null ? (current ?? new Map()) : textMapFromJson(kept.response_state),
  };
}

/** The session of an answer by `sessionToAnswer`: the first try may have been given another id. */
export function answeredKey(kept: KeptAnswer): SessionKey {
  return (JSON.parse(kept.response) as StoredSession).key;
}

/** An answer without a session. */
export function plainAnswer(value: unknown): KeptAnswer {
  return { response: JSON.stringify(value), response_state: null };
}

/** An event's state delta and removed keys as columns: null where there is none. */
export function eventDeltaToColumns(set: State, remove: readonly string[]): [string | null, string | null] {
  return [set.size === 0 ? null : textMapToJson(set), remove.length === 0 ? null : JSON.stringify(remove)];
}

/** The inverse of `eventDeltaToColumns`. */
export function eventDeltaFromColumns(
  set: string | null,
  remove: string | null,
): [Map<string, string>, string[]] {
  return [
    set === null ? new Map() : textMapFromJson(set),
    remove === null ? [] : (JSON.parse(remove) as string[]),
  ];
}

interface StoredScope {
  readonly set: Record<string, string>;
  readonly remove: readonly string[];
}

type StoredSession = Omit<SessionRecord, "labels" | "lastEventTime" | "state"> & {
  readonly labels: Record<string, string>;
  readonly lastEventTime: string;
};

function scopeDelta(scope: StoredScope): ScopeDelta {
  const set = new Map(Object.entries(scope.set));
  return set.size === 0 && scope.remove.length === 0 ? EMPTY_SCOPE_DELTA : { set, remove: scope.remove };
}
