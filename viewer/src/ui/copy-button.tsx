import { useEffect, useState } from "react";
import { copyText } from "./copy-text.ts";

/** Copies a text that is made when the button is pressed, and says whether it did. */
export function CopyButton({ label, text }: { readonly label: string; readonly text: () => string }) {
  const [outcome, setOutcome] = useState<string>();
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = setTimeout(() => setOutcome(undefined), 3_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  return (
    <button
      type="button"
      className="quiet"
      onClick={() => void copyText(text()).then((done) => setOutcome(done ? "Copied" : "Could not copy"))}
    >
      {outcome ?? label}
    </button>
  );
}
