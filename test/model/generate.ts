/** What a client of a history calls next: seeded choices, from what its own calls were told so far. */
import { clone, create } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "../../gen/ts/sessiond/v1/event_pb.ts";
import { SessionKeySchema } from "../../gen/ts/sessiond/v1/session_pb.ts";
import {
  BatchAppendEventsRequestSchema,
  CreateSessionRequestSchema,
  DeleteSessionRequestSchema,
  GetSessionRequestSchema,
  GetUserStateRequestSchema,
  ListEventsRequestSchema,
  ListSessionsRequestSchema,
  type SessionOrder,
  StreamEventsRequestSchema,
  UpdateSessionRequestSchema,
  UpdateUserStateRequestSchema,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Random } from "../store/random.ts";
import type { Answers, Attempt, Call, StreamPosition } from "./calls.ts";
import { keyText } from "./texts.ts";
import type { AppendCall } from "./together.ts";

type Key = ReturnType<typeof keyOf>;

/** What a client knows of a session. */
interface Seen {
  readonly uid: string;
  readonly revision: bigint;
  readonly headSeq: bigint;
}

/** Few, so that clients meet; and close to each other, so that ids that compare inexactly would show. */
const USERS = ["ana", "Ana "];
const SESSIONS = ["s", "S", "s "];
const OWN_KEYS = ["a", "A", "b", "c "];
const SHARED_KEYS = ["x", "y"];

/** The keys of a round's sessions. */
export function keysOf(appName: string): Key[] {
  return USERS.flatMap((userId) => SESSIONS.map((sessionId) => keyOf(appName, userId, sessionId)));
}

/** The keys of a round's users. */
export function usersOf(appName: string): Key[] {
  return USERS.map((userId) => keyOf(appName, userId));
}

function keyOf(appName: string, userId = "", sessionId = "") {
  return create(SessionKeySchema, { appName, userId, sessionId });
}

/** One client's choices. */
export class Generator {
  private readonly random: Random;
  private readonly appName: string;
  /** Begins every id and value that this client makes, so that no two clients make the same. */
  private readonly name: string;
  private made = 0;
  private readonly seen = new Map<string, Seen>();
  private readonly writes: Call[] = [];
  private readonly appends: AppendCall[] = [];
  private readonly positions: { readonly key: Key; readonly position: StreamPosition }[] = [];

  constructor(random: Random, appName: string, name: string) {
    this.random = random;
    this.appName = appName;
    this.name = name;
  }

  /** The next call: a new one, or one of before as it was. */
  next(): Call {
    const call = this.choose();
    if (["create", "update", "setShared"].includes(call.kind) && !this.writes.includes(call))
      this.writes.push(call);
    if (call.kind === "delete" && call.request.requestId !== "" && !this.writes.includes(call))
      this.writes.push(call);
    if (call.kind === "append" && !this.appends.includes(call)) this.appends.push(call);
    return call;
  }

  /** An append of one event with up to four others, new ones and some of before, that go in one call. */
  withOthers(call: AppendCall): AppendCall[] {
    const { random } = this;
    const calls = new Set([call]);
    for (let count = random.below(5); count > 0; count--) {
      const earlier = this.chance(20) ? random.pick([...this.appends, undefined]) : undefined;
      const other = earlier?.single === true ? earlier : { ...this.append(), single: true };
      if (!this.appends.includes(other)) this.appends.push(other);
      calls.add(other);
    }
    return [...calls];
  }

