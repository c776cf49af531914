/** State for showing: by scope, and what differs between two. */

export type Scope = "session" | "user" | "app";

/** The scope of a key by its prefix. */
export function scopeOf(key: string): Scope {
  if (key.startsWith("user:")) return "user";
  return key.startsWith("app:") ? "app" : "session";
}

export interface Difference {
  readonly key: string;
  /** JSON texts; undefined where there is no such key. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Keys whose JSON text differs, by key. */
export function differences(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Difference[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .sort()
    .map((key) => ({ key, before: own(before, key), after: own(after, key) }))
    .filter((difference) => difference.before !== difference.after);
}

function own(state: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(state, key) ? state[key] : undefined;
}
