import { useEffect, useRef } from "react";

const keys: readonly (readonly [string, string])[] = [
  ["j, k", "Next, previous event"],
  ["Enter", "JSON of the event"],
  ["g g", "First event"],
  ["G", "Newest event, and follow"],
  ["/", "Search"],
  ["s", "State"],
  ["Esc", "Leave what is open"],
  ["?", "This list"],
];

/** The keys. */
export function Help({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl>
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
