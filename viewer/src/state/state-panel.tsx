import { ConnectError } from "@connectrpc/connect";
import { useEffect, useState } from "react";
import type { Conversation } from "../model/conversation.ts";
import { mapJson } from "../model/event-json.ts";
import { type Json, parseJson, prettyJson } from "../model/json.ts";
import { differences, type Scope, scopeOf } from "../model/state-diff.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { JsonTree } from "../ui/json-tree.tsx";

type State = Readonly<Record<string, string>>;

/** What the panel shows: the state now, right after an event, or what changed between two. */
export type StateView =
  | { readonly kind: "now" }
  | { readonly kind: "at"; readonly seq: number }
  | { readonly kind: "between"; readonly from: number; readonly seq: number };

/** The state of a conversation, now and at any event. */
export function StatePanel(props: {
  readonly conversation: Conversation;
  readonly version: number;
  readonly view: StateView;
  readonly onView: (view: StateView) => void;
  readonly onShow: (seq: number) => void;
  readonly onClose: () => void;
}) {
  const { conversation, view, onView, onShow, onClose } = props;
  const { headSeq, firstSeq, session } = conversation;
  const first = firstSeq - 1;
  const seq = view.kind === "now" ? headSeq : view.seq;
  return (
    <aside className="state-panel" aria-label="State">
      <header>
        <h2>State</h2>
        <fieldset aria-label="Which state">
          <button type="button" aria-pressed={view.kind === "now"} onClick={() => onView({ kind: "now" })}>
            Now
          </button>
          <button type="button" aria-pressed={view.kind === "at"} onClick={() => onView({ kind: "at", seq })}>
            At an event
          </button>
          <button
            type="button"
            aria-pressed={view.kind === "between"}
            onClick={() => onView({ kind: "between", from: Math.max(first, seq - 1), seq })}
          >
            Difference
          </button>
        </fieldset>
        <button type="button" className="quiet" onClick={onClose} aria-label="Close the state">
          ✕
        </button>
      </header>
      {view.kind === "between" && (
        <SeqSlider
          label="From after event"
          value={view.from}
          min={first}
          max={headSeq}
          onChange={(from) => onView({ ...view, from })}
        />
      )}
      {view.kind !== "now" && (
        <SeqSlider
          label={view.kind === "at" ? "Right after event" : "to after event"}
          value={view.seq}
          min={first}
          max={headSeq}
          onChange={(next) => onView({ ...view, seq: next })}
        />
      )}
      {view.kind !== "now" && view.seq >= firstSeq && (
        <button type="button" className="quiet" onClick={() => onShow(view.seq)}>
          Show event {view.seq}
        </button>
      )}
      {view.kind === "now" && <Scopes state={session?.state ?? {}} />}
      {view.kind === "at" && <StateAt conversation={conversation} seq={view.seq} />}
      {view.kind === "between" && <Between conversation={conversation} from={view.from} seq={view.seq} />}
    </aside>
  );
}

function SeqSlider(props: {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}) {
  const { label, value, min, max, onChange } = props;
  const limited = (next: number) => Math.min(Math.max(Math.trunc(next) || min, min), max);
  return (
    <div className="seq-slider">
      <label>
        {label}{" "}
        <input
          type="number"
          value={value}
          min={min}
          max={max}
          onChange={(event) => onChange(limited(event.target.valueAsNumber))}
        />
      </label>
      <input
        type="range"
        aria-label={label}
        value={value}
        min={min}
        max={max}
        onChange={(event) => onChange(limited(event.target.valueAsNumber))}
      />
    </div>
  );
}

/** What came last, which may be of another event than was asked for since. */
interface Loaded {
  readonly seq: number;
  readonly state: State | undefined;
  readonly error: string | undefined;
}

