import { useCallback, useEffect, useState } from "react";
import { client } from "../api.ts";

/** Names that a picker offers; more than these are typed. */
const MOST = 1_000;

/** From one look for the first app to the next, while there is none, in ms. */
const WAIT = 2_000;

/** Names that exist, and how to look for new ones. */
export type Names = readonly [names: readonly string[], refresh: () => void];

/** The apps that have sessions. Looks again by itself while there is none. */
export function useApps(): Names {
  const load = useCallback(
    async (signal: AbortSignal) => (await client.listApps({ pageSize: MOST }, { signal })).appNames,
    [],
  );
  const [apps, refresh] = useNames(load);
  const isEmpty = apps?.length === 0;
  useEffect(() => {
    if (!isEmpty) return;
    const timer = setInterval(refresh, WAIT);
    return () => clearInterval(timer);
  }, [isEmpty, refresh]);
  return [apps ?? [], refresh];
}

/** The users of an app that have sessions. */
export function useUsers(app: string | undefined): Names {
  const load = useCallback(
    async (signal: AbortSignal) => {
      if (app === undefined) return [];
      return (await client.listUsers({ key: { appName: app }, pageSize: MOST }, { signal })).userIds;
    },
    [app],
  );
  const [users, refresh] = useNames(load);
  return [users ?? [], refresh];
}

/** What `load` gives: of now, and again at every refresh. Undefined before the first answer. */
function useNames(
  load: (signal: AbortSignal) => Promise<readonly string[]>,
): readonly [readonly string[] | undefined, () => void] {
  const [looks, setLooks] = useState(0);
  const [found, setFound] = useState<{ readonly by: typeof load; readonly names: readonly string[] }>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a look more is what a refresh asks for
  useEffect(() => {
    const stop = new AbortController();
    load(stop.signal).then(
      (names) => setFound({ by: load, names }),
      // The names that are known stay; the live list tells that the server is away.
      () => {},
    );
    return () => stop.abort();
  }, [load, looks]);
  const refresh = useCallback(() => setLooks((count) => count + 1), []);
  return [found?.by === load ? found.names : undefined, refresh];
}
