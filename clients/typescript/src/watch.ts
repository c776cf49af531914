/** The live list of an app's or a user's sessions over any number of connections (docs/streams.md). */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { Session, SessionKey, SessionKeySchema } from "./gen/sessiond/v1/session_pb.ts";
import { ClosingReason, type SessionService } from "./gen/sessiond/v1/session_service_pb.ts";
import { type Backoff, framesOf, type Lost, reconnecting, type Silence, type Waiting } from "./reconnect.ts";

/** What is watched and how. */
export interface WatchOptions {
  /** The app, and the user unless all users' sessions are wanted. */
  readonly key: MessageInitShape<typeof SessionKeySchema>;
  /** Goes on after the update that carried it. */
  readonly cursor?: string;
  /** At most so many sessions in a listing, those that changed last; all when left out, none for 0. */
  readonly maxListed?: number;
  /** Whether sessions come with their merged state. */
  readonly includeState?: boolean;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** As in TailOptions. */
  readonly heartbeatMs?: number;
  readonly backoff?: Backoff;
}

/**
 * One step of a live list. `listed`, `created` and `changed` say that this is the session now: put it in the list
 * unless the list has the same uid at this or a later revision. `deleted` removes the session of its uid.
 */
export type WatchUpdate =
  | { readonly kind: "listed"; readonly sessions: readonly Session[]; readonly cursor: string }
  | { readonly kind: "created" | "changed"; readonly session: Session; readonly cursor: string }
  | {
      readonly kind: "deleted";
      readonly key: SessionKey | undefined;
      readonly uid: string;
      readonly cursor: string;
    }
  /** Forget the list: a fresh one follows. */
  | { readonly kind: "reset"; readonly cursor: string }
  /** The listing, or what happened since the cursor, is complete. */
  | { readonly kind: "caughtUp"; readonly cursor: string }
  | Waiting;

/** Watches sessions. Reconnects by itself; throws as `tail` does; ends at the abort of `signal` or when the caller leaves. */
export function watch(
  client: Client<typeof SessionService>,
  options: WatchOptions,
): AsyncGenerator<WatchUpdate, void, undefined> {
  const place = { cursor: options.cursor ?? "" };
  return reconnecting(
    (signal) => connect(client, options, place, signal),
    options.backoff ?? {},
    options.signal,
  );
}

async function* connect(
  client: Client<typeof SessionService>,
  { key, includeState = false, maxListed, heartbeatMs }: WatchOptions,
  place: { cursor: string },
  signal: AbortSignal,
): AsyncGenerator<WatchUpdate, Lost | undefined, undefined> {
  const silence: Silence = { heartbeatMs: undefined };
  const request = {
    key,
    includeState,
    cursor: place.cursor,
    ...(maxListed === undefined ? {} : { maxListed }),
    ...(heartbeatMs === undefined ? {} : { heartbeatInterval: durationFromMs(heartbeatMs) }),
  };
  const call = client.watchSessions(request, { signal, timeoutMs: 0 });
  const frames = framesOf(call, silence, signal);
  let progressed = false;
  for (;;) {
    const next = await frames.next();
    if (next.done === true) return { error: next.value, progressed, moved: false };
    const { frame, cursor } = next.value;
    if (cursor !== "") place.cursor = cursor;
    switch (frame.case) {
      case "opened": {
        const interval = frame.value.heartbeatInterval;
        if (interval !== undefined) silence.heartbeatMs = durationMs(interval);
        break;
      }
      case "listed":
        yield { kind: "listed", sessions: frame.value.sessions, cursor };
        break;
      case "created":
      case "changed":
        if (frame.value.session !== undefined) {
          yield { kind: frame.case, session: frame.value.session, cursor };
        }
        break;
      case "deleted":
        yield { kind: "deleted", key: frame.value.key, uid: frame.value.uid, cursor };
        break;
      case "reset":
        yield { kind: "reset", cursor };
        break;
      case "caughtUp":
        progressed = true;
        yield { kind: "caughtUp", cursor };
        break;
      case "closing":
        return { error: undefined, progressed, moved: frame.value.reason !== ClosingReason.SLOW_READER };
    }
  }
}