  /** Learns what an attempt was told. */
  learn({ call, outcome }: Attempt): void {
    if (!outcome.ok) return;
    const text = keyText(call.request.key);
    switch (call.kind) {
      case "create":
      case "update":
      case "get": {
        const { uid, revision, headSeq } = outcome.answer as Answers["get"];
        this.seen.set(text, { uid, revision, headSeq });
        break;
      }
      case "append": {
        const { uid, events } = outcome.answer as Answers["append"];
        const last = events.at(-1);
        if (last !== undefined) this.seen.set(text, { uid, revision: last.revision, headSeq: last.seq });
        break;
      }
      case "stream": {
        const frames = outcome.answer as Answers["stream"];
        const [first] = frames;
        const uid = first?.frame.case === "opened" ? (first.frame.value.session?.uid ?? "") : "";
        const { cursor, seq } = this.random.pick(frames);
        this.positions.push({
          key: call.request.key as Key,
          position: { uid, cursor, seq: Number(seq) },
        });
        break;
      }
      default:
    }
  }

  private choose(): Call {
    const { random } = this;
    const kinds: readonly (readonly [number, () => Call | undefined])[] = [
      [30, () => this.append()],
      [8, () => this.batch()],
      [5, () => random.pick([...this.appends, undefined])],
      [4, () => random.pick([...this.writes, undefined])],
      [3, () => this.otherBytes()],
      [2, () => this.partlyStored()],
      [1, () => this.otherRequest()],
      [9, () => this.createSession()],
      [12, () => this.update()],
      [4, () => this.delete()],
      [6, () => this.setShared()],
      [8, () => this.get()],
      [4, () => this.getAsOf()],
      [4, () => this.getShared()],
      [4, () => this.listSessions()],
      [6, () => this.listEvents()],
      [5, () => this.stream()],
      [3, () => this.resume()],
    ];
    const total = kinds.reduce((sum, [weight]) => sum + weight, 0);
    for (;;) {
      let left = random.below(total);
      const call = kinds.find(([weight]) => {
        left -= weight;
        return left < 0;
      })?.[1]();
      // Some need something to have happened first.
      if (call !== undefined) return call;
    }
  }

  private key(): Key {
    return keyOf(this.appName, this.random.pick(USERS), this.random.pick(SESSIONS));
  }

  private chance(percent: number): boolean {
    return this.random.below(100) < percent;
  }

  private id(): string {
    return `${this.name}.${++this.made}`;
  }

  /** A value that no other write of the round has, so that a reader knows whose it is. */
  private value(): string {
    return `["${this.id()}", ${this.random.json(1)}]`;
  }

  private delta(prefixes: readonly string[]): {
    stateDelta: Record<string, string>;
    removedStateKeys: string[];
  } {
    const stateDelta: Record<string, string> = {};
    const removedStateKeys: string[] = [];
    for (let count = this.random.below(4); count > 0; count--) {
      const prefix = this.random.pick(prefixes);
      const key = prefix + this.random.pick(prefix === "" ? OWN_KEYS : SHARED_KEYS);
      if (key in stateDelta || removedStateKeys.includes(key)) continue;
      if (this.chance(20)) removedStateKeys.push(key);
      else stateDelta[key] = prefix === "" && this.chance(10) ? "null" : this.value();
    }
    return { stateDelta, removedStateKeys };
  }

  private event(id = this.id()): Event {
    const { random } = this;
    const event = create(EventSchema, {
      id,
      content: JSON.stringify({ parts: [{ text: random.text(30) }] }),
      writer: { language: "typescript", adkVersion: "1" },
      ...(this.chance(60) ? this.delta(["", "", "user:", "app:", "temp:"]) : {}),
    });
    if (this.chance(80))
      event.timestamp = random.pick([1_760_000_000.25, -62_135_596_800, -0, random.double()]);
    if (this.chance(50)) event.author = random.pick(["user", "", "agent"]);
    if (this.chance(50)) event.invocationId = random.text(8);
    if (this.chance(20)) event.branch = random.text(8);
    if (this.chance(20)) event.turnComplete = this.chance(50);
    if (this.chance(20)) event.interrupted = this.chance(50);
    if (this.chance(10)) event.errorMessage = random.text(8);
    if (this.chance(20)) event.actions = Buffer.from(`{"a" : ${random.json()}}`);
    if (this.chance(20)) event.extra = `{"e": ${random.json()} }`;
    if (this.chance(10)) event.customMetadata = `{"m":${random.json()}}`;
    if (this.chance(10))
      event.longRunningToolIds = { $typeName: "sessiond.v1.ToolIds", ids: random.pick([[], ["a", "b"]]) };
    return event;
  }

