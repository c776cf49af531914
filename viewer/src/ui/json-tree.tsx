import { useState } from "react";
import { isObject, type Json, JsonNumber } from "../model/json.ts";

/** Members shown at once; a button shows more. */
const CHUNK = 100;

/** Characters of a text shown at once. */
const TEXT = 2_000;

/** A JSON value whose closed parts are not rendered at all. */
export function JsonTree({ value, open = true }: { readonly value: Json; readonly open?: boolean }) {
  return (
    <div className="json">
      <Node name={undefined} value={value} open={open} />
    </div>
  );
}

function Node(props: { readonly name: string | undefined; readonly value: Json; readonly open: boolean }) {
  const { name, value } = props;
  const [open, setOpen] = useState(props.open);
  const label = name === undefined ? null : <span className="json-key">{name}: </span>;
  const members = membersOf(value);
  if (members === undefined) {
    return (
      <div className="json-line">
        {label}
        <Scalar value={value} />
      </div>
    );
  }
  const [begin, end] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (members.length === 0) {
    return (
      <div className="json-line">
        {label}
        {begin}
        {end}
      </div>
    );
  }
  return (
    <div>
      <button type="button" className="json-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span aria-hidden="true" className="caret">
          {open ? "▾" : "▸"}
        </span>
        {label}
        {open ? begin : `${begin} ${members.length} ${end}`}
      </button>
      {open && <Members members={members} />}
    </div>
  );
}

function Members({ members }: { readonly members: readonly (readonly [string, Json])[] }) {
  const [shown, setShown] = useState(CHUNK);
  return (
    <div className="json-members">
      {members.slice(0, shown).map(([key, member]) => (
        <Node key={key} name={key} value={member} open={false} />
      ))}
      {members.length > shown && (
        <button type="button" className="quiet" onClick={() => setShown(shown + 10 * CHUNK)}>
          {members.length - shown} more
        </button>
      )}
    </div>
  );
}

function Scalar({ value }: { readonly value: Json }) {
  const [all, setAll] = useState(false);
  if (value instanceof JsonNumber) return <span className="json-number">{value.source}</span>;
  if (typeof value !== "string") return <span className="json-word">{String(value)}</span>;
  const cut = !all && value.length > TEXT;
  return (
    <span className="json-string">
      {JSON.stringify(cut ? value.slice(0, TEXT) : value)}
      {cut && (
        <button type="button" className="quiet" onClick={() => setAll(true)}>
          {value.length - TEXT} more characters
        </button>
      )}
    </span>
  );
}

function membersOf(value: Json): (readonly [string, Json])[] | undefined {
  if (Array.isArray(value)) return (value as Json[]).map((member, index) => [String(index), member] as const);
  return isObject(value) ? Object.entries(value) : undefined;
}
