/** Tells of the changes that this process makes, where they pass: at the store. */
import { appendedEvent } from "../store/appended-event.ts";
import type {
  AppendedEvent,
  AppendInput,
  AppendOutcome,
  HeadRecord,
  SessionKey,
  Store,
} from "../store/store.ts";
import type { StoredEvent } from "../store/stored-event.ts";

/** Told of committed changes. A notice is a hint: it may come late, twice or not at all. Must not throw. */
export interface SessionListener {
  /**
   * The session was made or changed; it is at this revision or a later one. `appended` gives the events, in a
   * row, the last of which made it so, as a read would give them; undefined where it was something else.
   */
  moved(session: Pick<HeadRecord, "key" | "uid" | "revision">, appended?: AppendedEvents): void;
  /** The session was deleted. */
  deleted(key: SessionKey): void;
}

/** Encodes the events of an append for those who want them. */
export type AppendedEvents = () => readonly StoredEvent[];

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
        const input = group[at];
        const revision = outcome.ok ? outcome.events.at(-1)?.revision : undefined;
        if (outcome.ok && input !== undefined && revision !== undefined) {
          listener.moved({ key: input.key, uid: outcome.uid, revision }, eventsOf(input, outcome));
        }
      }
      return outcomes;
    },
  };
}

/** What an append stored; undefined where its events were there before, in words of which these may be a part. */
function eventsOf(
  input: AppendInput,
  { events, repeated }: Extract<AppendOutcome, { ok: true }>,
): AppendedEvents | undefined {
  const endSeq = events.at(-1)?.seq;
  if (repeated || endSeq === undefined || events.length !== input.events.length) return undefined;
  return () => input.events.map((event, at) => appendedEvent(event, events[at] as AppendedEvent, endSeq));
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
