/**
 * How maps and answers are written into text columns, the same on every engine. All of
 * it is JSON; state values, JSON texts themselves, are JSON strings in it, so that they
 * come back byte for byte.
 */
import { EMPTY_SCOPE_DELTA } from "./state.ts";
import type { ScopeDelta, SessionRecord, State, StateDelta } from "./store.ts";

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

/** A session as the first answer that a request mark keeps. */
export function sessionToJson(session: SessionRecord): string {
  return JSON.stringify({
    ...session,
    labels: Object.fromEntries(session.labels),
    // JSON numbers lose the sign of zero.
    lastEventTime: Object.is(session.lastEventTime, -0) ? "-0" : String(session.lastEventTime),
    state: session.state === undefined ? undefined : Object.fromEntries(session.state),
  });
}

/** The inverse of `sessionToJson`. */
export function sessionFromJson(text: string): SessionRecord {
  const stored = JSON.parse(text) as StoredSession;
  return {
    ...stored,
    labels: new Map(Object.entries(stored.labels)),
    lastEventTime: Number(stored.lastEventTime),
    state: stored.state === undefined ? undefined : new Map(Object.entries(stored.state)),
  };
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
  readonly state?: Record<string, string>;
};

function scopeDelta(scope: StoredScope): ScopeDelta {
  const set = new Map(Object.entries(scope.set));
  return set.size === 0 && scope.remove.length === 0 ? EMPTY_SCOPE_DELTA : { set, remove: scope.remove };
}
