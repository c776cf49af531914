/** A session's own state as it was after an event: its changes, replayed. */
import type { Limits } from "../config/limits.ts";
import { eventsTrimmed, seqBeyondHead } from "../rpc/errors.ts";
import type { EventDelta, ScopeDelta, SessionChange, SessionRecord, State, Store } from "../store/store.ts";
import { requireSession } from "./one-session.ts";

type ReplayStore = Pick<Store, "getSessionRow" | "listChanges" | "readStateDeltas">;

/**
 * The own state of `session` right after the event of `seq` and the changes without an
 * event that came before the next one.
 * @throws RpcError or StoreError SEQ_BEYOND_HEAD, EVENTS_TRIMMED, SESSION_NOT_FOUND,
 *   SESSION_RECREATED if the session is no longer the same
 */
export async function stateAsOf(
  store: ReplayStore,
  session: SessionRecord,
  seq: number,
  limits: Limits,
  signal: AbortSignal,
): Promise<State> {
  if (seq > session.headSeq) throw seqBeyondHead(seq, session.headSeq);
  // What trimmed events changed is gone with them.
  if (session.firstSeq > 1) throw eventsTrimmed(session.firstSeq);
  const changes = await store.listChanges(session.key, seq, signal);
  // Whatever came before the last replacement left no trace.
  const replaced = changes.findLastIndex((change) => change.replaced);
  const afterSeq = changes[replaced]?.afterSeq ?? 0;
  const state = new Map<string, string>();
  const replay = new Replay(state, changes.slice(Math.max(0, replaced)));
  for await (const delta of eventDeltas(store, session, afterSeq, seq, limits, signal)) replay.event(delta);
  replay.finish();
  // The changes were read by key: they count only if it still names the same session.
  requireSession(await store.getSessionRow(session.key, signal), session.uid);
  return state;
}

/** Merges changes and events in the order of their revisions. */
class Replay {
  private readonly state: Map<string, string>;
  private readonly changes: SessionChange[];

  constructor(state: Map<string, string>, changes: readonly SessionChange[]) {
    this.state = state;
    this.changes = [...changes].reverse();
  }

  event({ revision, delta }: EventDelta): void {
    this.changesBefore(revision);
    apply(this.state, delta);
  }

  finish(): void {
    this.changesBefore(Number.POSITIVE_INFINITY);
  }

  private changesBefore(revision: number): void {
    for (let next = this.changes.at(-1); next !== undefined; next = this.changes.at(-1)) {
      if (next.revision > revision) return;
      this.changes.pop();
      if (next.replaced) this.state.clear();
      apply(this.state, next.delta.session);
    }
  }
}

function apply(state: Map<string, string>, delta: ScopeDelta): void {
  for (const [key, value] of delta.set) state.set(key, value);
  for (const key of delta.remove) state.delete(key);
}

async function* eventDeltas(
  store: ReplayStore,
  session: SessionRecord,
  afterSeq: number,
  throughSeq: number,
  limits: Limits,
  signal: AbortSignal,
): AsyncGenerator<EventDelta, void, undefined> {
  const { key, uid } = session;
  for (let seq = afterSeq; seq < throughSeq; ) {
    const before = seq;
    const range = { key, uid, afterSeq: seq, throughSeq, maxRows: limits.readRangeRows };
    for await (const deltas of store.readStateDeltas(range, signal)) {
      for (const delta of deltas) {
        seq = delta.seq;
        yield delta;
      }
    }
    if (seq === before) return;
  }
}