  private append(events = [this.event()], key = this.key()): AppendCall {
    const request = create(BatchAppendEventsRequestSchema, { key, events });
    const seen = this.seen.get(keyText(key));
    if (seen !== undefined && this.chance(35)) {
      request.sessionUid = seen.uid;
      // Others may have moved it on; sometimes it is old for sure.
      if (this.chance(80)) request.expectedRevision = this.chance(80) ? seen.revision : seen.revision - 1n;
    } else if (this.chance(25)) {
      request.createSession = true;
      // By it the checker knows what a session that an append made began with.
      request.ownerId = `maker ${events[0]?.id}`;
    }
    return { kind: "append", request, single: events.length === 1 && this.chance(80) };
  }

  private batch(): AppendCall {
    return this.append(Array.from({ length: 1 + this.random.below(5) }, () => this.event()));
  }

  /** An id that was used, with other bytes. */
  private otherBytes(): AppendCall | undefined {
    const earlier = this.random.pick([...this.appends, undefined]);
    const event = earlier && this.random.pick(earlier.request.events);
    return event && this.append([this.event(event.id)], earlier.request.key as Key);
  }

  /** An event that was sent before with a new one. */
  private partlyStored(): AppendCall | undefined {
    const earlier = this.random.pick([...this.appends, undefined]);
    const event = earlier && this.random.pick(earlier.request.events);
    if (event === undefined) return undefined;
    const events = this.chance(50) ? [event, this.event()] : [this.event(), event];
    return this.append(events, earlier?.request.key as Key);
  }

  private createSession(): Call {
    const request = create(CreateSessionRequestSchema, {
      key: this.key(),
      state: this.delta(["", "", "user:", "app:", "temp:"]).stateDelta,
      ownerId: this.random.pick(["", "owner"]),
      displayName: this.random.text(10, { nul: false }),
      labels: this.labels(),
      requestId: this.id(),
    });
    return { kind: "create", request };
  }

  private labels(): Record<string, string> {
    return this.chance(50) ? { l: this.random.pick(["1", "2"]), other: this.id() } : {};
  }

  private update(): Call {
    const key = this.key();
    const seen = this.seen.get(keyText(key));
    const paths = this.random.pick([
      ["state"],
      ["state_delta"],
      ["state_delta"],
      ["state_delta", "owner_id"],
      ["labels"],
      ["labels", "owner_id", "display_name"],
    ]);
    const request = create(UpdateSessionRequestSchema, {
      key,
      updateMask: { paths },
      ownerId: this.id(),
      displayName: this.id(),
      labels: this.labels(),
      requestId: this.id(),
    });
    if (paths.includes("state")) request.state = this.delta([""]).stateDelta;
    else Object.assign(request, this.delta(["", "user:", "app:"]));
    if (seen !== undefined && this.chance(40)) {
      request.sessionUid = seen.uid;
      if (this.chance(70)) request.expectedRevision = this.chance(80) ? seen.revision : seen.revision - 1n;
    }
    return { kind: "update", request };
  }

  /** A request id that was used, for another request. */
  private otherRequest(): Call | undefined {
    const earlier = this.random.pick([...this.writes, undefined]);
    if (earlier?.kind !== "update") return undefined;
    const request = clone(UpdateSessionRequestSchema, earlier.request);
    request.updateMask = create(FieldMaskSchema, { paths: ["display_name"] });
    request.displayName = this.id();
    return { kind: "update", request };
  }

  private delete(): Call {
    const key = this.key();
    const seen = this.seen.get(keyText(key));
    const request = create(DeleteSessionRequestSchema, { key, requestId: this.chance(70) ? this.id() : "" });
    if (seen !== undefined && this.chance(60)) {
      request.sessionUid = seen.uid;
      if (this.chance(40)) request.expectedRevision = seen.revision;
    }
    return { kind: "delete", request };
  }

