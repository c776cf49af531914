import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { client } from "../api.ts";
import { keyParts, keyText } from "../model/keys.ts";
import { type Route, routeUrl } from "../model/route.ts";
import { type ListFilter, SessionList } from "../model/session-list.ts";
import { ago } from "../model/time.ts";
import { useObservable } from "../ui/use-observable.ts";
import { useApps, useUsers } from "./names.ts";

/** App, user and the live list of their sessions. */
export function Sidebar(props: {
  readonly route: Route;
  /** Whose sessions are listed; undefined for everybody's. */
  readonly user: string | undefined;
  readonly onGo: (route: Route) => void;
  readonly onUser: (user: string | undefined) => void;
}) {
  const { route, user, onGo, onUser } = props;
  const [apps, refreshApps] = useApps();
  const [users, refreshUsers] = useUsers(route.app);
  const [owner, setOwner] = useState("");
  const [label, setLabel] = useState("");
  useEffect(() => {
    const [only] = apps;
    if (route.app === undefined && apps.length === 1 && only !== undefined) onGo({ app: only });
  }, [apps, route.app, onGo]);
  const filter = useMemo(() => filterOf(owner, label), [owner, label]);
  return (
    <nav className="sidebar" aria-label="Sessions">
      <div className="pickers">
        <label>
          App
          <select
            value={route.app ?? ""}
            onFocus={refreshApps}
            onChange={(event) => onGo({ app: event.target.value || undefined })}
          >
            <option value="">Choose an app</option>
            {withChosen(apps, route.app).map((app) => (
              <option key={app}>{app}</option>
            ))}
          </select>
        </label>
        <label>
          User
          <select
            value={user ?? ""}
            onFocus={refreshUsers}
            disabled={route.app === undefined}
            onChange={(event) => onUser(event.target.value || undefined)}
          >
            <option value="">All users</option>
            {withChosen(users, user).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <details>
          <summary>Filter, jump</summary>
          <label>
            Owner
            <input value={owner} onChange={(event) => setOwner(event.target.value)} />
          </label>
          <label>
            Label
            <input
              placeholder="name=value"
              value={label}
              onChange={(event) => setLabel(event.target.value)}
            />
          </label>
          <JumpTo app={route.app} listUser={user} onGo={onGo} />
        </details>
      </div>
      {route.app === undefined ? (
        <p className="empty">
          {apps.length === 0 ? "No sessions so far: the first one appears here." : "Choose an app."}
        </p>
      ) : (
        <List key={JSON.stringify([route.app, user, filter])} app={route.app} filter={filter} {...props} />
      )}
    </nav>
  );
}

/** Opens a session of a known id. */
function JumpTo(props: {
  readonly app: string | undefined;
  readonly listUser: string | undefined;
  readonly onGo: (route: Route) => void;
}) {
  const { app, listUser, onGo } = props;
  const [user, setUser] = useState("");
  const [session, setSession] = useState("");
  const chosen = listUser ?? user;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (app !== undefined && chosen !== "" && session !== "") onGo({ app, user: chosen, session });
      }}
    >
      {listUser === undefined && (
        <label>
          User id
          <input value={user} onChange={(event) => setUser(event.target.value)} />
        </label>
      )}
      <label>
        Session id
        <input value={session} onChange={(event) => setSession(event.target.value)} />
      </label>
      <button type="submit" disabled={app === undefined || chosen === "" || session === ""}>
        Open
      </button>
    </form>
  );
}

function List(props: {
  readonly app: string;
  readonly filter: ListFilter;
  readonly route: Route;
  readonly user: string | undefined;
  readonly onGo: (route: Route) => void;
}) {
  const { app, filter, route, user, onGo } = props;
  const [list, setList] = useState<SessionList>();
  useEffect(() => {
    const opened = new SessionList(client, app, user ?? "", filter).open();
    setList(opened);
    return () => opened.close();
  }, [app, user, filter]);
  useObservable(list);
  const now = useMinutes();
  const scroller = useRef<HTMLDivElement>(null);
  const sessions = list?.sessions ?? [];
  const virtual = useVirtualizer({
    count: sessions.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 58,
    getItemKey: (index) => keyText(keyParts(sessions[index]?.key)),
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const atEnd = (items.at(-1)?.index ?? -1) >= sessions.length - 1;
  useEffect(() => {
    if (atEnd && list?.more && !list.loading && list.error === undefined) void list.loadMore();
  }, [atEnd, list, list?.more, list?.loading, list?.error]);
  if (list === undefined) return null;
  return (
    <>
      <p className="quiet-text list-state" role="status">
        {list.live ? "live" : "connecting …"} · {sessions.length}
        {list.more ? "+" : ""} {sessions.length === 1 && !list.more ? "session" : "sessions"}
      </p>
      {list.error !== undefined && (
        <p className="error">
          {list.error}{" "}
          <button type="button" onClick={() => void list.loadMore()}>
            Try again
          </button>
        </p>
      )}
      <div className="list" ref={scroller}>
        <ul style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const session = sessions[item.index];
            if (session === undefined) return null;
            const { appName, userId, sessionId } = keyParts(session.key);
            const target: Route = { app: appName, user: userId, session: sessionId };
            const isOpen = route.session === sessionId && route.user === userId;
            return (
              <li
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <a
                  href={routeUrl(target)}
                  aria-current={isOpen ? "page" : undefined}
                  onClick={(event) => {
                    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                    event.preventDefault();
                    onGo(target);
                  }}
                >
                  <span className="list-title">{session.displayName || sessionId}</span>
                  <span className="quiet-text">
                    {userId} · {String(session.eventCount)} events · {ago(session.updateTime, now)}
                  </span>
                </a>
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}

/** The time, again every half minute. */
function useMinutes(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function filterOf(owner: string, label: string): ListFilter {
  const at = label.indexOf("=");
  return {
    ownerId: owner === "" ? undefined : owner,
    labels: at <= 0 ? undefined : { [label.slice(0, at)]: label.slice(at + 1) },
  };
}

function withChosen(names: readonly string[], chosen: string | undefined): readonly string[] {
  return chosen === undefined || names.includes(chosen) ? names : [chosen, ...names];
}
