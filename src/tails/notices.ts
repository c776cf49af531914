/** Tells of the changes that this process makes, where they pass: at the store. */
import type { HeadRecord, SessionKey, Store } from "../store/store.ts";

/** Told of committed changes. A notice is a hint: it may come late, twice or not at all. Must not throw. */
export interface SessionListener {
  /** The session was made or changed; it is at this revision or a later one. */
  moved(session: Pick<HeadRecord, "key" | "uid" | "revision">): void;
  /** The session was deleted. */
  deleted(key: SessionKey): void;
}

/** The same store, telling `listener` of every session that a method of it changed. */
export function withNotices(store: Store, listener: SessionListener): Store {
  return {
    ...boundMethods(store),
    async createSessions(group, signal) {
      const outcomes = await store.createSessions(group, signal);
      for (const outcome of outcomes) if (outcome.ok) listener.moved(outcome.session);
      return outcomes;
    },
    async updateSession(input, signal) {
      const session = await store.updateSession(input, signal);
      listener.moved(session);
      return session;
    },
    async deleteSession(input, signal) {
      const deleted = await store.deleteSession(input, signal);
      if (deleted) listener.deleted(input.key);
      return deleted;
    },
    async append(group, signal) {
      const outcomes = await store.append(group, signal);
      for (const [at, outcome] of outcomes.entries()) {
        const { key } = group[at] ?? {};
        const revision = outcome.ok ? outcome.events.at(-1)?.revision : undefined;
        if (outcome.ok && key !== undefined && revision !== undefined) {
          listener.moved({ key, uid: outcome.uid, revision });
        }
      }
      return outcomes;
    },
  };
}

/** Everything that a store has, of its own or from its class, to be called on the store itself. */
function boundMethods(store: Store): Store {
  const all: Record<string, unknown> = { ...store };
  for (let level = Object.getPrototypeOf(store); level !== null; level = Object.getPrototypeOf(level)) {
    if (level === Object.prototype) break;
    for (const name of Object.getOwnPropertyNames(level)) {
      const value = store[name as keyof Store];
      if (typeof value === "function" && !(name in all)) all[name] = value.bind(store);
    }
  }
  return all as unknown as Store;
}
