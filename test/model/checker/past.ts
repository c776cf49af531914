/** The state as it was after an event (`as_of_seq`). */
import { mapText } from "../texts.ts";
import { type Issued, ofKind } from "./issued.ts";
import type { Log } from "./log.ts";
import type { Report } from "./report.ts";

/** Checks that each was the own state at some revision after the event and before the next one. */
export function checkPast(issued: readonly Issued[], log: Log, report: Report): void {
  for (const { call, answered } of ofKind(issued, "get")) {
    const { asOfSeq } = call.request;
    if (asOfSeq === undefined) continue;
    for (const { answer, end } of answered) {
      const life = log.life(answer.key, answer.uid, end);
      const seq = Number(asOfSeq);
      const first = seq === 0 ? 1 : life.at(seq)?.revision;
      if (first === undefined) continue;
      // Where the event was the newest, changes that came while it was read may count.
      const least = seq === Number(answer.headSeq) ? Number(answer.revision) : undefined;
      const next = life.at(seq + 1)?.revision ?? Math.max(...life.changes.keys()) + 1;
      const from = least ?? next - 1;
      const expected: string[] = [];
      for (let revision = Math.max(first, from); revision < next; revision++) {
        const folded = life.after(revision);
        if (folded === undefined) return;
        expected.push(mapText(folded.own));
      }
      const state = mapText(answer.state);
      if (!expected.includes(state))
        report(`${life.name} as of ${seq} had the state ${state}, and should have ${expected}`);
    }
  }
}
