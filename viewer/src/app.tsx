import { useCallback, useState } from "react";
import { LiveSession, SessionPage } from "./conversation/session-page.tsx";
import { Help } from "./help.tsx";
import { Sidebar } from "./list/sidebar.tsx";
import type { Conversation } from "./model/conversation.ts";
import { openFile } from "./model/file-conversation.ts";
import { type Route, sessionOf } from "./model/route.ts";
import { useKeys } from "./ui/use-keys.ts";
import { useRoute } from "./ui/use-route.ts";
import { type Theme, useTheme } from "./ui/use-theme.ts";

/** The page: sessions at the left, the chosen conversation beside them. */
export function App() {
  const [route, go] = useRoute();
  const [help, setHelp] = useState(false);
  const [theme, setTheme] = useTheme();
  const [file, setFile] = useState<Conversation>();
  /** How many were opened: each has a page of its own. */
  const [files, setFiles] = useState(0);
  const [fileError, setFileError] = useState<string>();
  const [fileEvent, setFileEvent] = useState<number>();
  useKeys({ "?": () => setHelp(true) });
  const session = sessionOf(route);
  /** Whose sessions are listed: a session that is chosen among everybody's leaves the list as it is. */
  const [listUser, setListUser] = useState(route.user);
  if (route.user === undefined && listUser !== undefined) setListUser(undefined);
  const onSelect = useCallback(
    (event: number | undefined) => go({ ...route, event }, { replace: true }),
    [go, route],
  );
  const onGo = useCallback(
    (next: Route) => {
      setFile(undefined);
      go(next);
    },
    [go],
  );
  const open = async (chosen: File | undefined) => {
    if (chosen === undefined) return;
    try {
      setFile(openFile(chosen.name, await chosen.text()));
      setFileEvent(undefined);
      setFiles((count) => count + 1);
      setFileError(undefined);
    } catch (error) {
      setFileError(error instanceof Error ? error.message : String(error));
    }
  };
  const showsSession = session !== undefined || file !== undefined;
  return (
    <div className={`app ${showsSession ? "with-session" : ""}`}>
      <header className="top">
        <a
          href="/"
          className="brand"
          onClick={(event) => {
            event.preventDefault();
            onGo({});
          }}
        >
          sessiond
        </a>
        {showsSession && (
          <button type="button" className="back" onClick={() => onGo({ app: route.app, user: listUser })}>
            ← Sessions
          </button>
        )}
        <span className="spring" />
        <label className="button">
          Open a file
          <input
            type="file"
            accept=".json,.jsonl,application/json"
            className="visually-hidden"
            onChange={(event) => {
              void open(event.target.files?.[0]);
              event.target.value = "";
            }}
          />
        </label>
        <select
          aria-label="Colours"
          value={theme}
          onChange={(event) => setTheme(event.target.value as Theme)}
        >
          <option value="system">System colours</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
        <button type="button" onClick={() => setHelp(true)} aria-label="Keys">
          ?
        </button>
      </header>
      {fileError !== undefined && <p className="error">{fileError}</p>}
      <Sidebar
        route={route}
        user={listUser}
        onGo={onGo}
        onUser={(user) => {
          setListUser(user);
          onGo({ app: route.app, user });
        }}
      />
      {file !== undefined ? (
        <SessionPage key={files} conversation={file} selected={fileEvent} onSelect={setFileEvent} />
      ) : session !== undefined ? (
        <LiveSession session={session} selected={route.event} onSelect={onSelect} />
      ) : (
        <main className="session">
          <h1 className="visually-hidden">Sessions</h1>
          <p className="empty">Choose a session to see its conversation, and watch it grow.</p>
        </main>
      )}
      {help && <Help onClose={() => setHelp(false)} />}
    </div>
  );
}
