/** One open session: its events, state and tail, for the components to look at. */
import { ConnectError } from "@connectrpc/connect";
import { errorReason } from "../../../clients/typescript/src/errors.ts";
import { ErrorReason } from "../../../clients/typescript/src/gen/sessiond/v1/error_pb.ts";
import type { Event } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import type { Session } from "../../../clients/typescript/src/gen/sessiond/v1/session_pb.ts";
import type { ChangedFrame } from "../../../clients/typescript/src/gen/sessiond/v1/session_service_pb.ts";
import { type TailUpdate, tail } from "../../../clients/typescript/src/tail.ts";
import type { SessionClient } from "../api.ts";
import { CallIndex } from "./calls.ts";
import { EventPages } from "./event-pages.ts";
import { keyParts, type SessionKeyParts } from "./keys.ts";
import { Observable } from "./observable.ts";
import { Rewinds } from "./rewinds.ts";
import { SeqRanges } from "./seq-ranges.ts";

/** How the tail is doing. */
export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "waiting"; readonly error: string | undefined }
  | { readonly kind: "missing" }
  | { readonly kind: "deleted" }
  | { readonly kind: "failed"; readonly error: string }
  /** A file that was opened: nothing follows. */
  | { readonly kind: "file" };

/** How many events come with the opening: a little more than a screen. */
const FIRST_EVENTS = 60;

/** What the components need of a conversation, live or from a file. */
export class Conversation extends Observable {
  readonly key: SessionKeyParts;
  session: Session | undefined;
  connection: Connection = { kind: "connecting" };
  /** The seq of the first event that exists, and of the last one that is known. */
  firstSeq = 1;
  headSeq = 0;
  calls = new CallIndex();
  /** The seqs of all events that were ever loaded: what they say of calls and rewinds is kept. */
  known = new SeqRanges();
  rewinds = new Rewinds(this.known);
  /** Changes without an event that came while this was open, by the seq that they follow. */
  readonly changes = new Map<number, ChangedFrame[]>();
  /** Why events could not be loaded. */
  loadError: string | undefined;
  #pages: EventPages | undefined;
  readonly #client: SessionClient;
  readonly #stop = new AbortController();

  constructor(client: SessionClient, key: SessionKeyParts) {
    super();
    this.#client = client;
    this.key = key;
  }

  /** Begins to follow the session. */
  open(): this {
    void this.#follow();
    return this;
  }

  close(): void {
    this.#stop.abort();
  }

  /** The event of a seq, if it is loaded. */
  event(seq: number): Event | undefined {
    return this.#pages?.get(seq);
  }

  /** All events that are loaded, in order. */
  loaded(): Iterable<Event> {
    return this.#pages?.loaded() ?? [];
  }

