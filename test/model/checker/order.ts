/** Real time: nobody is shown a revision from before what was already told, or one that nobody had asked for yet. */

import type { Issued } from "./issued.ts";
import { ofKind } from "./issued.ts";
import type { Log } from "./log.ts";
import type { Report } from "./report.ts";
import type { Observation } from "./sessions.ts";

/** By one tick a session had reached a revision or a seq. */
interface Known {
  readonly end: number;
  readonly at: number;
}

/** What was known of a session's progress, and when. */
class Progress {
  private readonly known = new Map<string, Known[]>();

  add(name: string, end: number, at: number): void {
    const of = this.known.get(name) ?? [];
    this.known.set(name, of);
    of.push({ end, at });
  }

  /** The furthest that was known before a tick. */
  before(name: string, start: number): number {
    const earlier = (this.known.get(name) ?? []).filter(({ end }) => end < start);
    return Math.max(0, ...earlier.map(({ at }) => at));
  }
}

/** Checks every answer against what was known when it was asked for. */
export function checkOrder(
  issued: readonly Issued[],
  observations: readonly Observation[],
  log: Log,
  report: Report,
): void {
  const revisions = new Progress();
  const seqs = new Progress();
  for (const life of log.all) {
    for (const { revision, event, end } of life.changes.values()) {
      revisions.add(life.uid, end, revision);
      if (event !== undefined) seqs.add(life.uid, end, event.seq);
    }
  }
  for (const { session, end } of observations) {
    revisions.add(session.uid, end, Number(session.revision));
    seqs.add(session.uid, end, Number(session.headSeq));
  }
  for (const life of log.all) {
    for (const change of life.changes.values()) {
      const before = revisions.before(life.uid, change.start);
      if (before >= change.revision)
        report(
          `${life.name}: ${change.identity} took revision ${change.revision}, ${before} was told before it`,
        );
    }
  }
  for (const { session, start, end, what } of observations) {
    const revision = Number(session.revision);
    const before = revisions.before(session.uid, start);
    if (before > revision)
      report(`${what} saw revision ${revision} of ${session.uid} when ${before} had been told`);
    const change = [...log.all].find(({ uid }) => uid === session.uid)?.changes.get(revision);
    if (change !== undefined && change.start > end)
      report(`${what} saw revision ${revision} of ${session.uid} before it was asked for`);
  }
  for (const { answered } of ofKind(issued, "listEvents")) {
    for (const { answer, start } of answered) {
      const before = seqs.before(answer.uid, start);
      if (before > answer.firstHead)
        report(`a list of events had the head ${answer.firstHead} when ${before} had been told`);
    }
  }
}