  private setShared(): Call {
    const scope = this.random.pick(["user", "app"] as const);
    const key = scope === "user" ? keyOf(this.appName, this.random.pick(USERS)) : keyOf(this.appName);
    const removed = this.chance(20) ? [this.random.pick(SHARED_KEYS)] : [];
    const set = SHARED_KEYS.filter((name) => !removed.includes(name) && this.chance(60));
    const request = create(UpdateUserStateRequestSchema, {
      key,
      stateDelta: Object.fromEntries(set.map((name) => [name, this.value()])),
      removedStateKeys: removed,
      requestId: this.id(),
    });
    return { kind: "setShared", scope, request };
  }

  private get(): Call {
    return { kind: "get", request: create(GetSessionRequestSchema, { key: this.key() }) };
  }

  private getAsOf(): Call | undefined {
    const key = this.key();
    const seen = this.seen.get(keyText(key));
    if (seen === undefined) return undefined;
    const asOfSeq = BigInt(this.random.below(Number(seen.headSeq) + 1));
    return { kind: "get", request: create(GetSessionRequestSchema, { key, asOfSeq }) };
  }

  private getShared(): Call {
    const scope = this.random.pick(["user", "app"] as const);
    const key = scope === "user" ? keyOf(this.appName, this.random.pick(USERS)) : keyOf(this.appName);
    return { kind: "getShared", scope, request: create(GetUserStateRequestSchema, { key }) };
  }

  private listSessions(): Call {
    const request = create(ListSessionsRequestSchema, {
      key: this.chance(50) ? keyOf(this.appName) : keyOf(this.appName, this.random.pick(USERS)),
      pageSize: 1 + this.random.below(4),
      order: this.random.below(5) as SessionOrder,
      includeState: this.chance(50),
    });
    return { kind: "listSessions", request };
  }

  private listEvents(): Call {
    const key = this.key();
    const head = this.seen.get(keyText(key))?.headSeq ?? 0n;
    const request = create(ListEventsRequestSchema, {
      key,
      pageSize: 1 + this.random.below(6),
      descending: this.chance(50),
    });
    if (head > 2n && this.chance(30)) request.beforeSeq = BigInt(1 + this.random.below(Number(head)));
    if (head > 2n && this.chance(20)) request.afterSeq = BigInt(this.random.below(Number(head)));
    return { kind: "listEvents", request };
  }

  private stream(key = this.key()): Call {
    return { kind: "stream", request: create(StreamEventsRequestSchema, { key }) };
  }

  private resume(): Call | undefined {
    const found = this.random.pick([...this.positions, undefined]);
    if (found === undefined) return undefined;
    const { key, position } = found;
    const request = create(StreamEventsRequestSchema, { key, cursor: position.cursor });
    return { kind: "stream", request, resumes: position };
  }
}

/** What a round ends with: everything read once more. */
export function finalReads(appName: string): Call[] {
  const app = keyOf(appName);
  const whole = (key: Key): Call[] => [
    { kind: "get", request: create(GetSessionRequestSchema, { key }) },
    { kind: "stream", request: create(StreamEventsRequestSchema, { key }) },
    { kind: "listEvents", request: create(ListEventsRequestSchema, { key, descending: true }) },
  ];
  return [
    ...keysOf(appName).flatMap(whole),
    ...usersOf(appName).map(
      (key): Call => ({
        kind: "getShared",
        scope: "user",
        request: create(GetUserStateRequestSchema, { key }),
      }),
    ),
    { kind: "getShared", scope: "app", request: create(GetUserStateRequestSchema, { key: app }) },
    {
      kind: "listSessions",
      request: create(ListSessionsRequestSchema, { key: app, includeState: true, pageSize: 3 }),
    },
  ];
}
