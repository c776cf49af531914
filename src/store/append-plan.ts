/**
 * What a group of appends does, decided without a database: an engine locks and loads
 * the session rows and the events whose ids come again, asks for a plan, and writes it.
 * All rules of I2 to I5 for appends live here, once for all engines.
 */

import { StoreError } from "./errors.ts";
import { type GroupState, StateGatherer } from "./state-writes.ts";
import type { AppendedEvent, AppendInput, AppendOutcome, NewEvent, SessionKey } from "./store.ts";

/** What a plan must know of a session row. */
export interface SessionHead {
  readonly key: SessionKey;
  readonly uid: string;
  readonly revision: number;
  readonly headSeq: number;
  readonly eventCount: number;
  readonly eventBytes: number;
  readonly createMicros: number;
  readonly updateMicros: number;
  readonly lastEventTime: number;
}

/** What a plan must know of an event that is stored under an id that comes again. */
export interface EventMark extends AppendedEvent {
  readonly digest: Uint8Array;
}

/** An event row to insert. */
export interface PlannedEvent {
  readonly key: SessionKey;
  readonly event: NewEvent;
  readonly seq: number;
  readonly revision: number;
  readonly createMicros: number;
  readonly appendEndSeq: number;
}

/** A session that a group makes. */
export interface PlannedSession {
  /** As it is after the group. */
  readonly head: SessionHead;
  readonly ownerId: string;
}

/** Everything to write, and every append's outcome. */
export interface AppendPlan extends GroupState {
  /** In the order of the group. */
  readonly outcomes: readonly AppendOutcome[];
  /** Session rows to insert. */
  readonly created: readonly PlannedSession[];
  /** Session rows to update, as they are after the group. */
  readonly advanced: readonly SessionHead[];
  readonly events: readonly PlannedEvent[];
}

/** The limits of an engine, see StoreCapabilities. */
export interface AppendLimits {
  readonly maxEventBytes: number;
  readonly maxAppendBytes: number;
  /** Why a session of this owner is not made; undefined if it is. */
  readonly refuseOwner?: (ownerId: string) => StoreError | undefined;
}

/** A string that is the same for the same key only; to look keys up in maps. */
export function keyText(key: SessionKey): string {
  return JSON.stringify([key.appName, key.userId, key.sessionId]);
}

/**
 * Plans a group. `heads` has the locked rows and `marks` the stored events of the
 * group's ids, both by `keyText`; a session without a head does not exist.
 */
export function planAppends(
  group: readonly AppendInput[],
  heads: ReadonlyMap<string, SessionHead>,
  marks: ReadonlyMap<string, ReadonlyMap<string, EventMark>>,
  limits: AppendLimits,
): AppendPlan {
  const planner = new Planner(heads, marks, limits);
  const outcomes = group.map((input) => planner.append(input));
  return planner.plan(outcomes);
}

class Planner {
  private readonly heads: ReadonlyMap<string, SessionHead>;
  private readonly marks: ReadonlyMap<string, ReadonlyMap<string, EventMark>>;
  private readonly limits: AppendLimits;
  /** Sessions as the appends so far leave them. */
  private readonly now = new Map<string, SessionHead>();
  /** Events that the appends so far add, by session and id: a retry may meet its first try. */
  private readonly added = new Map<string, Map<string, EventMark>>();
  private readonly events: PlannedEvent[] = [];
  /** The owners of the sessions that the appends so far make. */
  private readonly owners = new Map<string, string>();
  private readonly state = new StateGatherer();

  constructor(
    heads: ReadonlyMap<string, SessionHead>,
    marks: ReadonlyMap<string, ReadonlyMap<string, EventMark>>,
    limits: AppendLimits,
  ) {
    this.heads = heads;
    this.marks = marks;
    this.limits = limits;
  }

  append(input: AppendInput): AppendOutcome {
    const text = keyText(input.key);
    const stored = this.now.get(text) ?? this.heads.get(text);
    if (stored === undefined && input.createUid === undefined) {
      return failed(new StoreError("SESSION_NOT_FOUND", "The session does not exist."));
    }
    const head = stored ?? newHead(input.key, input.createUid ?? "", input.nowMicros);
    const refused = stored === undefined ? this.limits.refuseOwner?.(input.createOwnerId) : undefined;
    if (refused !== undefined) return failed(refused);
    // The uid counts before a repeated id: an event of a deleted namesake is not this one's.
    if (input.expected.uid !== undefined && input.expected.uid !== head.uid)
      return failed(staleSession(head));
    const repeated = this.repeated(text, head, input.events);
    if (repeated !== undefined) return repeated;
    if (input.expected.revision !== undefined && input.expected.revision !== head.revision) {
      return failed(staleSession(head));
    }
    const oversized = this.oversized(input.events);
    if (oversized !== undefined) return failed(oversized);
    return this.add(text, head, input);
  }