  /** Loads what is missing of a range. Failures are kept in `loadError`, for a person to try again. */
  async load(from: number, through: number): Promise<void> {
    const first = Math.max(from, this.firstSeq);
    const last = Math.min(through, this.headSeq);
    if (this.#pages === undefined || first > last) return;
    try {
      await this.#pages.load(first, last);
      this.loadError = undefined;
    } catch (error) {
      this.loadError = ConnectError.from(error).rawMessage;
    }
    this.changed();
  }

  /** All events from the first to the last, page by page. @throws ConnectError */
  async *walk(signal: AbortSignal): AsyncGenerator<readonly Event[], void, undefined> {
    const key = this.key;
    const sessionUid = this.session?.uid ?? "";
    let pageToken = "";
    do {
      const answer = await this.#client.listEvents({ key, sessionUid, pageSize: 500, pageToken }, { signal });
      yield answer.events;
      pageToken = answer.nextPageToken;
    } while (pageToken !== "");
  }

  /** The session with its state as it is stored at the moment. @throws ConnectError */
  async stored(signal: AbortSignal): Promise<Session> {
    const request = { key: this.key, sessionUid: this.session?.uid ?? "" };
    const { session } = await this.#client.getSession(request, { signal });
    if (session === undefined) throw new ConnectError("the answer has no session");
    return session;
  }

  /** The session's own state right after an event. @throws ConnectError */
  async stateAsOf(seq: number, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const request = { key: this.key, sessionUid: this.session?.uid ?? "", asOfSeq: BigInt(seq) };
    return (await this.#client.getSession(request, { signal })).session?.state ?? {};
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (;;) {
        const updates = tail(this.#client, { key: this.key, numRecentEvents: FIRST_EVENTS, signal });
        let again = false;
        for await (const update of updates) {
          this.#take(update);
          if (update.kind === "ended" && update.reason !== "deleted") again = true;
        }
        if (!again || signal.aborted) return;
        this.#forget();
      }
    } catch (error) {
      const missing = errorReason(error) === ErrorReason.SESSION_NOT_FOUND;
      this.connection = missing
        ? { kind: this.session === undefined ? "missing" : "deleted" }
        : { kind: "failed", error: ConnectError.from(error).rawMessage };
      this.changed();
    }
  }

  /** Another session has the key by now, or its history begins later: everything is read anew. */
  #forget(): void {
    this.session = undefined;
    this.#pages = undefined;
    this.calls = new CallIndex();
    this.known = new SeqRanges();
    this.rewinds = new Rewinds(this.known);
    this.changes.clear();
    this.connection = { kind: "connecting" };
    this.changed();
  }

  #take(update: TailUpdate): void {
    switch (update.kind) {
      case "opened": {
        const { session } = update;
        this.session = session;
        this.firstSeq = Number(session.firstSeq);
        this.headSeq = Math.max(this.headSeq, Number(session.headSeq));
        this.#pages ??= new EventPages(this.#client, keyParts(session.key), session.uid, (events) =>
          this.index(events),
        );
        break;
      }
      case "events":
        this.#pages?.add(update.events);
        this.index(update.events);
        this.#apply(update.events);
        break;
      case "changed":
        this.#change(update.change);
        break;
      case "caughtUp":
        this.connection = { kind: "live" };
        break;
      case "waiting":
        this.connection = { kind: "waiting", error: update.error?.rawMessage };
        break;
      case "ended":
        if (update.reason === "deleted") this.connection = { kind: "deleted" };
        break;
    }
    this.changed();
  }

  /** Takes in what events say of others. */
  protected index(events: readonly Event[]): void {
    for (const event of events) {
      this.known.add(Number(event.seq));
      this.calls.add(event);
      this.rewinds.add(event);
    }
    this.changed();
  }

  /** Brings the session up to events that came after its state was read. */
  #apply(events: readonly Event[]): void {
    const session = this.session;
    if (session === undefined) return;
    for (const event of events) {
      this.headSeq = Math.max(this.headSeq, Number(event.seq));
      if (event.revision <= session.revision) continue;
      mergeState(session.state, event.stateDelta, event.removedStateKeys);
      session.revision = event.revision;
      session.headSeq = event.seq;
      session.eventCount += 1n;
    }
  }

  #change(change: ChangedFrame): void {
    const afterSeq = Number(change.afterSeq);
    this.changes.set(afterSeq, [...(this.changes.get(afterSeq) ?? []), change]);
    const session = this.session;
    if (session === undefined || change.revision <= session.revision) return;
    if (change.stateReplaced) {
      for (const key of Object.keys(session.state))
        if (!/^(?:app|user):/.test(key)) delete session.state[key];
    }
    mergeState(session.state, change.stateDelta, change.removedStateKeys);
    session.revision = change.revision;
    // The frame names what else changed without saying to what.
    if (change.changed?.paths.some((path) => !path.startsWith("state"))) void this.#refresh();
  }

  async #refresh(): Promise<void> {
    try {
      const { session } = await this.#client.getSession(
        { key: this.key, omitState: true },
        { signal: this.#stop.signal },
      );
      if (session === undefined || this.session?.uid !== session.uid) return;
      this.session.displayName = session.displayName;
      this.session.ownerId = session.ownerId;
      this.session.labels = session.labels;
      this.changed();
    } catch {
      // The next change or reconnect brings it.
    }
  }
}

/** Brings a state up to date, also by keys that objects have of themselves. */
export function mergeState(
  state: Record<string, string>,
  set: Readonly<Record<string, string>>,
  removed: string[],
): void {
  for (const key of removed) delete state[key];
  for (const [key, value] of Object.entries(set)) {
    Object.defineProperty(state, key, { value, enumerable: true, configurable: true, writable: true });
  }
}
