/** The engine as a `Store`: each call goes to the pool that it belongs to. */
import type { PoolStats } from "../connections.ts";
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
import { append } from "./append.ts";
import { listChanges, readChanges } from "./changes.ts";
import { createSessions } from "./create.ts";
import { listScopeEvents, readEvents, readStateDeltas, seqBeforeNewest } from "./events.ts";
import { sessionHeads } from "./heads.ts";
import { KnownHeads } from "./known-heads.ts";
import { KnownStateIndexes } from "./known-state-indexes.ts";
import { listApps, listSessions, listUsers } from "./lists.ts";
import type { Pool } from "./pool.ts";
import { sweepRequests } from "./requests.ts";
import { deleteSession, getSession, openHistory, updateSession, updateSharedState } from "./sessions.ts";
import { getSharedState } from "./state.ts";
import { listTombstones, sweepTombstones } from "./tombstones.ts";
import { read } from "./transaction.ts";

/** What the store works with. */
export interface MysqlStoreParts {
  readonly capabilities: StoreCapabilities;
  readonly writes: Pool;
  readonly reads: Pool;
  readonly maxJsonDepth: number;
  readonly maxPacketBytes: number;
}

export class MysqlStore implements Store {
  readonly capabilities: StoreCapabilities;
  private readonly parts: MysqlStoreParts;
  private readonly stateIndexes: KnownStateIndexes;
  private readonly heads = new KnownHeads();

  constructor(parts: MysqlStoreParts) {
    this.capabilities = parts.capabilities;
    this.parts = parts;
    this.stateIndexes = new KnownStateIndexes(parts.reads);
  }

  async ping(signal?: AbortSignal): Promise<void> {
    await read(this.parts.reads, signal, (connection) =>
      connection.execute("SELECT 1 FROM adk_schema_versions LIMIT 1", []),
    );
  }

  poolStats(): readonly PoolStats[] {
    return [this.parts.writes.stats(), this.parts.reads.stats()];
  }

  async createSessions(group: readonly CreateSessionInput[], signal?: AbortSignal): Promise<CreateOutcome[]> {
    const outcomes = await createSessions(this.parts.writes, group, this.parts.maxJsonDepth, signal);
    for (const outcome of outcomes) if (outcome.ok) this.heads.see(outcome.session);
    return outcomes;
  }

  async getSession(key: SessionKey, signal?: AbortSignal): Promise<SessionRecord | undefined> {
    const session = await getSession(this.parts.reads, key, true, signal);
    // Who reads a session is about to append to it.
    if (session !== undefined) this.heads.see(session);
    return session;
  }

  async openHistory(opening: HistoryOpening, signal?: AbortSignal): Promise<OpenedHistory | undefined> {
    const opened = await openHistory(this.parts.reads, opening, signal);
    if (opened !== undefined) this.heads.see(opened.session);
    return opened;
  }

  getSessionRow(key: SessionKey, signal?: AbortSignal): Promise<SessionRecord | undefined> {
    return getSession(this.parts.reads, key, false, signal);
  }

  updateSession(input: UpdateSessionInput, signal?: AbortSignal): Promise<SessionRecord> {
    return updateSession(this.parts.writes, input, this.parts.maxJsonDepth, signal);
  }

  deleteSession(input: DeleteSessionInput, signal?: AbortSignal): Promise<boolean> {
    return deleteSession(this.parts.writes, input, signal);
  }

  sessionHeads(keys: readonly SessionKey[], signal?: AbortSignal): Promise<HeadRecord[]> {
    return sessionHeads(this.parts.reads, keys, signal);
  }

  listSessions(input: ListSessionsInput, signal?: AbortSignal): Promise<SessionRecord[]> {
    return listSessions(this.parts.reads, this.stateIndexes, input, signal);
  }

  listTombstones(input: ListTombstonesInput, signal?: AbortSignal): Promise<Tombstone[]> {
    return listTombstones(this.parts.reads, input, signal);
  }

  listApps(after: string | undefined, limit: number, signal?: AbortSignal): Promise<string[]> {
    return listApps(this.parts.reads, after, limit, signal);
  }

  listUsers(
    appName: string,
    after: string | undefined,
    limit: number,
    signal?: AbortSignal,
  ): Promise<string[]> {
    return listUsers(this.parts.reads, appName, after, limit, signal);
  }

  append(group: readonly AppendInput[], signal?: AbortSignal): Promise<AppendOutcome[]> {
    const { maxJsonDepth, maxPacketBytes } = this.parts;
    const { maxEventBytes, maxAppendBytes } = this.capabilities;
    const options = { maxEventBytes, maxAppendBytes, maxJsonDepth, maxPacketBytes };
    return append(this.parts.writes, this.heads, group, options, signal);
  }

  readEvents(range: EventRange, signal?: AbortSignal): AsyncIterable<StoredEvent[]> {
    return readEvents(this.parts.reads, range, signal);
  }

  seqBeforeNewest(input: NewestInput, signal?: AbortSignal): Promise<number> {
    return seqBeforeNewest(this.parts.reads, input, signal);
  }

  listScopeEvents(input: ListScopeEventsInput, signal?: AbortSignal): Promise<ScopeEvent[]> {
    return listScopeEvents(this.parts.reads, input, signal);
  }

  listChanges(key: SessionKey, throughSeq: number, signal?: AbortSignal): Promise<SessionChange[]> {
    return listChanges(this.parts.reads, key, throughSeq, signal);
  }

  readChanges(range: ChangeRange, signal?: AbortSignal): Promise<SessionChange[]> {
    return readChanges(this.parts.reads, range, signal);
  }

  readStateDeltas(range: DeltaRange, signal?: AbortSignal): AsyncIterable<EventDelta[]> {
    return readStateDeltas(this.parts.reads, range, signal);
  }

  getSharedState(appName: string, userId: string | undefined, signal?: AbortSignal): Promise<State> {
    return getSharedState(this.parts.reads, appName, userId, signal);
  }

  updateSharedState(
    input: UpdateSharedStateInput,
    signal?: AbortSignal,
  ): Promise<{ readonly updateMicros: number }> {
    return updateSharedState(this.parts.writes, input, this.parts.maxJsonDepth, signal);
  }

  sweepRequests(beforeMicros: number, signal?: AbortSignal): Promise<number> {
    return sweepRequests(this.parts.writes, beforeMicros, signal);
  }

  sweepTombstones(beforeMicros: number, signal?: AbortSignal): Promise<number> {
    return sweepTombstones(this.parts.writes, beforeMicros, signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.parts.writes.close(), this.parts.reads.close()]);
  }
}
