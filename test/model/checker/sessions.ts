/** Sessions as they were read: each is what its changes add up to, and none is older than what was known. */
import { equals } from "@bufbuild/protobuf";
import { type Session, SessionSchema } from "../../../gen/ts/sessiond/v1/session_pb.ts";
import { type Answers, requestIdOf } from "../calls.ts";
import { keyText, mapText } from "../texts.ts";
import type { Existence } from "./existence.ts";
import { type Incarnation, isOwn } from "./incarnation.ts";
import type { Issued } from "./issued.ts";
import { type Log, openedOf } from "./log.ts";
import type { Report } from "./report.ts";

/** A session as one answer had it, at some moment between two ticks. */
export interface Observation {
  readonly session: Session;
  readonly start: number;
  readonly end: number;
  /** Whether the answer has the merged state. */
  readonly state: boolean;
  readonly what: string;
}

/** All sessions that anybody was given, without the repeated answers of retries and states of the past. */
export function observationsOf(
  issued: readonly Issued[],
  existence: Existence,
  faults: boolean,
): Observation[] {
  return issued.flatMap(({ call, answered, start, attempts }): Observation[] => {
    const what = `${call.kind} ${requestIdOf(call)}`;
    switch (call.kind) {
      case "create":
      case "update": {
        const [first] = answered;
        if (first === undefined) return [];
        const session = first.answer as Session;
        // The state of an answer that is given late is gone where the session is. Under faults a server repeats calls, too.
        const repeated = attempts.length > 1 || (faults && isEmpty(session.state));
        const late = repeated && existence.mayBeDeleted(keyText(session.key), first.end);
        return [{ session, start, end: first.end, state: !late, what }];
      }
      case "get":
        return answered.map((each) => ({
          session: each.answer as Session,
          start: each.start,
          end: each.end,
          state: call.request.asOfSeq === undefined,
          what,
        }));
      case "listSessions":
        return answered.flatMap((each) =>
          (each.answer as Answers["listSessions"]).map((session) => ({
            session,
            start: each.start,
            end: each.end,
            state: call.request.includeState,
            what,
          })),
        );
      case "stream":
        return answered.flatMap((each) => {
          const session = openedOf(each.answer as Answers["stream"]);
          return session === undefined
            ? []
            : [{ session, start: each.start, end: each.end, state: true, what }];
        });
      default:
        return [];
    }
  });
}

/** Checks each against the log, and against the others of its session. */
export function checkObservations(observations: readonly Observation[], log: Log, report: Report): void {
  const times = new Map<string, string>();
  for (const { session, end, state, what } of observations) {
    const life = log.life(session.key, session.uid, end);
    const revision = Number(session.revision);
    checkAgainst(life, session, state, (text) => report(`${what} of ${life.name} at ${revision}: ${text}`));
    for (const [name, text] of [
      [`${life.uid} created`, timeText(session.createTime)],
      [`${life.uid} revision ${revision} updated`, timeText(session.updateTime)],
      [`${life.uid} revision ${revision} bytes`, String(session.eventBytes)],
    ] as const) {
      const before = times.get(name) ?? text;
      if (before !== text) report(`${name} was ${before} and is ${text}`);
      times.set(name, text);
    }
  }
}

/** Repeated answers of one request are the first one. */
export function checkRepeatedAnswers(issued: readonly Issued[], existence: Existence, report: Report): void {
  for (const { call, answered } of issued) {
    if (call.kind !== "create" && call.kind !== "update") continue;
    const [first, ...more] = answered as readonly { answer: Session; end: number }[];
    for (const { answer, end } of more) {
      if (first === undefined || equals(SessionSchema, first.answer, answer)) continue;
      const deleted = existence.mayBeDeleted(keyText(answer.key), end);
      const stateless = { ...first.answer, state: {} };
      if (deleted && equals(SessionSchema, stateless, { ...answer, state: {} }) && isEmpty(answer.state))
        continue;
      report(
        `the retry of ${call.kind} ${requestIdOf(call)} got another answer (I4): ${text(first.answer)}, ${text(answer)}`,
      );
    }
  }
}

function checkAgainst(life: Incarnation, session: Session, state: boolean, report: Report): void {
  const folded = life.after(Number(session.revision));
  if (session.eventCount !== session.headSeq) report(`${session.eventCount} events, head ${session.headSeq}`);
  if (session.firstSeq !== 1n) report(`first seq ${session.firstSeq}`);
  if (folded === undefined) return;
  const expect = (name: string, is: string, should: string) => {
    if (is !== should) report(`${name} is ${is} and should be ${should}`);
  };
  expect("head seq", String(session.headSeq), String(folded.headSeq));
  expect("owner", session.ownerId, folded.ownerId);
  expect("display name", session.displayName, folded.displayName);
  expect("labels", mapText(session.labels), mapText(folded.labels));
  if (state) expect("own state", mapText(ownState(session)), mapText(folded.own));
  const time = folded.lastEventTime;
  const [seconds, nanos] = [Number(session.createTime?.seconds), session.createTime?.nanos ?? 0];
  if (time === undefined)
    expect("last event time", session.lastEventTime.toFixed(6), (seconds + nanos / 1e9).toFixed(6));
  else if (!Object.is(time, session.lastEventTime))
    report(`last event time ${session.lastEventTime}, not ${time}`);
}

/** The session's own keys of a merged state. */
export function ownState(session: Session): Map<string, string> {
  return new Map(Object.entries(session.state).filter(([key]) => isOwn(key)));
}

function isEmpty(state: Readonly<Record<string, string>>): boolean {
  return Object.keys(state).length === 0;
}

function timeText(time: Session["createTime"]): string {
  return `${time?.seconds}.${time?.nanos}`;
}

function text(session: Session): string {
  return JSON.stringify(session, (_key, value) => (typeof value === "bigint" ? String(value) : value));
}
