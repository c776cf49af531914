/** The store: every call goes to a worker thread, writes to the one writer. */
import type {
  AppendInput,
  AppendOutcome,
  ChangeRange,
  CreateOutcome,
  CreateSessionInput,
  DeleteSessionInput,
  DeltaRange,
  EventDelta,
  EventRange,
  HeadRecord,
  HistoryOpening,
  ListScopeEventsInput,
  ListSessionsInput,
  ListTombstonesInput,
  NewestInput,
  OpenedHistory,
  SessionChange,
  SessionKey,
  SessionRecord,
  State,
  Store,
  StoreCapabilities,
  Tombstone,
  UpdateSessionInput,
  UpdateSharedStateInput,
} from "../store.ts";
import type { ScopeEvent, StoredEvent } from "../stored-event.ts";
import { APPEND_LIMITS } from "./append.ts";
import type { Chunk } from "./events.ts";
import { unpack } from "./packed-events.ts";
import type { WorkerPool } from "./pool.ts";
import { fromPlain, type OpenedInfo } from "./wire.ts";

/** How many rows one transaction of a sweep forgets. */
const SWEEP_STEP = 500;

/** A SQLite database behind worker threads. */
export class SqliteStore implements Store {
  readonly capabilities: StoreCapabilities;
  private readonly writer: WorkerPool;
  private readonly readers: WorkerPool;

  constructor(writer: WorkerPool, readers: WorkerPool, info: OpenedInfo) {
    this.writer = writer;
    this.readers = readers;
    this.capabilities = {
      description: `SQLite ${info.version}`,
      ...APPEND_LIMITS,
      // Another process may have the file open, too.
      shared: true,
      durability: { settings: info.settings, losesCommitsOnCrash: false },
    };
  }

  ping(signal?: AbortSignal): Promise<void> {
    return this.readers.call("ping", [], signal);
  }

  async createSessions(group: readonly CreateSessionInput[], signal?: AbortSignal): Promise<CreateOutcome[]> {
    return fromPlain(await this.writer.call("createSessions", [group], signal));
  }

  getSession(key: SessionKey, signal?: AbortSignal): Promise<SessionRecord | undefined> {
    return this.readers.call("getSession", [key], signal);
  }

  async openHistory(opening: HistoryOpening, signal?: AbortSignal): Promise<OpenedHistory | undefined> {
    const opened = await this.readers.call("openHistory", [opening], signal);
    return opened.session && { session: opened.session, events: unpack(opened.events) };
  }

  getSessionRow(key: SessionKey, signal?: AbortSignal): Promise<SessionRecord | undefined> {
    return this.readers.call("getSessionRow", [key], signal);
  }

  updateSession(input: UpdateSessionInput, signal?: AbortSignal): Promise<SessionRecord> {
    return this.writer.call("updateSession", [input], signal);
  }

  deleteSession(input: DeleteSessionInput, signal?: AbortSignal): Promise<boolean> {
    return this.writer.call("deleteSession", [input], signal);
  }

  sessionHeads(keys: readonly SessionKey[], signal?: AbortSignal): Promise<HeadRecord[]> {
    return this.readers.call("sessionHeads", [keys], signal);
  }

  listSessions(input: ListSessionsInput, signal?: AbortSignal): Promise<SessionRecord[]> {
    return this.readers.call("listSessions", [input], signal);
  }

  listTombstones(input: ListTombstonesInput, signal?: AbortSignal): Promise<Tombstone[]> {
    return this.readers.call("listTombstones", [input], signal);
  }

  listApps(after: string | undefined, limit: number, signal?: AbortSignal): Promise<string[]> {
    return this.readers.call("listApps", [after, limit], signal);
  }

  listUsers(
    appName: string,
    after: string | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<string[]> {
    return this.readers.call("listUsers", [appName, after, limit], signal);
  }

  async append(group: readonly AppendInput[], signal?: AbortSignal): Promise<AppendOutcome[]> {
    return fromPlain(await this.writer.call("append", [group], signal));
  }

  readEvents(range: EventRange, signal?: AbortSignal): AsyncIterable<StoredEvent[]> {
    let first = true;
    return inChunks(range, signal, async (rest, abort) => {
      const chunk = await this.readers.call("readEventsChunk", [rest, first], abort);
      const items = unpack(chunk.items);
      if (items.length > 0) first = false;
      return { items, rest: chunk.rest };
    });
  }

  seqBeforeNewest(input: NewestInput, signal?: AbortSignal): Promise<number> {
    return this.readers.call("seqBeforeNewest", [input], signal);
  }

  listScopeEvents(input: ListScopeEventsInput, signal?: AbortSignal): Promise<ScopeEvent[]> {
    return this.readers.call("listScopeEvents", [input], signal);
  }

  listChanges(key: SessionKey, throughSeq: number, signal?: AbortSignal): Promise<SessionChange[]> {
    return this.readers.call("listChanges", [key, throughSeq], signal);
  }

  readChanges(range: ChangeRange, signal?: AbortSignal): Promise<SessionChange[]> {
    return this.readers.call("readChanges", [range], signal);
  }

  readStateDeltas(range: DeltaRange, signal?: AbortSignal): AsyncIterable<EventDelta[]> {
    return inChunks(range, signal, (rest, abort) => this.readers.call("readStateDeltasChunk", [rest], abort));
  }

  getSharedState(appName: string, userId: string | undefined, signal?: AbortSignal): Promise<State> {
    return this.readers.call("getSharedState", [appName, userId], signal);
  }

  updateSharedState(
    input: UpdateSharedStateInput,
    signal?: AbortSignal,
  ): Promise<{ readonly updateMicros: number }> {
    return this.writer.call("updateSharedState", [input], signal);
  }

  sweepRequests(beforeMicros: number, signal?: AbortSignal): Promise<number> {
    return this.sweep("sweepRequests", beforeMicros, signal);
  }

  sweepTombstones(beforeMicros: number, signal?: AbortSignal): Promise<number> {
    return this.sweep("sweepTombstones", beforeMicros, signal);
  }

  private async sweep(
    name: "sweepRequests" | "sweepTombstones",
    beforeMicros: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    let swept = 0;
    let step: number;
    do {
      step = await this.writer.call(name, [beforeMicros, SWEEP_STEP], signal);
      swept += step;
    } while (step === SWEEP_STEP);
    return swept;
  }

  async close(): Promise<void> {
    await Promise.all([this.readers.close(), this.writer.close()]);
  }
}

/**
 * A read chunk by chunk. While the consumer works on one the next is fetched; leaving
 * early takes that back.
 */
async function* inChunks<Item, Range>(
  range: Range,
  signal: AbortSignal | undefined,
  fetch: (range: Range, signal: AbortSignal) => Promise<Chunk<Item[], Range>>,
): AsyncGenerator<Item[], void, undefined> {
  const left = new AbortController();
  const abort = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  let next: Promise<Chunk<Item[], Range>> | undefined = fetch(range, abort);
  try {
    while (next !== undefined) {
      const chunk: Chunk<Item[], Range> = await next;
      next = chunk.rest === undefined ? undefined : fetch(chunk.rest, abort);
      // It is awaited in the next round; until then a failure is nobody's yet.
      next?.catch(() => {});
      if (chunk.items.length > 0) yield chunk.items;
    }
  } finally {
    left.abort();
  }
}
