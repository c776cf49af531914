/**
 * The store: what every engine offers to the layers above it, and the one contract
 * that the conformance suite (test/store) holds all engines to.
 *
 * The layers above have checked a request's form (ids, sizes, JSON) before they
 * call; the store owns what only a transaction can decide: existence, revisions,
 * sequence numbers, repeated ids, merges. It speaks plain data that can be sent to
 * a worker thread: no functions, no protobuf, no driver types.
 *
 * Conventions: times are integer microseconds since 1970 by the caller's clock
 * (`nowMicros`), never the database's; an event's own timestamp is the writer's
 * exact double of seconds. Seqs and revisions are safe integers. State and labels
 * are `Map`s; state values are JSON text that is stored and given back unchanged.
 * Failures are `StoreError`s, see errors.ts.
 */
import type { PoolStats } from "./connections.ts";
import type { ScopeEvent, StoredEvent } from "./stored-event.ts";

/** A session's name. Parts are compared exactly, by code point. */
export interface SessionKey {
  readonly appName: string;
  readonly userId: string;
  readonly sessionId: string;
}

/** All sessions of an app, or with `userId` of one of its users. */
export interface Scope {
  readonly appName: string;
  readonly userId?: string | undefined;
}

/** State from key to JSON text, byte for byte as written. */
export type State = ReadonlyMap<string, string>;

/**
 * A change of state split by scope, prefixes already taken off the keys, `temp:`
 * keys already dropped. In one scope no key is both set and removed.
 */
export interface StateDelta {
  readonly session: ScopeDelta;
  readonly user: ScopeDelta;
  readonly app: ScopeDelta;
}

/** What is set and removed in one scope. */
export interface ScopeDelta {
  readonly set: State;
  readonly remove: readonly string[];
}

/** A session as it is stored. */
export interface SessionRecord {
  readonly key: SessionKey;
  readonly uid: string;
  readonly revision: number;
  readonly headSeq: number;
  readonly firstSeq: number;
  readonly eventCount: number;
  readonly eventBytes: number;
  readonly ownerId: string;
  readonly displayName: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly createMicros: number;
  readonly updateMicros: number;
  /** Exact double of seconds: the newest event's own timestamp, or createMicros / 1e6. */
  readonly lastEventTime: number;
  /** Merged state with `user:` and `app:` prefixes; undefined where it was not asked for. */
  readonly state: State | undefined;
}

/** The payload texts and envelope of an event, as its writer gave them. */
export interface EventBody {
  readonly id: string;
  readonly invocationId: string | undefined;
  readonly author: string | undefined;
  readonly branch: string | undefined;
  /** Exact double of seconds since 1970; finite. */
  readonly timestamp: number;
  readonly partial: boolean | undefined;
  readonly turnComplete: boolean | undefined;
  readonly interrupted: boolean | undefined;
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  readonly longRunningToolIds: readonly string[] | undefined;
  /** JSON texts; the empty string is none. */
  readonly actions: string;
  readonly content: string;
  readonly groundingMetadata: string;
  readonly customMetadata: string;
  readonly extra: string;
  /** The delta as written, keys with their prefix, without `temp:` keys. */
  readonly stateDelta: State;
  readonly removedStateKeys: readonly string[];
  readonly writerLanguage: string;
  readonly writerAdkVersion: string;
}

/** An event to append. */
export interface NewEvent extends EventBody {
  /** SHA-256 over everything that makes two events the same (I4); 32 bytes. */
  readonly digest: Uint8Array;
  /** What the event counts for in sizes: the bytes of its texts. */
  readonly bytes: number;
  /** `stateDelta` and `removedStateKeys`, split by scope. */
  readonly delta: StateDelta;
}

/** What an append tells of one event; the same on a retry. */
export interface AppendedEvent {
  readonly id: string;
  readonly timestamp: number;
  readonly seq: number;
  readonly revision: number;
  readonly createMicros: number;
}

/** What the session must be for a change to happen. */
export interface Expectation {
  /** The uid it must have; undefined for any. */
  readonly uid: string | undefined;
  /** The revision it must be at; undefined for any. */
  readonly revision: number | undefined;
}

/**
 * Makes a retry of a request safe: within `appName` and `userId` the same id with
 * the same digest gets the first answer, with another digest a REQUEST_ID_CONFLICT.
 * Stored in the same transaction as the change. Kept for a day (`sweepRequests`). A
 * session's state in an answer is forgotten when the session is deleted.
 */
export interface RequestMark {
  readonly id: string;
  /** SHA-256 over the method and the request; 32 bytes. */
  readonly digest: Uint8Array;
}

