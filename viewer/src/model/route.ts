/** What the page shows, as its address: query parameters, since an id may be `..` or have slashes. */
import type { SessionKeyParts } from "./keys.ts";

/** Where the page is. Parts are missing from the right: no event without a session. */
export interface Route {
  readonly app?: string | undefined;
  readonly user?: string | undefined;
  readonly session?: string | undefined;
  /** The seq of an event. */
  readonly event?: number | undefined;
}

/** Reads an address's query. */
export function readRoute(search: string): Route {
  const query = new URLSearchParams(search);
  const text = (name: string) => query.get(name) || undefined;
  const event = Number(query.get("event"));
  return {
    app: text("app"),
    user: text("user"),
    session: text("session"),
    event: Number.isSafeInteger(event) && event > 0 ? event : undefined,
  };
}

/** The address of a route, below this page's own. */
export function routeUrl(route: Route): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(route)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === "" ? "/" : `/?${text}`;
}

/** The session that a route names, if it names one. */
export function sessionOf({ app, user, session }: Route): SessionKeyParts | undefined {
  if (app === undefined || user === undefined || session === undefined) return undefined;
  return { appName: app, userId: user, sessionId: session };
}
