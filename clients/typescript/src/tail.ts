/** A session's history and live tail over any number of connections: no gap, no double (docs/streams.md). */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { Event } from "./gen/sessiond/v1/event_pb.ts";
import type { Session, SessionKeySchema } from "./gen/sessiond/v1/session_pb.ts";
import {
  type ChangedFrame,
  ClosingReason,
  type SessionService,
  type StreamEventsResponse,
} from "./gen/sessiond/v1/session_service_pb.ts";
import { type Backoff, framesOf, type Lost, reconnecting, type Silence, type Waiting } from "./reconnect.ts";
import { addState } from "./state.ts";

/** Where a tail begins and how it behaves. Without a place it begins with the first event. */
export interface TailOptions {
  /** App, user and session. */
  readonly key: MessageInitShape<typeof SessionKeySchema>;
  /** Goes on after the update that carried it; excludes the three below. */
  readonly cursor?: string;
  /** Only events after this seq. */
  readonly afterSeq?: bigint;
  /** Only events of the history with this timestamp or later, in seconds since 1970. */
  readonly afterTime?: number;
  /** Only the newest n events of the history. */
  readonly numRecentEvents?: number;
  /** The uid that the session must have; needed with `afterSeq` that was kept from an earlier run. */
  readonly sessionUid?: string;
  /** Ends the tail. */
  readonly signal?: AbortSignal;
  /** How long the connection may be silent before the server sends a heartbeat, in ms: 1,000 to 60,000; 15,000 when left out. */
  readonly heartbeatMs?: number;
  readonly backoff?: Backoff;
}

/** Why a tail has no more to give. */
export type TailEnd = "deleted" | "recreated" | "trimmed";

/** Each with the cursor to resume after it, in this process or another. */
export type TailUpdate =
  | (Place & {
      /** The session of now with its whole state: first, and again after every reconnect. */
      readonly kind: "opened";
      readonly session: Session;
      /** Whether the tail goes on, rather than begins. */
      readonly resumed: boolean;
    })
  | (Place & { readonly kind: "events"; readonly events: readonly Event[] })
  /** The session changed without an event. */
  | (Place & { readonly kind: "changed"; readonly change: ChangedFrame })
  /** Everything stored when the connection opened has come: what follows is live. */
  | (Place & { readonly kind: "caughtUp" })
  /** The last update. */
  | (Place & { readonly kind: "ended"; readonly reason: TailEnd })
  | Waiting;

interface Place {
  /** Resumes right after this update. */
  readonly cursor: string;
  /** The newest seq that the updates up to this one cover. */
  readonly seq: bigint;
}

const ends: ReadonlyMap<ClosingReason, TailEnd> = new Map([
  [ClosingReason.SESSION_DELETED, "deleted"],
  [ClosingReason.SESSION_RECREATED, "recreated"],
  [ClosingReason.EVENTS_TRIMMED, "trimmed"],
]);

/**
 * Follows a session. Reconnects by itself; an error that no reconnect would change is thrown as ConnectError (see
 * `errorReason`). Ends after `ended`, at the abort of `signal`, or when the caller leaves the loop. Nothing is read
 * ahead of the caller beyond what the transport holds.
 */
export function tail(
  client: Client<typeof SessionService>,
  options: TailOptions,
): AsyncGenerator<TailUpdate, void, undefined> {
  const follower = new Follower(client, options);
  return reconnecting((signal) => follower.connect(signal), options.backoff ?? {}, options.signal);
}

/** What a tail keeps from one connection to the next. */
class Follower {
  readonly #client: Client<typeof SessionService>;
  readonly #options: TailOptions;
  #cursor: string;
  /** The newest seq that was given to the caller; undefined before the first. */
  #seen: bigint | undefined;

  constructor(client: Client<typeof SessionService>, options: TailOptions) {
    this.#client = client;
    this.#options = options;
    this.#cursor = options.cursor ?? "";
  }