export interface CreateSessionInput {
  readonly key: SessionKey;
  readonly uid: string;
  readonly nowMicros: number;
  readonly ownerId: string;
  readonly displayName: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly delta: StateDelta;
  readonly request: RequestMark | undefined;
}

/** How one create of a group ended: each for itself. */
export type CreateOutcome =
  | { readonly ok: true; readonly session: SessionRecord }
  | { readonly ok: false; readonly error: import("./errors.ts").StoreError };

export interface UpdateSessionInput {
  readonly key: SessionKey;
  readonly expected: Expectation;
  readonly nowMicros: number;
  /** Undefined leaves it as it is. */
  readonly ownerId: string | undefined;
  readonly displayName: string | undefined;
  readonly labels: ReadonlyMap<string, string> | undefined;
  /** Merges a delta into all scopes, or replaces all of the session's own keys. */
  readonly state:
    | { readonly kind: "merge"; readonly delta: StateDelta }
    | { readonly kind: "replace"; readonly state: State }
    | undefined;
  readonly request: RequestMark | undefined;
}

export interface DeleteSessionInput {
  readonly key: SessionKey;
  /** A session of another uid is not the one that is meant: nothing is deleted, no error. */
  readonly expected: Expectation;
  readonly nowMicros: number;
  readonly request: RequestMark | undefined;
}

/** One append: the events of one AppendEvent or BatchAppendEvents. */
export interface AppendInput {
  readonly key: SessionKey;
  readonly expected: Expectation;
  readonly nowMicros: number;
  /** At least one, ids distinct. */
  readonly events: readonly NewEvent[];
  /** The uid for a missing session that is to be made first (revision 1, no state). */
  readonly createUid: string | undefined;
  /** The owner of a session that is made; empty for none. */
  readonly createOwnerId: string;
}

/** How one append of a group ended: each for itself. */
export type AppendOutcome =
  | {
      readonly ok: true;
      readonly uid: string;
      readonly headSeq: number;
      readonly events: readonly AppendedEvent[];
      /** They were stored before, by another append of these ids, which may have had more events. */
      readonly repeated: boolean;
    }
  | { readonly ok: false; readonly error: import("./errors.ts").StoreError };

export interface UpdateSharedStateInput {
  readonly appName: string;
  /** Undefined: the app's state. */
  readonly userId: string | undefined;
  readonly nowMicros: number;
  readonly delta: ScopeDelta;
  readonly request: RequestMark | undefined;
}

export type SessionOrderField = "updateMicros" | "createMicros";

/** A place in a list of sessions: the sort key of the last one given. */
export interface SessionPosition {
  readonly micros: number;
  readonly userId: string;
  readonly sessionId: string;
}

export interface ListSessionsInput {
  readonly scope: Scope;
  readonly orderBy: SessionOrderField;
  /** Turns the whole order round: time, then user id, then session id. */
  readonly descending: boolean;
  /** Only what follows this place in the order. */
  readonly after: SessionPosition | undefined;
  readonly limit: number;
  readonly ownerId: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
  /** Own state keys and the `canonicalHash` (json.ts) of the value that each must have. */
  readonly stateEquals: ReadonlyMap<string, Uint8Array>;
  readonly includeState: boolean;
}

/** What a deleted session leaves for a while, for those who watch the list of sessions. */
export interface Tombstone {
  readonly key: SessionKey;
  readonly uid: string;
  /** When it was deleted: no earlier than its `DeleteSessionInput.nowMicros`. */
  readonly deleteMicros: number;
}

/** A place in a list of tombstones: the sort key of the last one given. */
export interface TombstonePosition {
  readonly micros: number;
  readonly uid: string;
}

export interface ListTombstonesInput {
  readonly scope: Scope;
  /** Only what follows this place; an empty uid is before all of its time. */
  readonly after: TombstonePosition;
  readonly limit: number;
}

/** A place in the walk over several sessions' events. */
export interface EventPosition {
  readonly userId: string;
  readonly sessionId: string;
  readonly seq: number;
}

/** A range of one session's events. */
export interface EventRange {
  readonly key: SessionKey;
  /** The uid that the session must still have at the end of the read. */
  readonly uid: string;
  /** Exclusive lower and inclusive upper end. */
  readonly afterSeq: number;
  readonly throughSeq: number;
  readonly descending: boolean;
  /** Only events with this timestamp or later. */
  readonly afterTime: number | undefined;
  /** The read ends after so many events, */
  readonly maxRows: number;
  /** or before the event with which it would weigh more; it has at least one event. */
  readonly maxBytes: number;
  /** What all events of the session weigh, if it is known: saves looks at what a short one weighs. */
  readonly sessionBytes?: number | undefined;
}

