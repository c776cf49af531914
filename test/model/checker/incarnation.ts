/** One life of a session, from a create to the delete: its changes by revision, and what they add up to (I2, I3, I5). */
import type { Event } from "../../../gen/ts/sessiond/v1/event_pb.ts";
import type { Report } from "./report.ts";

/** A change of state as its writer sent it, keys with their prefix. */
export interface Delta {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
  /** Whether all own keys that are not in `set` go. */
  readonly replace?: boolean;
}

/** What one revision did. */
export interface Change {
  readonly revision: number;
  /** Tells changes apart: two claims of a revision must have the same. */
  readonly identity: string;
  readonly delta: Delta;
  readonly ownerId?: string | undefined;
  readonly displayName?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Of a change by an event. */
  readonly event?: { readonly seq: number; readonly id: string; readonly timestamp: number };
  /** When it was first asked for. */
  readonly start: number;
  /** When someone was first told of it. */
  end: number;
}

/** The session after a revision. */
export interface Folded {
  readonly own: ReadonlyMap<string, string>;
  readonly ownerId: string;
  readonly displayName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly headSeq: number;
  /** Undefined before the first event. */
  readonly lastEventTime: number | undefined;
}

/** One life of a session. */
export class Incarnation {
  readonly key: string;
  readonly uid: string;
  readonly changes = new Map<number, Change>();
  private readonly bySeq = new Map<number, Change>();
  private readonly byEventId = new Map<string, Change>();
  private folds: Folded[] = [];
  /** When it may have begun at the earliest: any time, until its maker is known. */
  start = Number.NEGATIVE_INFINITY;
  /** When it had begun for sure. */
  end = Number.POSITIVE_INFINITY;

  constructor(key: string, uid: string) {
    this.key = key;
    this.uid = uid;
  }

  /** Enters a change; one that contradicts what is known already is a violation. */
  claim(change: Change, report: Report): void {
    this.folds = [];
    const known = this.changes.get(change.revision);
    if (known !== undefined && known.identity !== change.identity) {
      report(`${this.name} revision ${change.revision} is both ${known.identity} and ${change.identity}`);
      return;
    }
    if (known !== undefined) {
      known.end = Math.min(known.end, change.end);
      return;
    }
    const { event } = change;
    if (event !== undefined) {
      const atSeq = this.bySeq.get(event.seq);
      if (atSeq !== undefined)
        report(`${this.name} seq ${event.seq} is twice: ${atSeq.identity}, ${change.identity}`);
      const sameId = this.byEventId.get(event.id);
      if (sameId !== undefined)
        report(`${this.name} event ${event.id} is there twice (I4): ${change.identity}`);
      this.bySeq.set(event.seq, change);
      this.byEventId.set(event.id, change);
    }
    this.changes.set(change.revision, change);
  }

  /** The event of this id, if it is known. */
  eventOf(id: string): Change | undefined {
    return this.byEventId.get(id);
  }

  /** The event at this seq, if it is known. */
  at(seq: number): Change | undefined {
    return this.bySeq.get(seq);
  }

  /** The session after a revision; undefined if a change up to it is not known. */
  after(revision: number): Folded | undefined {
    for (let next = this.folds.length; next <= revision; next++) {
      const folded = next === 0 ? nothing : this.step(this.folds[next - 1] as Folded, next);
      if (folded === undefined) return undefined;
      this.folds.push(folded);
    }
    return this.folds[revision];
  }

  /** For messages. */
  get name(): string {
    return `session ${this.key} (${this.uid})`;
  }

  private step(before: Folded, revision: number): Folded | undefined {
    const change = this.changes.get(revision);
    if (change === undefined) return undefined;
    const own = new Map(change.delta.replace === true ? [] : before.own);
    for (const [key, value] of Object.entries(change.delta.set)) if (isOwn(key)) own.set(key, value);
    for (const key of change.delta.remove) if (isOwn(key)) own.delete(key);
    return {
      own,
      ownerId: change.ownerId ?? before.ownerId,
      displayName: change.displayName ?? before.displayName,
      labels: change.labels ?? before.labels,
      headSeq: change.event?.seq ?? before.headSeq,
      lastEventTime: change.event?.timestamp ?? before.lastEventTime,
    };
  }
}

/** Whether a state key is of the session's own scope. */
export function isOwn(key: string): boolean {
  return !/^(user|app|temp):/.test(key);
}

/** An event's delta. */
export function deltaOf(event: Event): Delta {
  return { set: event.stateDelta, remove: event.removedStateKeys };
}

const nothing: Folded = {
  own: new Map(),
  ownerId: "",
  displayName: "",
  labels: {},
  headSeq: 0,
  lastEventTime: undefined,
};
