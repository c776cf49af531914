/**
 * A session's history and then its live tail. A pull-driven generator: it reads when the
 * reader has taken what came before, and holds no connection while it waits.
 */
import type { Limits } from "../config/limits.ts";
import { type HistoryFrame, type HistoryStore, type Place, readHistory } from "../reads/event-stream.ts";
import type { HistoryRequest } from "../reads/history-start.ts";
import { RpcError } from "../rpc/errors.ts";
import { StoreError } from "../store/errors.ts";
import type { EndingReason, StreamCall } from "./live-streams.ts";
import { type GoneReason, placeOf, type TailPlace } from "./step.ts";
import type { Follower, Tails } from "./tails.ts";

/** Why a stream is closed; the names are the contract's. */
export type ClosingReason = GoneReason | EndingReason;

/** What a stream that follows consists of. */
export type TailFrame =
  | HistoryFrame
  | (Place & ({ readonly kind: "heartbeat" } | { readonly kind: "closing"; readonly reason: ClosingReason }));

/** What follows need. */
export interface FollowParts {
  readonly tails: Tails;
  readonly store: HistoryStore;
  readonly limits: Limits;
}

/**
 * The frames of a stream that follows. It ends after `closing`, never before.
 * @throws RpcError SERVER_BUSY, and until the first frame as `readHistory`; StoreError
 */
export async function* followSession(
  parts: FollowParts,
  request: HistoryRequest,
  heartbeatMs: number,
  call: StreamCall,
): AsyncGenerator<TailFrame, void, undefined> {
  const follower = parts.tails.follow(request.key, call, heartbeatMs);
  const { observer } = parts.tails;
  try {
    for await (const frame of framesOf(parts, request, follower, call)) {
      observer.frame(frame.kind);
      if (frame.kind === "closing") observer.closed(frame.reason);
      yield frame;
      follower.stream.sent();
    }
  } finally {
    follower.leave();
  }
}

async function* framesOf(
  { tails, store, limits }: FollowParts,
  request: HistoryRequest,
  follower: Follower,
  { signal }: StreamCall,
): AsyncGenerator<TailFrame, void, undefined> {
  const { stream } = follower;
  const history = readHistory(store, request, limits, signal);
  let last: HistoryFrame | undefined;
  try {
    let next = await tails.opening.run(() => history.next(), signal);
    for (; next.done !== true; next = await history.next()) {
      last = next.value;
      yield last;
      if (stream.ending !== undefined && last.kind !== "caughtUp") {
        yield closing(stream.ending, last);
        return;
      }
    }
  } catch (error) {
    const reason = goneReason(error);
    if (last === undefined || reason === undefined) throw error;
    yield closing(reason, last);
    return;
  } finally {
    await history.return();
  }
  if (last === undefined) return;
  const { uid, seq, revision } = last.resume;
  yield* tailFrames(follower, { uid, seq, resumeSeq: seq, revision });
}

/** What comes after the history, to the end of the stream. */
async function* tailFrames(
  { session, stream }: Follower,
  start: TailPlace,
): AsyncGenerator<TailFrame, void, undefined> {
  let place = start;
  let asOf = session.joined(place);
  let busy = false;
  while (stream.ending === undefined) {
    if (asOf === session.news) {
      if ((await stream.wait()) === "silent") {
        yield { kind: "heartbeat", ...placeOf(place) };
        if (busy) asOf = undefined;
      }
      continue;
    }
    const { news } = session;
    const step = await session.step(place).catch(unlessBusy);
    busy = step === undefined;
    if (step === undefined) {
      // It reads at the next news, or after its heartbeat: to end now would make it come back and read more.
      asOf = news;
      continue;
    }
    for (const frame of step.frames) {
      yield frame;
      if (stream.ending !== undefined) {
        yield closing(stream.ending, frame);
        return;
      }
    }
    if (step.gone !== undefined) {
      yield closing(step.gone, placeOf(place));
      return;
    }
    place = step.place;
    asOf = step.atHead ? step.asOf : undefined;
  }
  yield closing(stream.ending, placeOf(place));
}

function closing(reason: ClosingReason, { seq, resume }: Place): TailFrame {
  return { kind: "closing", reason, seq, resume };
}

/** Lets a read be missing for which the database had no time. */
function unlessBusy(error: unknown): undefined {
  if (!(error instanceof StoreError) || error.reason !== "SERVER_BUSY") throw error;
}

/** Whether a history failed because its session is no longer the one that it opened with. */
function goneReason(error: unknown): GoneReason | undefined {
  if (!(error instanceof RpcError) && !(error instanceof StoreError)) return undefined;
  if (error.reason === "SESSION_NOT_FOUND") return "SESSION_DELETED";
  return error.reason === "SESSION_RECREATED" ? "SESSION_RECREATED" : undefined;
}
