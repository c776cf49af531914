/** State as the wire has it: from key to JSON text. */

/** Sets a key, also one called `__proto__`, which an assignment would not make a key. */
export function setOwn<T>(record: Record<string, T>, key: string, value: T): void {
  if (key !== "__proto__") record[key] = value;
  else Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Adds the keys of a `state` frame to the state that `opened` began. */
export function addState(state: Record<string, string>, more: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(more)) setOwn(state, key, value);
}
