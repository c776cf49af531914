/** Every RPC of the service, free of transport: one file per method. */
import { appendEvent } from "./append-event.ts";
import { appendToSessions } from "./append-to-sessions.ts";
import { batchAppendEvents } from "./batch-append-events.ts";
import { createSession } from "./create-session.ts";
import { deleteSession } from "./delete-session.ts";
import { type HandlerDeps, withDefaults } from "./deps.ts";
import { getAppState } from "./get-app-state.ts";
import { getSession } from "./get-session.ts";
import { getUserState } from "./get-user-state.ts";
import type { Handlers } from "./handler.ts";
import { listApps } from "./list-apps.ts";
import { listEvents } from "./list-events.ts";
import { listSessions } from "./list-sessions.ts";
import { listUsers } from "./list-users.ts";
import { streamEvents } from "./stream-events.ts";
import { updateAppState } from "./update-app-state.ts";
import { updateSession } from "./update-session.ts";
import { updateUserState } from "./update-user-state.ts";
import { watchSessions } from "./watch-sessions.ts";

export type { HandlerDeps } from "./deps.ts";

/** Makes the RPCs. Each checks its request once, then runs a command or a read. */
export function createHandlers(given: HandlerDeps): Handlers {
  const deps = withDefaults(given);
  return {
    createSession: createSession(deps),
    getSession: getSession(deps),
    updateSession: updateSession(deps),
    deleteSession: deleteSession(deps),
    listSessions: listSessions(deps),
    appendEvent: appendEvent(deps),
    batchAppendEvents: batchAppendEvents(deps),
    appendToSessions: appendToSessions(deps),
    listEvents: listEvents(deps),
    streamEvents: streamEvents(deps),
    listApps: listApps(deps),
    listUsers: listUsers(deps),
    watchSessions: watchSessions(deps),
    getAppState: getAppState(deps),
    getUserState: getUserState(deps),
    updateAppState: updateAppState(deps),
    updateUserState: updateUserState(deps),
  };
}
