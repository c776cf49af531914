/** Writers of one session, whose answers and a last read are the truth that tails are held to. */
import { randomUUID } from "node:crypto";
import { ConnectError } from "@connectrpc/connect";
import { type Api, type Key, newEvent, toFailure } from "../api/harness.ts";
import type { Random } from "../store/random.ts";
import { changeText, type SeenEvent, type Truth } from "./log.ts";
import { seenEvent } from "./tail.ts";

/** What writers know of the session by their answers. */
export interface Written {
  readonly appendEnds: Set<number>;
  readonly changes: Map<number, { readonly afterSeq: number; readonly text: string }>;
}

export function nothingWritten(): Written {
  return { appendEnds: new Set(), changes: new Map() };
}

/**
 * Makes so many random changes of a session, with events that `event` makes; a call whose answer was lost is made again
 * until it has one.
 */
export async function write(
  api: () => Api,
  key: Key,
  random: Random,
  calls: number,
  written: Written,
  event = someEvent,
): Promise<void> {
  for (let call = 0; call < calls; call++) {
    const kind = random.below(10);
    const events = Array.from({ length: kind < 5 ? 1 : 2 + random.below(6) }, () => event(random));
    if (kind < 7) await append(api, key, events, written);
    else if (kind < 8) await appendTogether(api, key, events, written);
    else await change(api, key, random, written);
  }
}

/** Now and then one that fills a frame by itself, so that an append goes on in the next frame. */
function someEvent(random: Random) {
  return eventOf(random, random.below(20) === 0 ? 200_000 : random.below(200));
}

/** One that fills a frame by itself, most of the time. */
export function heavyEvent(random: Random) {
  return eventOf(random, random.below(8) === 0 ? random.below(200) : 150_000 + random.below(100_000));
}

function eventOf(random: Random, length: number) {
  const text = "x".repeat(length);
  const stateDelta = random.below(3) === 0 ? { [`k${random.below(5)}`]: String(random.below(100)) } : {};
  return newEvent({ id: randomUUID(), content: JSON.stringify({ parts: [{ text }] }), stateDelta });
}

async function append(
  api: () => Api,
  key: Key,
  events: ReturnType<typeof newEvent>[],
  written: Written,
): Promise<void> {
  const answer = await untilAnswered(() => api().batchAppendEvents({ key, events }));
  const last = answer.events.at(-1);
  if (last !== undefined) written.appendEnds.add(Number(last.seq));
}

/** Events in one call and most often in one commit, each an append of its own. */
async function appendTogether(
  api: () => Api,
  key: Key,
  events: ReturnType<typeof newEvent>[],
  written: Written,
): Promise<void> {
  const appends = events.map((event) => ({ key, event }));
  const { outcomes } = await untilAnswered(() => api().appendToSessions({ appends }));
  for (const [at, { outcome }] of outcomes.entries()) {
    // Alone it is answered as it was, or tried again.
    if (outcome.case !== "appended") await append(api, key, events.slice(at, at + 1), written);
    else written.appendEnds.add(Number(outcome.value.event?.seq));
  }
}

async function change(api: () => Api, key: Key, random: Random, written: Written): Promise<void> {
  const requestId = randomUUID();
  const stateDelta = { [`c${random.below(5)}`]: String(random.below(1_000)) };
  const removedStateKeys = random.below(3) === 0 ? [`k${random.below(5)}`] : [];
  const { session } = await untilAnswered(() =>
    api().updateSession({ key, requestId, stateDelta, removedStateKeys, omitState: true }),
  );
  if (session === undefined) throw new Error("the answer has no session");
  const text = changeText({ stateDelta, removedStateKeys, stateReplaced: false });
  written.changes.set(Number(session.revision), { afterSeq: Number(session.headSeq), text });
}

const again: readonly string[] = ["UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED"];

/** Makes a call again while its answer is lost: what no server gave a reason for, clients have many codes for. */
export async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const { code, reason } = toFailure(ConnectError.from(error));
      if (reason !== "" && !again.includes(code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** The session as it is now, once nobody writes any more. */
export async function readTruth(api: () => Api, key: Key, written: Written): Promise<Truth> {
  const { session } = await untilAnswered(() => api().getSession({ key, omitState: true }));
  if (session === undefined) throw new Error("the answer has no session");
  const events = new Map<number, SeenEvent>();
  let pageToken = "";
  do {
    const page = await untilAnswered(() => api().listEvents({ key, pageSize: 1_000, pageToken }));
    for (const one of page.events) events.set(Number(one.seq), seenEvent(one));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return {
    uid: session.uid,
    headSeq: Number(session.headSeq),
    revision: Number(session.revision),
    events,
    ...written,
  };
}