/** How a history is opened. */
export interface HistoryOpening {
  readonly key: SessionKey;
  /** Where it begins: after this seq, */
  readonly afterSeq: number;
  /** and of these with the newest so many of the session's; undefined for all. */
  readonly newest: number | undefined;
  /** Of its events the first so many come with the session, */
  readonly maxRows: number;
  /** as far as none of them weighs more than this. */
  readonly maxEventBytes: number;
}

/** See `Store.openHistory`. */
export interface OpenedHistory {
  /** With merged state. */
  readonly session: SessionRecord;
  /** In order and without a gap from the first of the history on. */
  readonly events: readonly StoredEvent[];
}

/** See `Store.seqBeforeNewest`. */
export interface NewestInput {
  readonly key: SessionKey;
  readonly afterSeq: number;
  readonly throughSeq: number;
  readonly afterTime: number;
  readonly count: number;
}

/** See `Store.readStateDeltas`; bounds as in `EventRange`. */
export interface DeltaRange {
  readonly key: SessionKey;
  readonly uid: string;
  readonly afterSeq: number;
  readonly throughSeq: number;
  readonly maxRows: number;
}

/** What one event changed in its session's own state. */
export interface EventDelta {
  readonly seq: number;
  readonly revision: number;
  readonly delta: ScopeDelta;
}

export interface ListScopeEventsInput {
  readonly scope: Scope;
  readonly after: EventPosition | undefined;
  readonly afterTime: number | undefined;
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** A change of state without an event, or the state given at create. */
export interface SessionChange {
  readonly revision: number;
  readonly afterSeq: number;
  readonly createMicros: number;
  /** Whether the session's own state was replaced as a whole by `delta.session.set`. */
  readonly replaced: boolean;
  readonly delta: StateDelta;
  /** What else was changed to what; undefined where it was left as it is. */
  readonly ownerId: string | undefined;
  readonly displayName: string | undefined;
  readonly labels: ReadonlyMap<string, string> | undefined;
}

/** See `Store.readChanges`; bounds as in `EventRange`. */
export interface ChangeRange {
  readonly key: SessionKey;
  /** Exclusive lower and inclusive upper end. */
  readonly afterRevision: number;
  readonly throughRevision: number;
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** Where a session is. */
export type HeadRecord = Pick<SessionRecord, "key" | "uid" | "revision" | "headSeq" | "firstSeq">;

/** What an engine can do, asked instead of its name. */
export interface StoreCapabilities {
  /** For logs, `/` and `version`: such as `SQLite 3.51.0` or `MariaDB 10.11.14`. */
  readonly description: string;
  /** The largest event that it takes, in bytes as `NewEvent.bytes` counts. */
  readonly maxEventBytes: number;
  /** The largest sum of bytes of one append or group. */
  readonly maxAppendBytes: number;
  /** Whether other processes may change the same data, so that tails must poll. */
  readonly shared: boolean;
  /** What an acknowledgement is worth: the engine's flush settings as found at start. */
  readonly durability: {
    readonly settings: ReadonlyMap<string, string>;
    readonly losesCommitsOnCrash: boolean;
  };
}

/**
 * An engine. Every method is safe to call concurrently. Methods that wait for the
 * database take an optional `signal`; an abort before the work began rejects with
 * its reason, a running transaction ends by itself.
 */
export interface Store {
  readonly capabilities: StoreCapabilities;

  /** Resolves if the database answers a query on our tables now. */
  ping(signal?: AbortSignal): Promise<void>;
  /** The connection pools now; missing where there are none. */
  poolStats?(): readonly PoolStats[];

