/**
 * The store as a program of a few lines: one call after the other, all in memory. Its histories are right by
 * construction, which is what the checker's own tests need.
 */
import { clone, create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  type AppendedEvent,
  AppendedEventSchema,
  type Event,
  EventSchema,
} from "../../gen/ts/sessiond/v1/event_pb.ts";
import { type Session, type SessionKey, SessionSchema } from "../../gen/ts/sessiond/v1/session_pb.ts";
import { SessionOrder, StreamEventsResponseSchema } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Answers, Call, CallKind, Outcome } from "./calls.ts";
import { eventText, keyText } from "./texts.ts";

type State = Map<string, string>;

interface Stored {
  readonly session: Session;
  readonly own: State;
  readonly events: Event[];
  /** The own state after each revision, and the head then. */
  readonly past: { head: number; own: State }[];
}

class Refusal extends Error {
  readonly reason: string;
  readonly facts: Record<string, string>;
  constructor(reason: string, facts: Record<string, string> = {}) {
    super(reason);
    this.reason = reason;
    this.facts = facts;
  }
}

/** A store that does what it promises. */
export class ReferenceStore {
  private readonly sessions = new Map<string, Stored>();
  private readonly shared = new Map<string, State>();
  private readonly kept = new Map<string, { call: Call; answer: Answers[CallKind] }>();
  private ticks = 0;
  private uids = 0;

