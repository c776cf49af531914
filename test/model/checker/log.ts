/** All lives of a history's sessions, put together from what anybody was told of them. */
import type { Event } from "../../../gen/ts/sessiond/v1/event_pb.ts";
import type { Answers, Call } from "../calls.ts";
import { eventText, keyText } from "../texts.ts";
import { type Delta, deltaOf, Incarnation } from "./incarnation.ts";
import { type Issued, ofKind } from "./issued.ts";
import type { Report } from "./report.ts";

/** An event as somebody sent it, by id and bytes. */
interface Sent {
  readonly event: Event;
  readonly issued: Issued<"append">[];
}

/** The lives of the sessions, and who sent what. */
export class Log {
  private readonly byUid = new Map<string, Incarnation>();
  private readonly byKey = new Map<string, Incarnation[]>();
  /** By key and event id, then by the event's bytes. */
  private readonly sent = new Map<string, Map<string, Sent>>();
  private readonly report: Report;

  constructor(issued: readonly Issued[], report: Report) {
    this.report = report;
    for (const each of ofKind(issued, "append")) this.enterSent(each);
    for (const each of ofKind(issued, "create")) this.enterCreate(each);
    for (const each of ofKind(issued, "update")) this.enterUpdate(each);
    for (const each of ofKind(issued, "append")) this.enterAppend(each);
    for (const each of ofKind(issued, "listEvents")) {
      for (const { answer, end } of each.answered)
        this.enterEvents(each.call.request.key, answer.uid, answer.events, end);
    }
    for (const each of ofKind(issued, "stream")) {
      for (const { answer, end } of each.answered)
        this.enterEvents(each.call.request.key, openedOf(answer)?.uid ?? "", eventsOf(answer), end);
    }
    const abandoned = ofKind(issued, "create").filter(({ open }) => open);
    const mayBeMade = new Set(abandoned.map(({ call }) => keyText(call.request.key)));
    for (const life of this.byUid.values()) if (!mayBeMade.has(life.key)) this.enterMaker(life);
  }

  /** All lives. */
  get all(): Iterable<Incarnation> {
    return this.byUid.values();
  }

  /** The lives of one key. */
  of(key: string): readonly Incarnation[] {
    return this.byKey.get(key) ?? [];
  }

  /** The life that a client was told of; a uid under two keys is a violation. */
  life(key: Call["request"]["key"], uid: string, end: number): Incarnation {
    const text = keyText(key);
    const found = this.byUid.get(uid) ?? new Incarnation(text, uid);
    if (found.key !== text) this.report(`the uid ${uid} is that of ${found.key} and of ${text}`);
    if (!this.byUid.has(uid)) {
      this.byUid.set(uid, found);
      this.byKey.set(text, [...this.of(text), found]);
    }
    found.end = Math.min(found.end, end);
    return found;
  }

  /** The bytes with which an event of this id was sent; an event that nobody sent is a violation. */
  sentAs(key: Call["request"]["key"], event: Event): Sent | undefined {
    const versions = this.sent.get(sentKey(key, event.id));
    const found = versions?.get(eventText(event));
    if (found === undefined)
      this.report(
        `an event was read that nobody sent so (I1): ${eventText(event)}, sent: ${[...(versions?.keys() ?? [])]}`,
      );
    else if (found.event.timestamp !== undefined && !Object.is(found.event.timestamp, event.timestamp))
      this.report(
        `event ${event.id} was sent with the time ${found.event.timestamp}, read with ${event.timestamp}`,
      );
    return found;
  }

  private enterSent(issued: Issued<"append">): void {
    for (const event of issued.call.request.events) {
      const place = sentKey(issued.call.request.key, event.id);
      const versions = this.sent.get(place) ?? new Map<string, Sent>();
      this.sent.set(place, versions);
      const text = eventText(event);
      const version = versions.get(text) ?? { event, issued: [] };
      versions.set(text, version);
      version.issued.push(issued);
    }
  }

