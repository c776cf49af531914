import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { client } from "../api.ts";
import { Conversation } from "../model/conversation.ts";
import { type EventFilter, noFilter } from "../model/event-filter.ts";
import { eventJson, sessionJson } from "../model/event-json.ts";
import { fileName } from "../model/file-name.ts";
import type { SessionKeyParts } from "../model/keys.ts";
import { keyText } from "../model/keys.ts";
import { StatePanel, type StateView } from "../state/state-panel.tsx";
import { download } from "../ui/download.ts";
import { useKeys } from "../ui/use-keys.ts";
import { useObservable } from "../ui/use-observable.ts";
import { ConnectionState } from "./connection-state.tsx";
import { ConversationView, type ListHandle } from "./conversation-view.tsx";
import { Expansion, ExpansionContext } from "./expansion.ts";
import { RawSession } from "./raw-session.tsx";
import { TokenTotals } from "./token-totals.tsx";
import { Toolbar } from "./toolbar.tsx";
import { useRows } from "./use-rows.ts";

/** A session that is followed. */
export function LiveSession(props: {
  readonly session: SessionKeyParts;
  readonly selected: number | undefined;
  readonly onSelect: (seq: number | undefined) => void;
}) {
  const { session } = props;
  const [conversation, setConversation] = useState<Conversation>();
  const name = keyText(session);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the name is the session
  useEffect(() => {
    const opened = new Conversation(client, session).open();
    setConversation(opened);
    return () => opened.close();
  }, [name]);
  if (conversation === undefined) return null;
  return <SessionPage key={name} {...props} conversation={conversation} />;
}

/** A conversation, followed or from a file. */
export function SessionPage(props: {
  readonly conversation: Conversation;
  readonly selected: number | undefined;
  readonly onSelect: (seq: number | undefined) => void;
}) {
  const { conversation, selected, onSelect } = props;
  useObservable(conversation);
  const version = conversation.version();
  const [filter, setFilter] = useState<EventFilter>(noFilter);
  const [foldCompacted, setFoldCompacted] = useState(false);
  const [raw, setRaw] = useState(false);
  const [stateView, setStateView] = useState<StateView>();
  /** An event that has to be among the rows; what is newest where there is none. */
  const [anchor, setAnchor] = useState(selected);
  const rows = useRows(conversation, filter, version, anchor);
  const list = useRef<ListHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const expansion = useMemo(() => new Expansion(), []);
  const onState = useCallback((seq: number) => setStateView({ kind: "at", seq }), []);
  const show = useCallback((seq: number) => list.current?.show(seq), []);
  useKeys({
    j: () => list.current?.move(1),
    k: () => list.current?.move(-1),
    "g g": () => list.current?.toFirst(),
    G: () => list.current?.toLast(),
    "/": () => search.current?.focus(),
    s: () => setStateView((view) => (view === undefined ? { kind: "now" } : undefined)),
    Enter: () => selected !== undefined && expansion.flip(`${selected} raw`),
    Escape: () => {
      if (document.activeElement === search.current) search.current?.blur();
      else if (stateView !== undefined) setStateView(undefined);
      else onSelect(undefined);
    },
  });
  const { session } = conversation;
  const title = session?.displayName || conversation.key.sessionId;
  return (
    <ExpansionContext value={expansion}>
      <main className="session">
        <header className="session-header">
          <h1 title={title}>{title}</h1>
          <ConnectionState conversation={conversation} />
          {session !== undefined && (
            <p className="quiet-text facts">
              {session.displayName !== "" && <code>{conversation.key.sessionId}</code>}
              {session.ownerId !== "" && <span>owner {session.ownerId}</span>}
              <span>{conversation.headSeq - conversation.firstSeq + 1} events</span>
              <TokenTotals conversation={conversation} version={version} />
              {Object.entries(session.labels).map(([label, value]) => (
                <span key={label} className="badge">
                  {label}: {value}
                </span>
              ))}
            </p>
          )}
          <div className="actions">
            <button
              type="button"
              aria-pressed={stateView !== undefined}
              onClick={() => setStateView(stateView === undefined ? { kind: "now" } : undefined)}
            >
              State
            </button>
            <button
              type="button"
              aria-label="JSON of the session"
              aria-pressed={raw}
              onClick={() => setRaw(!raw)}
            >
              JSON
            </button>
            <Download conversation={conversation} />
          </div>
        </header>
        {raw && <RawSession conversation={conversation} />}
        <Toolbar
          conversation={conversation}
          rows={rows}
          filter={filter}
          onFilter={setFilter}
          search={search}
          foldCompacted={foldCompacted}
          onFoldCompacted={setFoldCompacted}
        />
        <div className="session-body">
          {rows.count === 0 ? (
            <p className="empty">{emptyText(conversation, rows.filtering)}</p>
          ) : (
            <ConversationView
              conversation={conversation}
              version={version}
              rows={rows}
              foldCompacted={foldCompacted}
              selected={selected}
              onSelect={onSelect}
              onState={onState}
              onAnchor={setAnchor}
              handle={list}
            />
          )}
          {stateView !== undefined && (
            <StatePanel
              conversation={conversation}
              version={version}
              view={stateView}
              onView={setStateView}
              onShow={show}
              onClose={() => setStateView(undefined)}
            />
          )}
        </div>
      </main>
    </ExpansionContext>
  );
}

function emptyText({ connection }: Conversation, filtering: boolean): string {
  if (filtering) return "No event is like that.";
  if (connection.kind === "missing") return "There is no such session.";
  if (connection.kind === "failed") return connection.error;
  return connection.kind === "connecting" ? "…" : "No events so far.";
}

/** Gives all events as a file, page by page. */
function Download({ conversation }: { readonly conversation: Conversation }) {
  const [progress, setProgress] = useState<string>();
  const save = async (kind: "lines" | "session") => {
    const { signal } = new AbortController();
    const lines: string[] = [];
    try {
      // State and events of one moment: what comes while they are read is left out.
      const session = await conversation.stored(signal);
      for await (const events of conversation.walk(signal)) {
        for (const event of events) if (event.seq <= session.headSeq) lines.push(eventJson(event));
        setProgress(`${lines.length} events`);
      }
      const { sessionId } = conversation.key;
      if (kind === "lines") {
        download(fileName(sessionId, "jsonl"), "application/x-ndjson", [
          lines.map((line) => `${line}\n`).join(""),
        ]);
      } else {
        download(fileName(sessionId, "json"), "application/json", [sessionJson(session, lines)]);
      }
      setProgress(undefined);
    } catch {
      setProgress("failed");
    }
  };
  return (
    <>
      <button type="button" onClick={() => void save("lines")} title="One event a line, as it is stored">
        JSON lines
      </button>
      <button
        type="button"
        onClick={() => void save("session")}
        title="A file that adk web opens, and this page"
      >
        Session file
      </button>
      {progress !== undefined && <span role="status">{progress}</span>}
    </>
  );
}
