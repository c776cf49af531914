/** Refusals: each must have been true at some moment of its call, and answers to calls on a session, too. */
import { type Answers, type Attempt, isUnknown, requestIdOf } from "../calls.ts";
import { eventText, keyText } from "../texts.ts";
import type { Existence } from "./existence.ts";
import type { Issued } from "./issued.ts";
import { ofKind } from "./issued.ts";
import { type Log, openedOf } from "./log.ts";
import type { Report } from "./report.ts";

/** What a call may fail with under faults, each with its code: the client must retry, and is told when (I7). */
const UNDER_FAULTS: ReadonlyMap<string, string> = new Map([
  ["STORE_UNAVAILABLE", "UNAVAILABLE"],
  ["STORE_READ_ONLY", "UNAVAILABLE"],
  ["SERVER_BUSY", "RESOURCE_EXHAUSTED"],
  ["SHUTTING_DOWN", "UNAVAILABLE"],
  ["CONTENTION", "ABORTED"],
]);
/** How long to wait after it is the client's own affair. */
const DEADLINE = "DEADLINE_EXCEEDED";
/** Without ErrorInfo: the connection to the server broke, or the client's own deadline passed. */
const CODES_UNDER_FAULTS = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED"]);

/** Checks refusals and answers against what existed. */
export function checkRefusals(
  issued: readonly Issued[],
  log: Log,
  existence: Existence,
  faults: boolean,
  report: Report,
): void {
  for (const each of issued) {
    for (const attempt of each.attempts) {
      const { outcome, call } = attempt;
      if (outcome.ok) continue;
      const what = `${call.kind} ${requestIdOf(call)} of ${keyText(call.request.key)}`;
      const complain = (text: string) =>
        report(`${what} failed with ${outcome.reason}: ${text} ${JSON.stringify(outcome.facts)}`);
      if (isUnknown(outcome)) {
        const cancelled = outcome.code === "CANCELLED";
        const expected =
          faults &&
          (UNDER_FAULTS.has(outcome.reason) ||
            outcome.reason === DEADLINE ||
            (outcome.reason === "" && CODES_UNDER_FAULTS.has(outcome.code)));
        if (!cancelled && !expected) complain(`${outcome.code} ${outcome.message}`);
        const code = UNDER_FAULTS.get(outcome.reason);
        if (code !== undefined && (outcome.code !== code || outcome.retryMs === undefined))
          complain(`${outcome.code} with a retry after ${outcome.retryMs} (I7)`);
        continue;
      }
      checkRefusal(each, attempt, issued, log, existence, complain);
    }
  }
}

/** Checks that no answer is of a session that was gone before it was asked for. */
export function checkAnswersExist(
  issued: readonly Issued[],
  log: Log,
  existence: Existence,
  report: Report,
): void {
  for (const { call, answered, start } of issued) {
    const key = keyText(call.request.key);
    if (call.kind === "delete") {
      const [first] = answered;
      if (first === undefined) continue;
      const { sessionUid } = call.request;
      const there = existence.throughout(key, start, first.end);
      // Its own removal counts against a session that was there all the time, so this can only be another's.
      if (first.answer === false && there !== undefined && (sessionUid === "" || sessionUid === there.uid))
        report(`a delete of ${there.name} found nothing`);
      if (first.answer === true && existence.surelyAbsent(key, start, first.end))
        report(`a delete removed a session of ${key} where none was`);
      continue;
    }
    const uid = (answer: Answers[keyof Answers]): string | undefined => {
      if (call.kind === "get") return (answer as Answers["get"]).uid;
      if (call.kind === "append") return (answer as Answers["append"]).uid;
      if (call.kind === "listEvents") return (answer as Answers["listEvents"]).uid;
      if (call.kind === "stream") return openedOf(answer as Answers["stream"])?.uid;
      return undefined;
    };
    for (const { answer, start: asked } of answered) {
      const life = log.of(key).find((known) => known.uid === uid(answer));
      if (life !== undefined && existence.surelyGone(life, asked))
        report(`${call.kind} was answered from ${life.name}, which was gone before`);
    }
  }
}