  /**
   * Makes a group of sessions in one transaction. Each has its own outcome, in the order of
   * the input: the session with merged state as the group leaves it, or SESSION_ALREADY_EXISTS,
   * REQUEST_ID_CONFLICT, INVALID_OWNER. Rejects only if the whole group failed (the database
   * is away); a retry with the same uids or request marks is safe then.
   */
  createSessions(group: readonly CreateSessionInput[], signal?: AbortSignal): Promise<CreateOutcome[]>;
  /** The session with merged state in one snapshot, or undefined. */
  getSession(key: SessionKey, signal?: AbortSignal): Promise<SessionRecord | undefined>;
  /** The session with merged state and the first events of a history of it in one snapshot, or undefined. */
  openHistory(opening: HistoryOpening, signal?: AbortSignal): Promise<OpenedHistory | undefined>;
  /** The session as a light row, or undefined: no state. */
  getSessionRow(key: SessionKey, signal?: AbortSignal): Promise<SessionRecord | undefined>;
  /** @throws StoreError SESSION_NOT_FOUND, STALE_SESSION, REQUEST_ID_CONFLICT */
  updateSession(input: UpdateSessionInput, signal?: AbortSignal): Promise<SessionRecord>;
  /**
   * Whether there was one. Leaves a tombstone; request marks of the session forget its state.
   * @throws StoreError STALE_SESSION (another revision), REQUEST_ID_CONFLICT
   */
  deleteSession(input: DeleteSessionInput, signal?: AbortSignal): Promise<boolean>;
  /** Where the sessions of these distinct keys are, in no order; those that are not there are left out. */
  sessionHeads(keys: readonly SessionKey[], signal?: AbortSignal): Promise<HeadRecord[]>;
  listSessions(input: ListSessionsInput, signal?: AbortSignal): Promise<SessionRecord[]>;
  /**
   * What DeleteSession left, by time and uid. What goes by a delete of its owner leaves
   * nothing.
   */
  listTombstones(input: ListTombstonesInput, signal?: AbortSignal): Promise<Tombstone[]>;
  /** Names after `after`, ascending by code point. */
  listApps(after: string | undefined, limit: number, signal?: AbortSignal): Promise<string[]>;
  listUsers(
    appName: string,
    after: string | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<string[]>;

  /**
   * Commits a group of appends in one transaction. Each has its own outcome, in the
   * order of the input; appends of one session take effect in that order. Rejects
   * only if the whole group failed (the database is away), and then I4 makes a retry
   * of the group safe.
   */
  append(group: readonly AppendInput[], signal?: AbortSignal): Promise<AppendOutcome[]>;

  /**
   * The events of a range in its order, in chunks as the rows arrive; the read ends by
   * itself at `maxRows` or `maxBytes`. A caller goes on after the last event until a read
   * gives none or has given the one at the range's end. Holds a connection only while rows arrive and
   * never waits for the consumer: what is not consumed yet is bounded by the range.
   * Returning early frees everything at once.
   * @throws StoreError SESSION_NOT_FOUND, SESSION_RECREATED if the session is not the
   *   one with `uid` once the last row was read, so that a history is never cut short.
   */
  readEvents(range: EventRange, signal?: AbortSignal): AsyncIterable<StoredEvent[]>;
  /**
   * The seq right before the `count`-th newest event (count >= 1) among those with
   * afterSeq < seq <= throughSeq and a timestamp of `afterTime` or later; `afterSeq` if
   * there are no more than `count`.
   */
  seqBeforeNewest(input: NewestInput, signal?: AbortSignal): Promise<number>;
  /** Events of several sessions by user, session and seq. */
  listScopeEvents(input: ListScopeEventsInput, signal?: AbortSignal): Promise<ScopeEvent[]>;

  /**
   * Changes without an event with `afterSeq` <= throughSeq, in order of revision; the
   * first is the create's.
   */
  listChanges(key: SessionKey, throughSeq: number, signal?: AbortSignal): Promise<SessionChange[]>;
  /**
   * The first changes without an event of a range, in order of revision, of whatever session
   * has the key; at least one if there is one.
   */
  readChanges(range: ChangeRange, signal?: AbortSignal): Promise<SessionChange[]>;
  /**
   * The session-scope deltas of events, in the order of seq, as `readEvents` bounds and
   * checks them, without reading payloads; events without such a delta are left out.
   */
  readStateDeltas(range: DeltaRange, signal?: AbortSignal): AsyncIterable<EventDelta[]>;

  /** Shared state, keys without prefix; empty where there is none. */
  getSharedState(appName: string, userId: string | undefined, signal?: AbortSignal): Promise<State>;
  /** When the change (or the first of its retries) happened. @throws StoreError REQUEST_ID_CONFLICT */
  updateSharedState(
    input: UpdateSharedStateInput,
    signal?: AbortSignal,
  ): Promise<{ readonly updateMicros: number }>;

  /** Forgets request marks older than `beforeMicros`, in small steps; gives their number. */
  sweepRequests(beforeMicros: number, signal?: AbortSignal): Promise<number>;
  /** Forgets tombstones older than `beforeMicros`, in small steps; gives their number. */
  sweepTombstones(beforeMicros: number, signal?: AbortSignal): Promise<number>;

  /** Waits for running work, then closes every connection. Further calls fail with STORE_CLOSED. */
  close(): Promise<void>;
}
