import { useDeferredValue, useEffect, useState } from "react";
import type { Conversation } from "../model/conversation.ts";
import {
  type EventFilter,
  type EventKind,
  eventKinds,
  isFiltering,
  noFilter,
} from "../model/event-filter.ts";
import type { Rows } from "./use-rows.ts";

/** Search and filters of a conversation. */
export function Toolbar(props: {
  readonly conversation: Conversation;
  readonly rows: Rows;
  readonly filter: EventFilter;
  readonly onFilter: (filter: EventFilter) => void;
  readonly search: React.Ref<HTMLInputElement>;
  readonly foldCompacted: boolean;
  readonly onFoldCompacted: (fold: boolean) => void;
}) {
  const { conversation, rows, filter, onFilter, search, foldCompacted, onFoldCompacted } = props;
  const [text, setText] = useState(filter.text);
  const settled = useDeferredValue(text);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (settled !== filter.text) onFilter({ ...filter, text: settled });
    }, 200);
    return () => clearTimeout(timer);
  }, [settled, filter, onFilter]);
  const { authors, invocations } = namesOf(conversation);
  return (
    <search className="toolbar">
      <input
        ref={search}
        type="search"
        placeholder="Search (/)"
        aria-label="Search in this conversation"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Choice
        label="Author"
        value={filter.author}
        options={authors}
        onChange={(author) => onFilter({ ...filter, author })}
      />
      <Choice
        label="Kind"
        value={filter.kind}
        options={eventKinds}
        onChange={(kind) => onFilter({ ...filter, kind: kind as EventKind | undefined })}
      />
      <Choice
        label="Invocation"
        value={filter.invocation}
        options={invocations}
        onChange={(invocation) => onFilter({ ...filter, invocation })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={foldCompacted}
          onChange={(event) => onFoldCompacted(event.target.checked)}
        />
        Fold compacted
      </label>
      {isFiltering(filter) && (
        <span role="status" className="quiet-text">
          {rows.count} of {conversation.headSeq - conversation.firstSeq + 1}
          {rows.searched !== undefined && `, ${rows.searched} searched so far`}
        </span>
      )}
      {isFiltering(filter) && (
        <button
          type="button"
          onClick={() => {
            setText("");
            onFilter(noFilter);
          }}
        >
          Show all
        </button>
      )}
    </search>
  );
}

function Choice(props: {
  readonly label: string;
  readonly value: string | undefined;
  readonly options: readonly string[];
  readonly onChange: (value: string | undefined) => void;
}) {
  const { label, value, options, onChange } = props;
  const all = value === undefined || options.includes(value) ? options : [value, ...options];
  return (
    <select
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => onChange(event.target.value || undefined)}
    >
      <option value="">{label}</option>
      {all.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
}

/** Names in the events that are loaded: the others show once they are. */
function namesOf(conversation: Conversation): { authors: string[]; invocations: string[] } {
  const authors = new Set<string>();
  const invocations = new Set<string>();
  for (const event of conversation.loaded()) {
    if (event.author) authors.add(event.author);
    if (event.invocationId) invocations.add(event.invocationId);
  }
  return { authors: [...authors].sort(), invocations: [...invocations].slice(-200) };
}