  plan(outcomes: readonly AppendOutcome[]): AppendPlan {
    const changed = [...this.now.entries()];
    return {
      outcomes,
      created: changed
        .filter(([text]) => !this.heads.has(text))
        .map(([text, head]) => ({ head, ownerId: this.owners.get(text) ?? "" })),
      advanced: changed.filter(([text]) => this.heads.has(text)).map(([, head]) => head),
      events: this.events,
      ...this.state.gathered(),
    };
  }

  /** The outcome of an append some of whose ids are known; undefined if all are new. */
  private repeated(text: string, head: SessionHead, events: readonly NewEvent[]): AppendOutcome | undefined {
    const known = events.map(
      (event) => this.added.get(text)?.get(event.id) ?? this.marks.get(text)?.get(event.id),
    );
    const found = known.filter((mark) => mark !== undefined);
    if (found.length === 0) return undefined;
    for (const [at, event] of events.entries()) {
      const mark = known[at];
      if (mark !== undefined && !sameBytes(mark.digest, event.digest)) {
        return failed(eventIdConflict(mark));
      }
    }
    const first = found[0];
    if (found.length < events.length && first !== undefined) {
      return failed(partlyStored(first));
    }
    return {
      ok: true,
      uid: head.uid,
      headSeq: head.headSeq,
      events: found.map(withoutDigest),
      repeated: true,
    };
  }

  private oversized(events: readonly NewEvent[]): StoreError | undefined {
    let sum = 0;
    for (const event of events) {
      sum += event.bytes;
      if (event.bytes > this.limits.maxEventBytes) {
        return tooLarge("The event", event.bytes, this.limits.maxEventBytes);
      }
    }
    return sum > this.limits.maxAppendBytes
      ? tooLarge("The batch", sum, this.limits.maxAppendBytes)
      : undefined;
  }

  private add(text: string, head: SessionHead, input: AppendInput): AppendOutcome {
    // Clocks of several servers may differ; a session's update time never goes backwards.
    const micros = Math.max(input.nowMicros, head.updateMicros);
    const appended: AppendedEvent[] = [];
    const added = this.added.get(text) ?? new Map<string, EventMark>();
    this.added.set(text, added);
    const appendEndSeq = head.headSeq + input.events.length;
    let bytes = 0;
    for (const [at, event] of input.events.entries()) {
      const told = {
        id: event.id,
        timestamp: event.timestamp,
        seq: head.headSeq + at + 1,
        revision: head.revision + at + 1,
        createMicros: micros,
      };
      appended.push(told);
      added.set(event.id, { ...told, digest: event.digest });
      this.events.push({
        key: head.key,
        event,
        seq: told.seq,
        revision: told.revision,
        createMicros: micros,
        appendEndSeq,
      });
      this.state.add(head.key, event.delta);
      bytes += event.bytes;
    }
    if (!this.heads.has(text) && !this.now.has(text)) this.owners.set(text, input.createOwnerId);
    this.now.set(text, {
      ...head,
      revision: head.revision + input.events.length,
      headSeq: appendEndSeq,
      eventCount: head.eventCount + input.events.length,
      eventBytes: head.eventBytes + bytes,
      updateMicros: micros,
      lastEventTime: input.events.at(-1)?.timestamp ?? head.lastEventTime,
    });
    return { ok: true, uid: head.uid, headSeq: appendEndSeq, events: appended, repeated: false };
  }
}

/** A session that was just made: revision 1, no events. */
export function newHead(key: SessionKey, uid: string, nowMicros: number): SessionHead {
  return {
    key,
    uid,
    revision: 1,
    headSeq: 0,
    eventCount: 0,
    eventBytes: 0,
    createMicros: nowMicros,
    updateMicros: nowMicros,
    lastEventTime: nowMicros / 1e6,
  };
}

/** A change of a session that is not as the caller expected (I3). */
export function staleSession(head: { uid: string; revision: number; headSeq: number }): StoreError {
  return new StoreError("STALE_SESSION", "The session has changed since it was read. Read it again.", {
    facts: { actual_uid: head.uid, actual_revision: String(head.revision), head_seq: String(head.headSeq) },
  });
}

function eventIdConflict(mark: AppendedEvent): StoreError {
  return new StoreError("EVENT_ID_CONFLICT", "The session has an event of this id with other bytes.", {
    facts: { event_id: mark.id, seq: String(mark.seq) },
  });
}

function partlyStored(first: AppendedEvent): StoreError {
  const message = "Some events of the batch are stored already and others are not. Send only the others.";
  return new StoreError("BATCH_PARTLY_STORED", message, {
    facts: { event_id: first.id, seq: String(first.seq) },
  });
}

function tooLarge(what: string, bytes: number, limit: number): StoreError {
  return new StoreError("TOO_LARGE", `${what} has ${bytes} bytes; the limit is ${limit}.`, {
    facts: { limit_bytes: String(limit) },
  });
}

function failed(error: StoreError): AppendOutcome {
  return { ok: false, error };
}

function withoutDigest({ digest: _, ...event }: EventMark): AppendedEvent {
  return event;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
