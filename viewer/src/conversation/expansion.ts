/** What is unfolded in a conversation. It outlives the rows, which come and go as they are scrolled. */
import { createContext, useCallback, useContext, useSyncExternalStore } from "react";

/** Names of parts that differ from how they are shown at first. */
export class Expansion {
  readonly #flipped = new Set<string>();
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  isFlipped(name: string): boolean {
    return this.#flipped.has(name);
  }

  flip(name: string): void {
    if (!this.#flipped.delete(name)) this.#flipped.add(name);
    for (const listener of this.#listeners) listener();
  }
}

export const ExpansionContext = createContext(new Expansion());

/** Whether the named part is open, and how to turn that round. */
export function useExpanded(name: string, atFirst = false): [boolean, () => void] {
  const expansion = useContext(ExpansionContext);
  const flipped = useSyncExternalStore(expansion.subscribe, () => expansion.isFlipped(name));
  const flip = useCallback(() => expansion.flip(name), [expansion, name]);
  return [flipped !== atFirst, flip];
}