/** Checks that an append landed only where its expectation held. */
export function checkExpectations(issued: readonly Issued[], report: Report): void {
  const senders = new Map<string, number>();
  const place = (key: string, id: string) => JSON.stringify([key, id]);
  for (const { call } of ofKind(issued, "append"))
    for (const { id } of call.request.events) {
      const at = place(keyText(call.request.key), id);
      senders.set(at, (senders.get(at) ?? 0) + 1);
    }
  for (const { call, answered } of issued) {
    if (call.kind !== "append" && call.kind !== "update") continue;
    const { sessionUid, expectedRevision } = call.request;
    if (sessionUid === "") continue;
    for (const { answer } of answered) {
      const uid = (answer as { uid: string }).uid;
      if (uid !== sessionUid) report(`${call.kind} landed in ${uid} and expected ${sessionUid} (I3)`);
      const revision =
        call.kind === "update"
          ? (answer as Answers["update"]).revision
          : (answer as Answers["append"]).events[0]?.revision;
      // An event that another call sent too may have landed by that one.
      const others =
        call.kind === "append" &&
        call.request.events.some(({ id }) => (senders.get(place(keyText(call.request.key), id)) ?? 0) > 1);
      if (expectedRevision !== undefined && !others && revision !== expectedRevision + 1n)
        report(`${call.kind} expected revision ${expectedRevision} and made ${revision} (I3)`);
    }
  }
}

function checkRefusal(
  issued: Issued,
  attempt: Attempt,
  all: readonly Issued[],
  log: Log,
  existence: Existence,
  complain: (text: string) => void,
): void {
  const { call, outcome, start, end } = attempt;
  if (outcome.ok) return;
  const { facts } = outcome;
  const key = keyText(call.request.key);
  const lives = log.of(key).filter((life) => life.start < end && !existence.surelyGone(life, start));
  const there = existence.throughout(key, start, end);
  switch (outcome.reason) {
    case "SESSION_NOT_FOUND":
      if (there !== undefined) complain(`${there.name} was there all the time`);
      return;
    case "SESSION_ALREADY_EXISTS":
      if (existence.surelyAbsent(key, start, end)) complain("there was none");
      return;
    case "STALE_SESSION": {
      const life = log.of(key).find(({ uid }) => uid === facts["actual_uid"]);
      const { sessionUid = "", expectedRevision } = call.request as {
        sessionUid?: string;
        expectedRevision?: bigint;
      };
      const revision = Number(facts["actual_revision"]);
      if (facts["actual_uid"] === sessionUid && expectedRevision === BigInt(revision))
        complain("it was fresh");
      if (sessionUid === "") complain("nothing was expected");
      const folded = life?.after(revision);
      if (folded !== undefined && String(folded.headSeq) !== facts["head_seq"])
        complain(`the head was ${folded.headSeq}`);
      return;
    }
    case "EVENT_ID_CONFLICT":
    case "BATCH_PARTLY_STORED": {
      if (call.kind !== "append") {
        complain("it is no append");
        return;
      }
      const event = call.request.events.find(({ id }) => id === facts["event_id"]);
      if (event === undefined) {
        complain("no such event was sent");
        return;
      }
      const same = (identity: string) => identity.endsWith(eventText(event));
      const untold = ofKind(all, "append").some(
        (other) =>
          other.open &&
          other.start < end &&
          keyText(other.call.request.key) === key &&
          other.call.request.events.some(({ id }) => id === event.id),
      );
      const fits = lives.some((life) => {
        const found = life.eventOf(event.id);
        // What was given up may be stored, and so may what nobody ever saw of a deleted session.
        if (found === undefined)
          return untold || life.after(1) === undefined || !existence.throughout(key, start, end);
        return (
          String(found.event?.seq) === facts["seq"] &&
          same(found.identity) === (outcome.reason === "BATCH_PARTLY_STORED")
        );
      });
      const hidden = existence.mayHideOne(key, start, end);
      if (!fits && !hidden) complain(`no session had it so: ${lives.map(({ uid }) => uid)}`);
      return;
    }
    case "REQUEST_ID_CONFLICT": {
      const id = requestIdOf(call);
      const others = all.some(
        (other) => other !== issued && requestIdOf(other.call) === id && other.start < end,
      );
      if (id === "" || !others) complain("nothing else had the request id");
      return;
    }
    case "SESSION_RECREATED": {
      const expected = call.kind === "stream" ? call.resumes?.uid : undefined;
      if (there !== undefined && (expected === undefined || there.uid === expected))
        complain(`${there.name} was there all the time`);
      return;
    }
    case "SEQ_BEYOND_HEAD":
      if (there !== undefined && call.kind === "get" && call.request.asOfSeq === undefined)
        complain("no seq was asked for");
      return;
    default:
      complain("it is not expected");
  }
}
