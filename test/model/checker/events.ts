/** Histories as they were read: every seq once, in order, up to the head (I2, I6). */
import { type Issued, ofKind } from "./issued.ts";
import { eventsOf, openedOf } from "./log.ts";
import type { Report } from "./report.ts";

/** Checks walks over pages, and streams from the start and from a cursor. */
export function checkHistories(issued: readonly Issued[], report: Report): void {
  for (const { call, answered } of ofKind(issued, "listEvents")) {
    const { afterSeq, beforeSeq, descending } = call.request;
    const after = Number(afterSeq ?? 0);
    for (const { answer } of answered) {
      const seqs = answer.events.map(({ seq }) => Number(seq));
      const last = beforeSeq === undefined ? Number.POSITIVE_INFINITY : Number(beforeSeq) - 1;
      // Forwards a walk takes in what is appended meanwhile; backwards it begins at the head of its first page.
      const from = Math.min(last, answer.firstHead);
      const to = descending ? from : Math.min(last, answer.lastHead);
      const what = `a list of events after ${after} before ${beforeSeq} ${descending ? "descending" : ""}`;
      checkRun(descending ? seqs.toReversed() : seqs, after, from, to, what, report);
    }
  }
  for (const { call, answered } of ofKind(issued, "stream")) {
    for (const { answer } of answered) {
      const session = openedOf(answer);
      const what = `a stream of ${session?.uid} resumed at ${call.resumes?.seq}`;
      if (session === undefined) {
        report(`${what} did not begin with the session`);
        continue;
      }
      const seqs = eventsOf(answer).map(({ seq }) => Number(seq));
      const head = Number(session.headSeq);
      const after = call.resumes?.seq ?? 0;
      // A frame in the middle of an append resumes at its begin, so a resume may repeat some.
      const repeated = after > 0 && seqs[0] !== undefined && seqs[0] <= after ? seqs[0] - 1 : after;
      checkRun(seqs, repeated, head, head, what, report);
      if (call.resumes !== undefined && call.resumes.uid !== session.uid)
        report(`${what} went on in another session, from ${call.resumes.uid}`);
      if (answer.at(-1)?.frame.case !== "caughtUp") report(`${what} ended before it had caught up`);
      const covered = answer.map(({ seq }) => Number(seq));
      if (covered.some((seq, at) => seq < (covered[at - 1] ?? 0))) report(`${what} went back: ${covered}`);
    }
  }
}

/** Ascending seqs right after `after`, without a gap, to at least `least` and at most `most`. */
function checkRun(
  seqs: readonly number[],
  after: number,
  least: number,
  most: number,
  what: string,
  report: Report,
): void {
  const wrong = seqs.findIndex((seq, at) => seq !== after + at + 1);
  const last = seqs.at(-1) ?? after;
  if (wrong >= 0) report(`${what} has ${seqs[wrong]} in the place of ${after + wrong + 1} (I2): ${seqs}`);
  else if (last < least) report(`${what} ends at ${last}, before ${least}`);
  else if (seqs.length > 0 && last > most) report(`${what} ends at ${last}, after ${most}`);
}