/** The session's own state right after an event; until it is here, what was asked for before. */
function useStateAt(conversation: Conversation, seq: number): Loaded {
  const [loaded, setLoaded] = useState<Loaded & { readonly of: Conversation }>();
  useEffect(() => {
    const stop = new AbortController();
    const done = (state: State | undefined, error?: string) => {
      if (!stop.signal.aborted) setLoaded({ of: conversation, seq, state, error });
    };
    // The slider gives a value for each pixel: only where it rests is asked for.
    const timer = setTimeout(() => {
      conversation.stateAsOf(seq, stop.signal).then(
        (state) => done(state),
        (error: unknown) => done(undefined, ConnectError.from(error).rawMessage),
      );
    }, 80);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [conversation, seq]);
  return loaded?.of === conversation ? loaded : { seq, state: undefined, error: undefined };
}

function StateAt({ conversation, seq }: { readonly conversation: Conversation; readonly seq: number }) {
  const { state, error, seq: shown } = useStateAt(conversation, seq);
  if (error !== undefined) return <p className="error">{error}</p>;
  if (state === undefined) return <p aria-busy="true">…</p>;
  return (
    <div aria-busy={shown !== seq}>
      <p className="quiet-text">
        {shown === seq
          ? "The session's own keys. Shared ones are written by other sessions, too, and have no place in this one's order."
          : `Still the state right after event ${shown} …`}
      </p>
      <Scopes state={state} />
    </div>
  );
}

function Between(props: {
  readonly conversation: Conversation;
  readonly from: number;
  readonly seq: number;
}) {
  const before = useStateAt(props.conversation, props.from);
  const after = useStateAt(props.conversation, props.seq);
  const error = before.error ?? after.error;
  if (error !== undefined) return <p className="error">{error}</p>;
  if (before.state === undefined || after.state === undefined) return <p aria-busy="true">…</p>;
  const current = before.seq === props.from && after.seq === props.seq;
  return (
    <div aria-busy={!current}>
      {!current && (
        <p className="quiet-text">
          Still the difference from after event {before.seq} to after event {after.seq} …
        </p>
      )}
      <Differences before={before.state} after={after.state} />
    </div>
  );
}

function Differences({ before, after }: { readonly before: State; readonly after: State }) {
  const found = differences(before, after);
  if (found.length === 0) return <p className="quiet-text">No key of the session differs.</p>;
  return (
    <dl className="difference">
      {found.map(({ key, before: old, after: now }) => (
        <div key={key}>
          <dt>
            {key}{" "}
            <span className="badge">
              {old === undefined ? "added" : now === undefined ? "removed" : "changed"}
            </span>
          </dt>
          {old !== undefined && <dd className="before">{prettyJson(old, 4_000)}</dd>}
          {now !== undefined && <dd className="after">{prettyJson(now, 4_000)}</dd>}
        </div>
      ))}
    </dl>
  );
}

const scopes: readonly (readonly [Scope, string])[] = [
  ["session", "Session"],
  ["user", "User (shared by the user's sessions)"],
  ["app", "App (shared by all sessions)"],
];

function Scopes({ state }: { readonly state: State }) {
  const keys = Object.keys(state).sort();
  if (keys.length === 0) return <p className="quiet-text">There is none.</p>;
  return (
    <>
      <CopyButton label="Copy as JSON" text={() => prettyJson(mapJson(state))} />
      {scopes.map(([scope, title]) => {
        const own = keys.filter((key) => scopeOf(key) === scope);
        if (own.length === 0) return null;
        return (
          <section key={scope}>
            <h3>{title}</h3>
            <Keys keys={own} state={state} />
          </section>
        );
      })}
    </>
  );
}

/** Keys shown at once. */
const CHUNK = 200;

function Keys({ keys, state }: { readonly keys: readonly string[]; readonly state: State }) {
  const [shown, setShown] = useState(CHUNK);
  return (
    <>
      <dl>
        {keys.slice(0, shown).map((key) => (
          <div key={key}>
            <dt>{key}</dt>
            <dd>
              <JsonTree value={parseJson(state[key] ?? "") ?? (state[key] as Json)} open={false} />
            </dd>
          </div>
        ))}
      </dl>
      {keys.length > shown && (
        <button type="button" className="quiet" onClick={() => setShown(shown + CHUNK * 5)}>
          {keys.length - shown} more keys
        </button>
      )}
    </>
  );
}
