/** State scopes: splitting a delta by its keys' prefixes, and merging what is read. */
import type { ScopeDelta, State, StateDelta } from "./store.ts";

/** The prefixes that ADK gives the keys of shared and passing state. */
export const USER_PREFIX = "user:";
export const APP_PREFIX = "app:";
export const TEMP_PREFIX = "temp:";

/** A delta that changes nothing. */
export const EMPTY_SCOPE_DELTA: ScopeDelta = { set: new Map(), remove: [] };
export const EMPTY_DELTA: StateDelta = {
  session: EMPTY_SCOPE_DELTA,
  user: EMPTY_SCOPE_DELTA,
  app: EMPTY_SCOPE_DELTA,
};

/** Whether a scope's delta changes anything. */
export function isEmptyDelta(delta: ScopeDelta): boolean {
  return delta.set.size === 0 && delta.remove.length === 0;
}

/** Splits a delta with prefixed keys by scope and drops `temp:` keys (I5). */
export function splitDelta(set: Iterable<readonly [string, string]>, remove: Iterable<string>): StateDelta {
  const sets = {
    session: new Map<string, string>(),
    user: new Map<string, string>(),
    app: new Map<string, string>(),
  };
  const removes = { session: [] as string[], user: [] as string[], app: [] as string[] };
  for (const [key, value] of set) {
    const place = placeOf(key);
    if (place !== undefined) sets[place.scope].set(place.key, value);
  }
  for (const key of new Set(remove)) {
    const place = placeOf(key);
    if (place !== undefined) removes[place.scope].push(place.key);
  }
  return {
    session: { set: sets.session, remove: removes.session },
    user: { set: sets.user, remove: removes.user },
    app: { set: sets.app, remove: removes.app },
  };
}

/** The three scopes as one map, prefixes put back (what a reader sees). */
export function mergeState(session: State, user: State, app: State): State {
  const merged = new Map(session);
  for (const [key, value] of user) merged.set(USER_PREFIX + key, value);
  for (const [key, value] of app) merged.set(APP_PREFIX + key, value);
  return merged;
}

function placeOf(key: string): { scope: "session" | "user" | "app"; key: string } | undefined {
  if (key.startsWith(TEMP_PREFIX)) return undefined;
  if (key.startsWith(USER_PREFIX)) return { scope: "user", key: key.slice(USER_PREFIX.length) };
  if (key.startsWith(APP_PREFIX)) return { scope: "app", key: key.slice(APP_PREFIX.length) };
  return { scope: "session", key };
}
