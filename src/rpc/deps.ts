/** What the RPCs work with. */
import { randomUUID } from "node:crypto";
import type { Limits } from "../config/limits.ts";
import type { WritePipeline } from "../pipeline/write-pipeline.ts";
import type { Store } from "../store/store.ts";
import { defaultTailOptions } from "../tails/options.ts";
import { Tails } from "../tails/tails.ts";

/** What `createHandlers` is given. */
export interface HandlerDeps {
  readonly store: Store;
  readonly pipeline: WritePipeline;
  readonly limits: Limits;
  /** Who follows what; tails of its own, which nobody tells of changes but their poller, if absent. */
  readonly tails?: Tails;
  /** The server's clock in integer microseconds since 1970; the system's if absent. */
  readonly clock?: () => number;
  /** Makes session uids, and ids for sessions and events that come without one; random UUIDs if absent. */
  readonly newUid?: () => string;
}

/** The same with everything filled in. */
export type Deps = Required<HandlerDeps>;

/** Fills in what `createHandlers` was not given. */
export function withDefaults(deps: HandlerDeps): Deps {
  const { store, limits } = deps;
  const clock = deps.clock ?? systemMicros;
  const tails = deps.tails ?? new Tails({ store, limits, options: defaultTailOptions, clock });
  return { ...deps, tails, clock, newUid: deps.newUid ?? randomUUID };
}

function systemMicros(): number {
  return Date.now() * 1_000;
}
