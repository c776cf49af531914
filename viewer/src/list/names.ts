import { useEffect, useState } from "react";
import { client } from "../api.ts";

/** Names that a picker offers; more than these are typed. */
const MOST = 1_000;

/** The apps that have sessions. */
export function useApps(): readonly string[] {
  const [apps, setApps] = useState<readonly string[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    client.listApps({ pageSize: MOST }, { signal: stop.signal }).then(
      ({ appNames }) => setApps(appNames),
      () => {},
    );
    return () => stop.abort();
  }, []);
  return apps;
}

/** The users of an app that have sessions. */
export function useUsers(app: string | undefined): readonly string[] {
  const [users, setUsers] = useState<readonly string[]>([]);
  useEffect(() => {
    setUsers([]);
    if (app === undefined) return;
    const stop = new AbortController();
    client.listUsers({ key: { appName: app }, pageSize: MOST }, { signal: stop.signal }).then(
      ({ userIds }) => setUsers(userIds),
      () => {},
    );
    return () => stop.abort();
  }, [app]);
  return users;
}
