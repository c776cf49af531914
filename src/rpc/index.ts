/** Every RPC of the service, free of transport. */
import type { HandlerDeps } from "./deps.ts";
import type { Handlers } from "./handler.ts";

export type { HandlerDeps } from "./deps.ts";

/** Makes the RPCs. Each checks its request once, then runs a command or a read. */
export function createHandlers(_deps: HandlerDeps): Handlers {
  throw new Error("filled in with the RPCs");
}
