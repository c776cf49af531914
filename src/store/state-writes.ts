/** What a group of changes writes to state: the last word on each key of each scope. */
import { isEmptyDelta } from "./state.ts";
import type { ScopeDelta, SessionKey, StateDelta } from "./store.ts";

/** Keys to write in one scope's state: undefined removes the key. */
export type StateWrites = ReadonlyMap<string, string | undefined>;

/** State to write in every scope. */
export interface GroupState {
  readonly sessionState: readonly { readonly key: SessionKey; readonly writes: StateWrites }[];
  readonly userState: readonly {
    readonly appName: string;
    readonly userId: string;
    readonly writes: StateWrites;
  }[];
  readonly appState: readonly { readonly appName: string; readonly writes: StateWrites }[];
}

type Writes = Map<string, string | undefined>;

/** Gathers the deltas of a group in its order. */
export class StateGatherer {
  private readonly session = new Map<string, { key: SessionKey; writes: Writes }>();
  private readonly user = new Map<string, { appName: string; userId: string; writes: Writes }>();
  private readonly app = new Map<string, { appName: string; writes: Writes }>();

  /** Adds what a change of a session says. */
  add(key: SessionKey, { session, user, app }: StateDelta): void {
    const { appName, userId, sessionId } = key;
    if (!isEmptyDelta(session)) {
      const text = JSON.stringify([appName, userId, sessionId]);
      apply(getOrAdd(this.session, text, () => ({ key, writes: new Map() })).writes, session);
    }
    if (!isEmptyDelta(user)) {
      const text = JSON.stringify([appName, userId]);
      apply(getOrAdd(this.user, text, () => ({ appName, userId, writes: new Map() })).writes, user);
    }
    if (!isEmptyDelta(app)) {
      apply(getOrAdd(this.app, appName, () => ({ appName, writes: new Map() })).writes, app);
    }
  }

  /** All of it. */
  gathered(): GroupState {
    return {
      sessionState: [...this.session.values()],
      userState: [...this.user.values()],
      appState: [...this.app.values()],
    };
  }
}

function apply(writes: Writes, delta: ScopeDelta): void {
  for (const [key, value] of delta.set) writes.set(key, value);
  for (const key of delta.remove) writes.set(key, undefined);
}

function getOrAdd<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
