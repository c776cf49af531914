/** Builders of inputs, and readings that several cases share. */
import { createHash } from "node:crypto";
import { expect } from "vitest";
import { StartError, StoreError, type StoreErrorReason } from "../../src/store/errors.ts";
import { splitDelta } from "../../src/store/state.ts";
import type {
  AppendInput,
  AppendOutcome,
  CreateSessionInput,
  DeleteSessionInput,
  EventBody,
  EventRange,
  ListSessionsInput,
  NewEvent,
  RequestMark,
  SessionKey,
  SessionRecord,
  StateDelta,
  Store,
  UpdateSessionInput,
} from "../../src/store/store.ts";
import { decoded, type EventRecord } from "./event-record.ts";

/** The time at which cases happen, in microseconds. */
export const NOW = 1_760_000_000_123_456;

/** Any session, at any revision. */
export const ANY = { uid: undefined, revision: undefined } as const;

export function keyOf(appName: string, sessionId = "s", userId = "u"): SessionKey {
  return { appName, userId, sessionId };
}

/** A delta from keys with their prefix. */
export function deltaOf(
  set: Readonly<Record<string, string>> = {},
  remove: readonly string[] = [],
): StateDelta {
  return splitDelta(Object.entries(set), remove);
}

export function createInput(key: SessionKey, more: Partial<CreateSessionInput> = {}): CreateSessionInput {
  return {
    key,
    uid: newId("uid"),
    nowMicros: NOW,
    ownerId: "",
    displayName: "",
    labels: new Map(),
    delta: deltaOf(),
    request: undefined,
    ...more,
  };
}

export function updateInput(key: SessionKey, more: Partial<UpdateSessionInput> = {}): UpdateSessionInput {
  return {
    key,
    expected: ANY,
    nowMicros: NOW,
    ownerId: undefined,
    displayName: undefined,
    labels: undefined,
    state: undefined,
    request: undefined,
    ...more,
  };
}

export function deleteInput(key: SessionKey, more: Partial<DeleteSessionInput> = {}): DeleteSessionInput {
  return { key, expected: ANY, nowMicros: NOW, request: undefined, ...more };
}

export function listInput(appName: string, more: Partial<ListSessionsInput> = {}): ListSessionsInput {
  return {
    scope: { appName },
    orderBy: "updateMicros",
    descending: false,
    after: undefined,
    limit: 1000,
    ownerId: undefined,
    labels: new Map(),
    stateEquals: new Map(),
    includeState: false,
    ...more,
  };
}

/** An event with texts in every place; `set` and `remove` are its state delta. */
export function eventOf(
  more: Partial<EventBody> & { set?: Readonly<Record<string, string>>; remove?: readonly string[] } = {},
): NewEvent {
  const { set = {}, remove = [], ...given } = more;
  const body: EventBody = {
    id: newId("event"),
    invocationId: "invocation",
    author: "agent",
    branch: undefined,
    timestamp: NOW / 1e6,
    partial: undefined,
    turnComplete: undefined,
    interrupted: undefined,
    errorCode: undefined,
    errorMessage: undefined,
    longRunningToolIds: undefined,
    actions: "",
    content: '{"role":"model","parts":[{"text":"hello"}]}',
    groundingMetadata: "",
    customMetadata: "",
    extra: "",
    stateDelta: new Map(Object.entries(set)),
    removedStateKeys: remove,
    writerLanguage: "python",
    writerAdkVersion: "2.13.0",
    ...given,
  };
  return toNew(body);
}

/** The event as an append takes it. */
export function toNew(body: EventBody): NewEvent {
  const text = JSON.stringify({ ...body, stateDelta: [...body.stateDelta] });
  return {
    ...body,
    digest: digestOf(text),
    bytes: Buffer.byteLength(text),
    delta: splitDelta(body.stateDelta, body.removedStateKeys),
  };
}

export function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

export function mark(id: string, body = id): RequestMark {
  return { id, digest: digestOf(body) };
}

export function appendInput(
  key: SessionKey,
  events: readonly NewEvent[],
  more: Partial<AppendInput> = {},
): AppendInput {
  return { key, expected: ANY, nowMicros: NOW, events, createUid: undefined, createOwnerId: "", ...more };
}

type Appended = Extract<AppendOutcome, { ok: true }>;

/** Makes one session, or throws its error. */
export async function createSession(
  store: Store,
  input: CreateSessionInput,
  signal?: AbortSignal,
): Promise<SessionRecord> {
  const [outcome] = await store.createSessions([input], signal);
  if (outcome?.ok !== true) throw outcome?.error ?? new Error("no outcome");
  return outcome.session;
}

/** Appends in a group of one. @throws the append's own failure */
export async function append(store: Store, input: AppendInput): Promise<Appended> {
  const [outcome] = await store.append([input]);
  if (outcome === undefined) throw new Error("an append without an outcome");
  if (!outcome.ok) throw outcome.error;
  return outcome;
}

/** Makes a session with so many events, a few hundred to an append. */
export async function sessionWithEvents(
  store: Store,
  key: SessionKey,
  count: number,
  make: (seq: number) => NewEvent = (seq) => eventOf({ id: `e${seq}` }),
): Promise<SessionRecord> {
  await createSession(store, createInput(key));
  for (let seq = 1; seq <= count; seq += 250) {
    const events = Array.from({ length: Math.min(250, count - seq + 1) }, (_, at) => make(seq + at));
    await append(store, appendInput(key, events));
  }
  return mustGet(store, key);
}

export async function mustGet(store: Store, key: SessionKey): Promise<SessionRecord> {
  const session = await store.getSession(key);
  if (session === undefined) throw new Error("the session is not there");
  return session;
}

export function rangeOf(session: SessionRecord, more: Partial<EventRange> = {}): EventRange {
  return {
    key: session.key,
    uid: session.uid,
    afterSeq: 0,
    throughSeq: session.headSeq,
    descending: false,
    afterTime: undefined,
    maxRows: 1_000_000,
    maxBytes: 1_000_000_000,
    ...more,
  };
}

/** One read to its end. */
export async function readRange(store: Store, range: EventRange): Promise<EventRecord[]> {
  const events: EventRecord[] = [];
  for await (const chunk of store.readEvents(range)) events.push(...chunk.map(decoded));
  return events;
}

/** A whole history, read range after range as a caller does. */
export async function readHistory(store: Store, key: SessionKey): Promise<EventRecord[]> {
  const session = await mustGet(store, key);
  return readRange(store, rangeOf(session));
}

/** Expects a StoreError of this reason and gives it. */
export async function failsWith(promise: Promise<unknown>, reason: StoreErrorReason): Promise<StoreError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StoreError);
  expect((error as StoreError).reason).toBe(reason);
  return error as StoreError;
}

/** Expects a StartError whose text matches and gives it. */
export async function refusesStart(promise: Promise<unknown>, text: RegExp): Promise<StartError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StartError);
  expect((error as StartError).message).toMatch(text);
  return error as StartError;
}

/** What was appended, out of what is read: everything but what the store added. */
export function bodyOf(event: EventRecord): EventBody {
  const { seq, revision, createMicros, appendEndSeq, ...body } = event;
  return body;
}

/** What was appended, out of the input. */
export function bodyOfNew(event: NewEvent): EventBody {
  const { digest, bytes, delta, ...body } = event;
  return body;
}

let ids = 0;

/** An id that no other call gives. */
export function newId(prefix: string): string {
  return `${prefix}-${process.pid}-${++ids}`;
}