  /** Does what a call says and answers as a server would. */
  run(call: Call): Outcome {
    try {
      return { ok: true, answer: this.marked(call) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { reason, facts } = error;
      return { ok: false, code: "", reason, facts, retryMs: undefined, message: reason };
    }
  }

  private marked(call: Call): Answers[CallKind] {
    const id = "requestId" in call.request ? call.request.requestId : "";
    const { appName, userId } = call.request.key as SessionKey;
    const mark = JSON.stringify([appName, userId, id]);
    const kept = this.kept.get(mark);
    if (id !== "" && kept !== undefined) {
      if (kept.call !== call) throw new Refusal("REQUEST_ID_CONFLICT");
      return kept.answer;
    }
    const answer = this.answer(call);
    if (id !== "") this.kept.set(mark, { call, answer });
    return answer;
  }

  private answer(call: Call): Answers[CallKind] {
    const key = call.request.key as SessionKey;
    switch (call.kind) {
      case "create": {
        if (this.sessions.has(keyText(key))) throw new Refusal("SESSION_ALREADY_EXISTS");
        const { ownerId, displayName, labels, state } = call.request;
        const stored = this.make(key, { ownerId, displayName, labels });
        this.merge(stored, state, []);
        this.remember(stored);
        return this.read(stored);
      }
      case "append":
        return this.append(call.request);
      case "update": {
        const { request } = call;
        const stored = this.expect(key, request.sessionUid, request.expectedRevision);
        const paths = request.updateMask?.paths ?? [];
        if (paths.includes("owner_id")) stored.session.ownerId = request.ownerId;
        if (paths.includes("display_name")) stored.session.displayName = request.displayName;
        if (paths.includes("labels")) stored.session.labels = { ...request.labels };
        if (paths.includes("state")) {
          stored.own.clear();
          this.merge(stored, request.state, []);
        }
        if (paths.includes("state_delta")) this.merge(stored, request.stateDelta, request.removedStateKeys);
        this.advance(stored);
        return this.read(stored);
      }
      case "delete": {
        const stored = this.sessions.get(keyText(key));
        const { sessionUid, expectedRevision } = call.request;
        if (stored === undefined || (sessionUid !== "" && sessionUid !== stored.session.uid)) return false;
        this.expect(key, sessionUid, expectedRevision);
        return this.sessions.delete(keyText(key));
      }
      case "setShared": {
        const place = this.sharedState(call.scope, key);
        for (const [name, value] of Object.entries(call.request.stateDelta)) place.set(name, value);
        for (const name of call.request.removedStateKeys) place.delete(name);
        return true;
      }
      case "get": {
        const stored = this.find(key, call.request.sessionUid);
        const session = this.read(stored);
        const { asOfSeq } = call.request;
        if (asOfSeq === undefined) return session;
        if (asOfSeq > session.headSeq) throw new Refusal("SEQ_BEYOND_HEAD");
        const then = stored.past.findLast(({ head }) => head === Number(asOfSeq));
        session.state = Object.fromEntries(then?.own ?? []);
        return session;
      }
      case "getShared":
        return Object.fromEntries(this.sharedState(call.scope, key));
      case "listSessions": {
        const { order, includeState } = call.request;
        const time = (session: Session) => {
          const at =
            order === SessionOrder.CREATE_TIME_ASC || order === SessionOrder.CREATE_TIME_DESC
              ? session.createTime
              : session.updateTime;
          return Number(at?.seconds ?? 0) + (at?.nanos ?? 0) / 1e9;
        };
        const ascending = order === SessionOrder.CREATE_TIME_ASC || order === SessionOrder.UPDATE_TIME_ASC;
        return [...this.sessions.values()]
          .map((stored) => this.read(stored))
          .filter(({ key: of }) => of?.appName === key.appName && (!key.userId || of.userId === key.userId))
          .sort((a, b) => (ascending ? time(a) - time(b) : time(b) - time(a)))
          .map((session) => (includeState ? session : { ...session, state: {} }));
      }
      case "listEvents": {
        const { session, events } = this.find(key, call.request.sessionUid);
        const { afterSeq = 0n, beforeSeq, descending } = call.request;
        const found = events.filter(
          ({ seq }) => seq > afterSeq && (beforeSeq === undefined || seq < beforeSeq),
        );
        const head = Number(session.headSeq);
        return {
          uid: session.uid,
          events: descending ? found.reverse() : found,
          firstHead: head,
          lastHead: head,
        };
      }
      case "stream":
        return this.stream(this.find(key, call.resumes?.uid ?? ""), call.resumes?.seq ?? 0);
    }
  }

  private append(request: Extract<Call, { kind: "append" }>["request"]): Answers["append"] {
    const { key, events, sessionUid, expectedRevision, createSession, ownerId } = request;
    const found = this.sessions.get(keyText(key));
    if (found === undefined && !createSession) throw new Refusal("SESSION_NOT_FOUND");
    if (found !== undefined && sessionUid !== "") this.expect(key as SessionKey, sessionUid, undefined);
    const stored = events.map(({ id }) => found?.events.find((event) => event.id === id));
    for (const [at, event] of stored.entries()) {
      if (event !== undefined && sent(event) !== sent(events[at] as Event))
        throw new Refusal("EVENT_ID_CONFLICT", { event_id: event.id, seq: String(event.seq) });
    }
    const known = stored.filter((event) => event !== undefined);
    if (known.length === events.length)
      return { uid: found?.session.uid ?? "", events: known.map(toAppended) };
    if (known[0] !== undefined)
      throw new Refusal("BATCH_PARTLY_STORED", { event_id: known[0].id, seq: String(known[0].seq) });
    if (found !== undefined) this.expect(key as SessionKey, sessionUid, expectedRevision);
    const target = found ?? this.make(key as SessionKey, { ownerId });
    if (found === undefined) this.remember(target);
    for (const event of events) {
      this.merge(target, event.stateDelta, event.removedStateKeys);
      target.session.headSeq++;
      target.session.eventCount++;
      this.advance(target);
      const { headSeq: seq, revision, updateTime } = target.session;
      const kept = create(EventSchema, { ...clone(EventSchema, event), seq, revision });
      kept.stateDelta = Object.fromEntries(
        Object.entries(kept.stateDelta).filter(([name]) => !name.startsWith("temp:")),
      );
      if (updateTime !== undefined) kept.createTime = updateTime;
      kept.timestamp ??= this.ticks;
      target.session.lastEventTime = kept.timestamp;
      target.events.push(kept);
    }
    return { uid: target.session.uid, events: target.events.slice(-events.length).map(toAppended) };
  }

  private stream(stored: Stored, afterSeq: number): Answers["stream"] {
    const session = this.read(stored);
    const frame = (seq: number, value: Answers["stream"][number]["frame"]) =>
      create(StreamEventsResponseSchema, {
        cursor: JSON.stringify([session.uid, seq]),
        seq: BigInt(seq),
        frame: value,
      });
    const events = stored.events.slice(afterSeq);
    const head = stored.events.length;
    const opened = frame(afterSeq, {
      case: "opened",
      value: { $typeName: "sessiond.v1.OpenedFrame", session, stateContinues: false },
    });
    const history = frame(head, {
      case: "events",
      value: { $typeName: "sessiond.v1.EventsFrame", events, continues: false },
    });
    const caughtUp = frame(head, { case: "caughtUp", value: { $typeName: "sessiond.v1.CaughtUpFrame" } });
    return events.length === 0 ? [opened, caughtUp] : [opened, history, caughtUp];
  }

  private make(key: SessionKey, fields: Partial<Session>): Stored {
    const now = timestampFromMs(++this.ticks);
    const session = create(SessionSchema, {
      ownerId: fields.ownerId ?? "",
      displayName: fields.displayName ?? "",
      labels: fields.labels ?? {},
      key,
      uid: `uid ${++this.uids}`,
      revision: 1n,
      firstSeq: 1n,
      createTime: now,
      updateTime: now,
      lastEventTime: this.ticks / 1e3,
    });
    const stored: Stored = { session, own: new Map(), events: [], past: [] };
    this.sessions.set(keyText(key), stored);
    return stored;
  }

  private advance(stored: Stored): void {
    stored.session.revision++;
    stored.session.updateTime = timestampFromMs(++this.ticks);
    this.remember(stored);
  }

  private remember({ session, own, past }: Stored): void {
    past.push({ head: Number(session.headSeq), own: new Map(own) });
  }

  private merge(
    { session, own }: Stored,
    set: Readonly<Record<string, string>>,
    remove: readonly string[],
  ): void {
    const place = (name: string): [State, string] => {
      if (name.startsWith("user:"))
        return [this.sharedState("user", session.key as SessionKey), name.slice(5)];
      if (name.startsWith("app:")) return [this.sharedState("app", session.key as SessionKey), name.slice(4)];
      return [name.startsWith("temp:") ? new Map() : own, name];
    };
    for (const [name, value] of Object.entries(set)) {
      const [state, short] = place(name);
      state.set(short, value);
    }
    for (const name of remove) {
      const [state, short] = place(name);
      state.delete(short);
    }
  }

  private sharedState(scope: "user" | "app", key: SessionKey): State {
    const name = JSON.stringify(scope === "user" ? [key.appName, key.userId] : [key.appName]);
    const state = this.shared.get(name) ?? new Map();
    this.shared.set(name, state);
    return state;
  }

  private find(key: SessionKey, uid: string): Stored {
    const stored = this.sessions.get(keyText(key));
    if (stored === undefined) throw new Refusal("SESSION_NOT_FOUND");
    if (uid !== "" && stored.session.uid !== uid) throw new Refusal("SESSION_RECREATED");
    return stored;
  }

  private expect(key: SessionKey, uid: string, revision: bigint | undefined): Stored {
    const stored = this.find(key, "");
    const { session } = stored;
    if ((uid !== "" && uid !== session.uid) || (revision !== undefined && revision !== session.revision)) {
      throw new Refusal("STALE_SESSION", {
        actual_uid: session.uid,
        actual_revision: String(session.revision),
        head_seq: String(session.headSeq),
      });
    }
    return stored;
  }

  private read({ session, own }: Stored): Session {
    const state: Record<string, string> = Object.fromEntries(own);
    for (const [name, value] of this.sharedState("user", session.key as SessionKey))
      state[`user:${name}`] = value;
    for (const [name, value] of this.sharedState("app", session.key as SessionKey))
      state[`app:${name}`] = value;
    return { ...clone(SessionSchema, session), state };
  }
}

/** What makes two events the same. */
function sent(event: Event): string {
  return eventText(event);
}

function toAppended({ id, timestamp = 0, seq, revision, createTime }: Event): AppendedEvent {
  const appended = create(AppendedEventSchema, { id, timestamp, seq, revision });
  if (createTime !== undefined) appended.createTime = createTime;
  return appended;
}