  async *connect(signal: AbortSignal): AsyncGenerator<TailUpdate, Lost | undefined, undefined> {
    const { heartbeatMs } = this.#options;
    const silence: Silence = { heartbeatMs: undefined };
    const request = { ...this.#start(), key: this.#options.key, follow: true };
    const call = this.#client.streamEvents(
      heartbeatMs === undefined ? request : { ...request, heartbeatInterval: durationFromMs(heartbeatMs) },
      // A tail has no deadline; silence ends it.
      { signal, timeoutMs: 0 },
    );
    const frames = framesOf(call, silence, signal);
    let opened: Session | undefined;
    let progressed = false;
    let live = false;
    for (;;) {
      const next = await frames.next();
      // Without `closing` a stream that ended was cut, whatever its status.
      if (next.done === true) return { error: next.value, progressed, moved: false };
      const { frame, cursor, seq } = next.value;
      switch (frame.case) {
        case "opened": {
          opened = frame.value.session;
          const interval = frame.value.heartbeatInterval;
          if (interval !== undefined) silence.heartbeatMs = durationMs(interval);
          if (!frame.value.stateContinues) yield this.#open(opened, next.value);
          break;
        }
        case "state":
          if (opened !== undefined) addState(opened.state, frame.value.state);
          if (!frame.value.continues) yield this.#open(opened, next.value);
          break;
        case "events": {
          const events = this.#fresh(frame.value.events, live);
          this.#cursor = cursor;
          if (events.length === 0) break;
          progressed = true;
          yield { kind: "events", events, cursor, seq };
          break;
        }
        case "changed":
          this.#cursor = cursor;
          yield { kind: "changed", change: frame.value, cursor, seq };
          break;
        case "caughtUp":
          live = true;
          progressed = true;
          this.#cursor = cursor;
          if (this.#seen === undefined || this.#seen < seq) this.#seen = seq;
          yield { kind: "caughtUp", cursor, seq };
          break;
        case "closing": {
          const reason = ends.get(frame.value.reason);
          if (reason === undefined) {
            const moved = frame.value.reason !== ClosingReason.SLOW_READER;
            return { error: undefined, progressed, moved };
          }
          yield { kind: "ended", reason, cursor, seq };
          return undefined;
        }
        default:
          // A heartbeat, or a frame that this client does not know.
          if (cursor !== "") this.#cursor = cursor;
      }
    }
  }

  /** Where the next connection begins: at the options' place until there is a cursor. */
  #start() {
    if (this.#cursor !== "") return { cursor: this.#cursor };
    const { afterSeq, afterTime, numRecentEvents, sessionUid } = this.#options;
    return {
      ...(afterSeq === undefined ? {} : { afterSeq }),
      ...(afterTime === undefined ? {} : { afterTime }),
      ...(numRecentEvents === undefined ? {} : { numRecentEvents }),
      ...(sessionUid === undefined ? {} : { sessionUid }),
    };
  }

  #open(session: Session | undefined, { cursor, seq }: StreamEventsResponse): TailUpdate {
    if (session === undefined) throw new ConnectError("the first frame has no session", Code.DataLoss);
    const resumed = this.#seen !== undefined || this.#cursor !== "";
    this.#cursor = cursor;
    if (this.#seen === undefined) this.#seen = seq;
    return { kind: "opened", session, resumed, cursor, seq };
  }

  /** The events that the caller does not have: a resume may repeat the beginning of an append. */
  #fresh(events: readonly Event[], live: boolean): readonly Event[] {
    const seen = this.#seen ?? 0n;
    const fresh = events.filter((event) => event.seq > seen);
    const [first] = fresh;
    // In the history a filter may leave events out; afterwards there is no hole.
    if (live && first !== undefined && first.seq !== seen + 1n) {
      throw new ConnectError(`event ${seen + 1n} is missing before event ${first.seq}`, Code.DataLoss);
    }
    const last = fresh.at(-1);
    if (last !== undefined) this.#seen = last.seq;
    return fresh;
  }
}
