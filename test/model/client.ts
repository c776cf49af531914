/** One client of a history: sends calls to real servers, repeats those whose end it does not know, records it all. */

import { setTimeout as pause } from "node:timers/promises";
import { ConnectError } from "@connectrpc/connect";
import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import type { Session } from "../../gen/ts/sessiond/v1/session_pb.ts";
import { type Api, present, toFailure } from "../api/harness.ts";
import type { Random } from "../store/random.ts";
import {
  type Answers,
  type Attempt,
  type Call,
  type CallKind,
  isUnknown,
  type Outcome,
  requestIdOf,
  toOutcome,
} from "./calls.ts";
import type { Generator } from "./generate.ts";
import { type AppendCall, appendTogether, toSingle } from "./together.ts";

/** How long a call may go unanswered, and how long a client repeats one, in milliseconds. */
const CALL_LIMIT = 10_000;
const RECOVERY_LIMIT = 60_000;

/** What is recorded, and where calls go. */
export interface Recorder {
  readonly attempts: Attempt[];
  /** The clock of the history. */
  tick(): number;
  /** A connected client of one of the servers that run now. */
  api(random: Random): Api;
}

/** Sends one call once. */
export async function attempt(
  recorder: Recorder,
  random: Random,
  client: number,
  call: Call,
  signal?: AbortSignal,
): Promise<Attempt> {
  const api = recorder.api(random);
  const start = recorder.tick();
  const outcome = await send(api, call, signal);
  const recorded = { client, call, start, end: recorder.tick(), outcome };
  recorder.attempts.push(recorded);
  return recorded;
}

/** Sends appends once, in one call that carries them all. */
async function attemptTogether(
  recorder: Recorder,
  random: Random,
  client: number,
  calls: readonly AppendCall[],
  signal: AbortSignal,
): Promise<Attempt[]> {
  const api = recorder.api(random);
  const known = new Set(recorder.attempts.map(({ call }) => call));
  const started = calls.map((call) => ({ client, call, start: recorder.tick() }));
  const outcomes = await appendTogether(api, random, calls, (call) => !known.has(call), {
    timeoutMs: CALL_LIMIT,
    signal,
  }).catch((error) => calls.map(() => failed(error)));
  const recorded = started.map((each, at) => ({
    ...each,
    end: recorder.tick(),
    outcome: outcomes[at] as Outcome,
  }));
  recorder.attempts.push(...recorded);
  return recorded;
}

/** Makes calls while `more` says so. Some writes lose their answer, and are repeated or given up. */
export async function runClient(
  recorder: Recorder,
  random: Random,
  client: number,
  generator: Generator,
  more: () => boolean,
): Promise<void> {
  while (more()) {
    const call = generator.next();
    // A caller that goes away: what it asked for may happen, now, later or never.
    const leaves = random.below(100) < 5;
    const controller = new AbortController();
    const timer = leaves ? setTimeout(() => controller.abort(), random.below(6)) : undefined;
    const attempts =
      call.kind === "append" && call.single && random.below(4) === 0
        ? await attemptTogether(recorder, random, client, generator.withOthers(call), controller.signal)
        : [await attempt(recorder, random, client, call, controller.signal)];
    clearTimeout(timer);
    for (const each of attempts) {
      const givesUp = requestIdOf(each.call) === "" && random.below(3) === 0;
      const again = isUnknown(each.outcome) && !givesUp;
      generator.learn(again ? await resolve(recorder, random, client, each.call) : each);
    }
  }
}

/** Repeats a call until it is known how it ended, or for as long as a recovery may take. */
export async function resolve(
  recorder: Recorder,
  random: Random,
  client: number,
  call: Call,
): Promise<Attempt> {
  const until = performance.now() + RECOVERY_LIMIT;
  for (let longest = 10; ; longest = Math.min(400, longest * 2)) {
    const last = await attempt(recorder, random, client, call);
    if (!isUnknown(last.outcome) || performance.now() > until) return last;
    // The backoff of a client's retry policy.
    await pause(random.below(longest));
  }
}

async function send(api: Api, call: Call, signal: AbortSignal | undefined): Promise<Outcome> {
  const options = { timeoutMs: CALL_LIMIT, ...(signal && { signal }) };
  try {
    return { ok: true, answer: await answerOf(api, call, options) };
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): Outcome {
  if (!(error instanceof ConnectError)) throw error;
  return toOutcome(toFailure(error));
}

type CallOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal };

async function answerOf(api: Api, call: Call, options: CallOptions): Promise<Answers[CallKind]> {
  switch (call.kind) {
    case "create":
      return present((await api.createSession(call.request, options)).session);
    case "append": {
      if (!call.single) {
        const { events, sessionUid: uid } = await api.batchAppendEvents(call.request, options);
        return { uid, events };
      }
      const { event, sessionUid: uid } = await api.appendEvent(toSingle(call.request), options);
      return { uid, events: event === undefined ? [] : [event] };
    }
    case "update":
      return present((await api.updateSession(call.request, options)).session);
    case "delete":
      return (await api.deleteSession(call.request, options)).deleted;
    case "setShared": {
      const { $typeName: _, ...request } = call.request;
      await (call.scope === "user"
        ? api.updateUserState(request, options)
        : api.updateAppState(request, options));
      return true;
    }
    case "get":
      return present((await api.getSession(call.request, options)).session);
    case "getShared": {
      const { $typeName: _, ...request } = call.request;
      const answer = await (call.scope === "user"
        ? api.getUserState(request, options)
        : api.getAppState(request, options));
      return answer.state;
    }
    case "listSessions": {
      const sessions: Session[] = [];
      for (let pageToken = ""; ; ) {
        const page = await api.listSessions({ ...call.request, pageToken }, options);
        sessions.push(...page.sessions);
        if (page.nextPageToken === "") return sessions;
        pageToken = page.nextPageToken;
      }
    }
    case "listEvents": {
      const events: Event[] = [];
      let firstHead: number | undefined;
      for (let pageToken = ""; ; ) {
        const page = await api.listEvents({ ...call.request, pageToken }, options);
        events.push(...page.events);
        const lastHead = Number(page.headSeq);
        firstHead ??= lastHead;
        if (page.nextPageToken === "") return { uid: page.sessionUid, events, firstHead, lastHead };
        pageToken = page.nextPageToken;
      }
    }
    case "stream": {
      const frames: Answers["stream"][number][] = [];
      for await (const frame of api.streamEvents(call.request, options)) frames.push(frame);
      return frames;
    }
  }
}
