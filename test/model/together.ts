/** Appends of several calls of a client in one AppendToSessions, each of which ends for itself. */
import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { expect } from "vitest";
import { StatusSchema } from "../../gen/ts/google/rpc/status_pb.ts";
import { ErrorReason } from "../../gen/ts/sessiond/v1/error_pb.ts";
import type {
  AppendEventRequestSchema,
  AppendOutcome,
  BatchAppendEventsRequest,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type Api, present, toFailure } from "../api/harness.ts";
import type { Random } from "../store/random.ts";
import { type Answers, type Call, isUnknown, type Outcome, toOutcome } from "./calls.ts";
import { keyText } from "./texts.ts";

export type AppendCall = Extract<Call, { kind: "append" }>;

/** The request of an append of one event. */
export function toSingle({
  $typeName: _,
  events,
  ...request
}: BatchAppendEventsRequest): MessageInitShape<typeof AppendEventRequestSchema> {
  return { ...request, ...(events[0] && { event: events[0] }) };
}

/**
 * Makes appends of one event in one call, some of them twice there, and gives each one's outcome.
 * `isNew` says of an append that no call had it before.
 * @throws the error of the call itself
 */
export async function appendTogether(
  api: Api,
  random: Random,
  calls: readonly AppendCall[],
  isNew: (call: AppendCall) => boolean,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Outcome[]> {
  const sent = calls.flatMap((call) => (random.below(4) === 0 ? [call, call] : [call]));
  const appends = sent.map(({ request }) => toSingle(request));
  const { outcomes } = await api.appendToSessions({ appends }, options);
  expect(outcomes).toHaveLength(sent.length);
  checkSeqs(sent, outcomes, isNew);
  return calls.map((call) => endOf(outcomes.filter((_, at) => sent[at] === call)));
}

/** How an append ended that was made once or twice: where either may have happened, only a retry tells. */
function endOf(outcomes: readonly AppendOutcome[]): Outcome {
  const ends = outcomes.map(toEnd);
  const [first, second] = ends.filter(({ ok }) => ok);
  // The second is a retry of the first, unless the session was deleted in between and made anew.
  if (first?.ok && second?.ok && uidOf(first) === uidOf(second)) expect(second).toEqual(first);
  return first ?? ends.find(isUnknown) ?? present(ends[0]);
}

function uidOf({ answer }: Extract<Outcome, { ok: true }>): string {
  return (answer as Answers["append"]).uid;
}

function toEnd({ outcome }: AppendOutcome): Outcome {
  if (outcome.case === "appended") {
    const { event, sessionUid: uid } = outcome.value;
    const answer: Answers["append"] = { uid, events: event === undefined ? [] : [event] };
    return { ok: true, answer };
  }
  const { code, reason, message, status } = present(outcome.value);
  const error = new ConnectError(message, code);
  error.details = fromBinary(StatusSchema, status).details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
  const told = toFailure(error);
  expect(ErrorReason[told.reason as keyof typeof ErrorReason]).toBe(reason);
  return toOutcome(told);
}

/**
 * Appends of one session are made in the order of the call. A server that lost the answer to a commit makes them again:
 * one that was refused at first may then come behind those that were not. So none may have been refused for what others
 * of the call did: for a revision, or in a session that another one made.
 */
function checkSeqs(
  sent: readonly AppendCall[],
  outcomes: readonly AppendOutcome[],
  isNew: (call: AppendCall) => boolean,
): void {
  const heads = new Map<string, bigint>();
  const made = new Set(sent.flatMap(({ request }) => (request.createSession ? [keyText(request.key)] : [])));
  for (const [at, { outcome }] of outcomes.entries()) {
    const call = sent[at] as AppendCall;
    if (outcome.case !== "appended" || !isNew(call) || sent.indexOf(call) < at) continue;
    if (call.request.sessionUid !== "" || made.has(keyText(call.request.key))) continue;
    const { event, sessionUid } = outcome.value;
    const session = JSON.stringify([keyText(call.request.key), sessionUid]);
    const seq = present(event).seq;
    expect(seq).toBeGreaterThan(heads.get(session) ?? 0n);
    heads.set(session, seq);
  }
}
