import { useEffect, useRef } from "react";

/** From a key, or two in a row such as `g g`, to what it does. */
export type KeyMap = Readonly<Record<string, () => void>>;

/**
 * Keys for the whole page; not while somebody types, and not with Ctrl, Alt or Meta. Two in a row have all the time
 * that a person needs.
 */
export function useKeys(keys: KeyMap): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    let before = "";
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
      // An open dialog has the keys for itself.
      if (document.querySelector("dialog[open]") !== null) return;
      const target = event.target as HTMLElement | null;
      const typing = target?.closest("input, textarea, select, [contenteditable]") != null;
      if (typing && event.key !== "Escape") return;
      // A button or link answers Enter itself.
      if (event.key === "Enter" && target?.closest("button, a, summary") != null) return;
      const sequence = `${before} ${event.key}`;
      const action = current.current[sequence] ?? current.current[event.key];
      before = event.key;
      if (action === undefined) return;
      if (current.current[sequence] !== undefined) before = "";
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