  private enterCreate({ call, answered, start }: Issued<"create">): void {
    const { request } = call;
    for (const { answer, end } of answered) {
      const life = this.life(answer.key, answer.uid, end);
      life.start = start;
      const { ownerId, displayName, labels, state, requestId } = request;
      const delta: Delta = { set: state, remove: [] };
      const identity = `create ${requestId}`;
      life.claim({ revision: 1, identity, delta, ownerId, displayName, labels, start, end }, this.report);
    }
  }

  private enterUpdate({ call, answered, start }: Issued<"update">): void {
    const { request } = call;
    const paths = request.updateMask?.paths ?? [];
    const delta: Delta = paths.includes("state")
      ? { set: request.state, remove: [], replace: true }
      : paths.includes("state_delta")
        ? { set: request.stateDelta, remove: request.removedStateKeys }
        : { set: {}, remove: [] };
    const change = {
      identity: `update ${request.requestId}`,
      delta,
      ownerId: paths.includes("owner_id") ? request.ownerId : undefined,
      displayName: paths.includes("display_name") ? request.displayName : undefined,
      labels: paths.includes("labels") ? request.labels : undefined,
      start,
    };
    for (const { answer, end } of answered) {
      const life = this.life(answer.key, answer.uid, end);
      life.claim({ ...change, revision: Number(answer.revision), end }, this.report);
    }
  }

  private enterAppend({ call, answered }: Issued<"append">): void {
    const { key, events } = call.request;
    for (const { answer, end } of answered) {
      const life = this.life(key, answer.uid, end);
      if (answer.events.length !== events.length)
        this.report(`${answer.events.length} answers to an append of ${events.length} events`);
      for (const [at, told] of answer.events.entries()) {
        const event = events[at] as Event;
        if (told.id !== event.id) this.report(`event ${event.id} was answered as ${told.id}`);
        this.enterEvent(life, { ...event, ...pick(told) }, end);
      }
    }
  }

  private enterEvents(key: Call["request"]["key"], uid: string, events: readonly Event[], end: number): void {
    const life = this.life(key, uid, end);
    for (const event of events) this.enterEvent(life, event, end);
  }

  private enterEvent(life: Incarnation, event: Event, end: number): void {
    const [appName, userId, sessionId] = JSON.parse(life.key) as string[];
    const sent = this.sentAs({ appName, userId, sessionId } as Call["request"]["key"], event);
    if (sent === undefined) return;
    const { id, timestamp = 0 } = event;
    const change = {
      revision: Number(event.revision),
      identity: `event ${id} at ${event.seq}, time ${timestamp}, ${eventText(event)}`,
      delta: deltaOf(event),
      event: { seq: Number(event.seq), id, timestamp },
      start: Math.min(...sent.issued.map(({ start }) => start)),
      end,
    };
    life.claim(change, this.report);
  }

  /** The append that made a session nobody created. */
  private enterMaker(life: Incarnation): void {
    const first = life.at(1);
    if (life.changes.has(1) || first?.event === undefined || first.revision !== 2) return;
    const makers = [...(this.sent.get(JSON.stringify([life.key, first.event.id]))?.values() ?? [])]
      .flatMap(({ issued }) => issued)
      .filter(({ call }) => call.request.createSession);
    if (makers.length === 0) {
      this.report(`${life.name} was made by an append, and none was to make it`);
      return;
    }
    const start = Math.min(...makers.map((maker) => maker.start));
    life.start = start;
    const ownerId = `maker ${first.event.id}`;
    const identity = `made by event ${first.event.id}`;
    life.claim(
      {
        revision: 1,
        identity,
        delta: { set: {}, remove: [] },
        ownerId,
        displayName: "",
        labels: {},
        start,
        end: life.end,
      },
      this.report,
    );
  }
}

/** The session that a stream opened with. */
export function openedOf(frames: Answers["stream"]) {
  const frame = frames[0]?.frame;
  return frame?.case === "opened" ? frame.value.session : undefined;
}

/** The events of a stream. */
export function eventsOf(frames: Answers["stream"]): Event[] {
  return frames.flatMap(({ frame }) => (frame.case === "events" ? frame.value.events : []));
}

function sentKey(key: Call["request"]["key"], id: string): string {
  return JSON.stringify([keyText(key), id]);
}

function pick({ timestamp, seq, revision }: Answers["append"]["events"][number]) {
  return { timestamp, seq, revision };
}
