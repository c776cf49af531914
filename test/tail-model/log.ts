/** What a tail received, and what really happened. */
import type { ChangedFrame, ClosingReason } from "../../gen/ts/sessiond/v1/session_service_pb.ts";

/** A frame, as far as the validators go by it. */
export type Frame = {
  readonly cursor: string;
  readonly seq: number;
} & (
  | { readonly kind: "opened"; readonly uid: string; readonly headSeq: number; readonly revision: number }
  | { readonly kind: "events"; readonly events: readonly SeenEvent[]; readonly continues: boolean }
  | { readonly kind: "changed"; readonly revision: number; readonly afterSeq: number; readonly text: string }
  | { readonly kind: "caughtUp" }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "closing"; readonly reason: ClosingReason }
);

export interface SeenEvent {
  readonly seq: number;
  readonly revision: number;
  readonly id: string;
  /** Everything that was stored of it. */
  readonly text: string;
}

/** One connection of a tail: from which cursor it was opened, and what came. */
export interface Connection {
  /** Empty for the first. */
  readonly cursor: string;
  readonly frames: readonly Frame[];
}

/** All that one tail of one session received, over all its connections. */
export interface TailLog {
  readonly connections: readonly Connection[];
}

/** What happened to a session, from the answers of its writers and a last read. */
export interface Truth {
  readonly uid: string;
  readonly headSeq: number;
  readonly revision: number;
  /** By seq, from 1. */
  readonly events: ReadonlyMap<number, SeenEvent>;
  /** The last seq of each append. */
  readonly appendEnds: ReadonlySet<number>;
  /** Changes without an event by revision. */
  readonly changes: ReadonlyMap<number, { readonly afterSeq: number; readonly text: string }>;
}

/** The text by which two reports of a change are the same. */
export function changeText(
  change: Pick<ChangedFrame, "stateDelta" | "removedStateKeys" | "stateReplaced">,
): string {
  const set = Object.entries(change.stateDelta).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([set, [...change.removedStateKeys].sort(), change.stateReplaced]);
}
