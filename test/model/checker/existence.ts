/** When sessions were there: what creates and deletes say about any moment. */
import { keyText } from "../texts.ts";
import type { Incarnation } from "./incarnation.ts";
import { type Issued, ofKind } from "./issued.ts";
import type { Log } from "./log.ts";
import type { Report } from "./report.ts";

/** A delete that may have removed something. */
interface Removal {
  readonly uid: string;
  readonly start: number;
  readonly end: number;
  /** Whether it was answered; then the session that it meant is gone, whoever deleted it. */
  readonly answered: boolean;
  /** Whether it may have removed a session. */
  readonly removed: boolean;
  /** How many it removed for sure, and at most: without a request id each attempt may have removed one. */
  readonly least: number;
  readonly most: number;
}

/** Some time between two ticks. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Answers what existed for sure, and what did not. */
export class Existence {
  private readonly log: Log;
  private readonly removals = new Map<string, Removal[]>();
  /** When creates and appends may have made sessions that nobody saw, by key. */
  private readonly unseen = new Map<string, Span[]>();

  constructor(issued: readonly Issued[], log: Log, faults: boolean) {
    this.log = log;
    for (const { call, attempts, answered, start, open } of ofKind(issued, "delete")) {
      const key = keyText(call.request.key);
      const of = this.removals.get(key) ?? [];
      this.removals.set(key, of);
      const uid = call.request.sessionUid;
      const [first] = answered;
      if (first === undefined && !open) continue;
      const removed = first?.answer === true;
      of.push({
        uid,
        start,
        end: first?.end ?? Number.POSITIVE_INFINITY,
        answered: first !== undefined,
        removed: removed || open,
        least: removed ? 1 : 0,
        most: open ? attempts.length : removed ? 1 : 0,
      });
    }
    for (const { call, start, open } of ofKind(issued, "create")) {
      if (open) this.hide(keyText(call.request.key), { start, end: Number.POSITIVE_INFINITY });
    }
    for (const { call, start, open, answered } of ofKind(issued, "append")) {
      // Under faults a server sends an append again: into a session that it makes anew, if the one that it had made was
      // deleted in between.
      if (!call.request.createSession || !(open || faults)) continue;
      const key = keyText(call.request.key);
      const end = open ? Number.POSITIVE_INFINITY : (answered[0]?.end ?? Number.NEGATIVE_INFINITY);
      this.hide(key, { start, end });
    }
  }

  /** Whether a life had begun before and lasted beyond these ticks for sure. */
  surelyThere(life: Incarnation, start: number, end: number): boolean {
    if (life.end >= start) return false;
    return !this.removalsOf(life).some(
      (removal) => removal.removed && removal.start < end && removal.end > life.start,
    );
  }

  /** Whether a life had ended before this tick for sure. */
  surelyGone(life: Incarnation, at: number): boolean {
    return (
      this.removalsOf(life).some(
        (removal) => removal.answered && removal.start > life.end && removal.end < at,
      ) || this.log.of(life.key).some((later) => later.start > life.end && later.end < at)
    );
  }

  /** A life of the key that was there all the time. */
  throughout(key: string, start: number, end: number): Incarnation | undefined {
    return this.log.of(key).find((life) => this.surelyThere(life, start, end));
  }

  /** Whether no session had the key at any time between. */
  surelyAbsent(key: string, start: number, end: number): boolean {
    if (this.mayHideOne(key, start, end)) return false;
    return this.log.of(key).every((life) => life.start > end || this.surelyGone(life, start));
  }

  /** Whether anybody may have tried to delete a session of the key before this tick. */
  mayBeDeleted(key: string, before: number): boolean {
    return (this.removals.get(key) ?? []).some(({ start }) => start < before);
  }

  /** Every life but the last was ended by a delete of its own, and no delete ended two. */
  checkCounts(key: string, thereAtTheEnd: boolean, report: Report): void {
    const lives = this.log.of(key).length;
    const ended = lives - (thereAtTheEnd ? 1 : 0);
    const removals = this.removals.get(key) ?? [];
    const most = removals.reduce((total, removal) => total + removal.most, 0);
    if (most < ended) report(`${key}: ${ended} sessions ended, and ${most} deletes did it`);
    // One that nobody saw may have been what a delete removed.
    const known = removals.filter(({ start, end }) => !this.mayHideOne(key, start, end));
    const least = known.reduce((total, removal) => total + removal.least, 0);
    if (least > ended) report(`${key}: ${least} deletes removed a session, and ${ended} ended`);
  }

  /** Whether a session that nobody saw may have had the key at some time between. */
  mayHideOne(key: string, start: number, end: number): boolean {
    return (this.unseen.get(key) ?? []).some((each) => each.start < end && each.end > start);
  }

  private hide(key: string, span: Span): void {
    this.unseen.set(key, [...(this.unseen.get(key) ?? []), span]);
  }

  private removalsOf(life: Incarnation): Removal[] {
    const of = this.removals.get(life.key) ?? [];
    return of.filter(({ uid }) => uid === "" || uid === life.uid);
  }
}
