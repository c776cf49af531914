/**
 * Checks what clients saw against the promises I1 to I5. Where clients wrote at once, the revisions and seqs that they
 * were told say in which order their writes took effect; nothing else is assumed about it.
 */
import { type Answers, type Call, type History, isUnknown } from "../calls.ts";
import { keyText } from "../texts.ts";
import { checkHistories } from "./events.ts";
import { Existence } from "./existence.ts";
import { checkAnswersExist, checkExpectations, checkRefusals } from "./failures.ts";
import { type Issued, issuedCalls, ofKind } from "./issued.ts";
import { checkLists } from "./lists.ts";
import { Log } from "./log.ts";
import { checkOrder } from "./order.ts";
import { checkPast } from "./past.ts";
import type { Report } from "./report.ts";
import { checkObservations, checkRepeatedAnswers, observationsOf } from "./sessions.ts";
import { checkSharedState } from "./shared-state.ts";

/** What is wrong with a history; empty if it is as promised. It ends with the reads of `finalReads`. */
export function violationsOf(history: History): string[] {
  const { faults } = history;
  const violations = new Set<string>();
  const report: Report = (violation) => void violations.add(violation);
  const issued = issuedCalls(history);
  const log = new Log(issued, report);
  const existence = new Existence(issued, log, faults);
  const observations = observationsOf(issued, existence, faults);
  checkObservations(observations, log, report);
  checkRepeatedAnswers(issued, existence, report);
  checkHistories(issued, report);
  checkOrder(issued, observations, log, report);
  checkExpectations(issued, report);
  checkSharedState(issued, observations, log, report);
  checkPast(issued, log, report);
  checkLists(issued, log, existence, report);
  checkRefusals(issued, log, existence, faults, report);
  checkAnswersExist(issued, log, existence, report);
  checkEnd(issued, log, existence, report);
  return [...violations];
}

/** How many revisions a call makes at most. */
function changesOf(call: Call): number {
  if (call.kind === "append") return call.request.events.length + Number(call.request.createSession);
  return call.kind === "create" || call.kind === "update" ? 1 : 0;
}

/** What is there at the end is complete: every revision of it is somebody's change, every acknowledged one is in it. */
function checkEnd(issued: readonly Issued[], log: Log, existence: Existence, report: Report): void {
  for (const { call, attempts } of issued) {
    const last = attempts.at(-1)?.outcome;
    const marked = "requestId" in call.request && call.request.requestId !== "";
    if (marked && last !== undefined && isUnknown(last))
      report(`${call.kind} ${keyText(call.request.key)} was never answered: ${JSON.stringify(last)}`);
  }
  const finals = new Map<string, { readonly answer: Answers["get"] | undefined; readonly start: number }>();
  for (const { call, attempts } of ofKind(issued, "get")) {
    const last = attempts.at(-1);
    if (last === undefined || isUnknown(last.outcome)) continue;
    const answer = last.outcome.ok ? (last.outcome.answer as Answers["get"]) : undefined;
    finals.set(keyText(call.request.key), { answer, start: last.start });
  }
  for (const [key, { answer: final, start }] of finals) {
    // An append that was given up may make one after the last look, and another of the last reads see it.
    const madeAfter = log.of(key).some(({ end }) => end > start);
    existence.checkCounts(key, final !== undefined || madeAfter, report);
    if (final === undefined) continue;
    const life = log.life(final.key, final.uid, Number.POSITIVE_INFINITY);
    const last = Number(final.revision);
    // What was given up may have made some, and nobody be told which.
    const untold = issued.reduce(
      (sum, { call, open }) => sum + (open && keyText(call.request.key) === key ? changesOf(call) : 0),
      0,
    );
    const missing = Array.from({ length: last }, (_, at) => at + 1).filter(
      (revision) => !life.changes.has(revision),
    );
    if (missing.length > untold) {
      for (const revision of missing)
        report(`${life.name}: nobody made revision ${revision} of ${last} (I3)`);
    }
    for (const { revision, identity, end } of life.changes.values()) {
      // What was given up may land while the last reads run.
      if (revision > last && end < start)
        report(`${life.name} ends at revision ${last}; lost: ${identity} at ${revision}`);
    }
  }
}
