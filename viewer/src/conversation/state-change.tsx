import { prettyJson } from "../model/json.ts";
import { Disclosure } from "../parts/disclosure.tsx";

/** What an event or another change did to the state. */
export function StateChange(props: {
  readonly name: string;
  readonly set: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
  readonly onState: () => void;
}) {
  const { name, set, removed, onState } = props;
  const keys = [...Object.keys(set), ...removed].sort();
  if (keys.length === 0) return null;
  const shown = keys.slice(0, 4).join(", ");
  const summary = (
    <span className="quiet-text">
      State: {shown}
      {keys.length > 4 && ` and ${keys.length - 4} more`}
    </span>
  );
  return (
    <Disclosure name={name} summary={summary} className="state-change">
      {() => (
        <>
          <dl>
            {keys.slice(0, 200).map((key) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd>
                  {Object.hasOwn(set, key) ? (
                    <code>{prettyJson(set[key] ?? "", 4_000)}</code>
                  ) : (
                    <em>removed</em>
                  )}
                </dd>
              </div>
            ))}
          </dl>
          {keys.length > 200 && <p className="quiet-text">and {keys.length - 200} more</p>}
          <button type="button" onClick={onState}>
            State right after
          </button>
        </>
      )}
    </Disclosure>
  );
}
