import { useSyncExternalStore } from "react";
import type { Observable } from "../model/observable.ts";

const never = () => () => {};

/** Renders again when the observable changed. */
export function useObservable<T extends Observable | undefined>(observable: T): T {
  useSyncExternalStore(observable?.subscribe ?? never, () => observable?.version() ?? 0);
  return observable;
}
