/** Checks of state: keys, values, and deltas of both. */
import type { Limits } from "../../config/limits.ts";
import { APP_PREFIX, TEMP_PREFIX, USER_PREFIX } from "../../store/state.ts";
import type { ScopeDelta, State } from "../../store/store.ts";
import { checkJsonValue } from "./json.ts";
import { checkSizedText } from "./text.ts";
import { entryPath, type Violations } from "./violations.ts";

/** A map field as the codec gives it. */
export type MapField = Readonly<Record<string, string>>;

/** Where a delta stands in its request. */
export interface DeltaFields {
  readonly set: string;
  readonly remove: string;
}

/** A state: keys within their size, values valid JSON, not too many of them. */
export function checkState(violations: Violations, field: string, state: MapField, limits: Limits): State {
  const entries = Object.entries(state);
  checkKeyCount(violations, field, entries.length, limits);
  for (const [key, value] of entries) {
    const path = entryPath(field, key);
    checkSizedText(violations, path, key, limits.maxStateKeyBytes);
    checkJsonValue(violations, path, value, limits.maxJsonDepth);
  }
  return new Map(entries);
}

/** A delta: as `checkState`, and no key both set and removed. */
export function checkDelta(
  violations: Violations,
  fields: DeltaFields,
  delta: { readonly set: MapField; readonly remove: readonly string[] },
  limits: Limits,
): ScopeDelta {
  const set = checkState(violations, fields.set, delta.set, limits);
  if (set.size <= limits.maxDeltaKeys) {
    checkKeyCount(violations, fields.remove, set.size + delta.remove.length, limits);
  }
  for (const [at, key] of delta.remove.entries()) {
    const path = `${fields.remove}[${at}]`;
    checkSizedText(violations, path, key, limits.maxStateKeyBytes);
    if (set.has(key)) violations.add(path, `is set in ${fields.set} too`);
  }
  return { set, remove: delta.remove };
}

/** A replacement of a session's own state: no keys of the shared scopes. */
export function checkOwnState(violations: Violations, field: string, state: MapField, limits: Limits): State {
  const checked = checkState(violations, field, state, limits);
  for (const key of checked.keys()) {
    if (key.startsWith(USER_PREFIX) || key.startsWith(APP_PREFIX)) {
      violations.add(entryPath(field, key), "belongs to shared state, which a session cannot replace");
    }
  }
  return withoutTemp({ set: checked, remove: [] }).set;
}

/** The delta without `temp:` keys, which are never stored. */
export function withoutTemp(delta: ScopeDelta): ScopeDelta {
  return {
    set: new Map([...delta.set].filter(([key]) => !key.startsWith(TEMP_PREFIX))),
    remove: delta.remove.filter((key) => !key.startsWith(TEMP_PREFIX)),
  };
}

function checkKeyCount(violations: Violations, field: string, count: number, limits: Limits): void {
  if (count > limits.maxDeltaKeys) {
    violations.add(field, `makes ${count} keys; the limit is ${limits.maxDeltaKeys}`);
  }
}
