/** The writes that are committed in groups: appends, and creates of sessions. */
import { keyText } from "../store/append-plan.ts";
import type {
  AppendInput,
  AppendOutcome,
  CreateOutcome,
  CreateSessionInput,
  ScopeDelta,
  SessionRecord,
  Store,
} from "../store/store.ts";
import { type CommitReport, GroupCommit } from "./group-commit.ts";

/** A successful append. */
export type Appended = Extract<AppendOutcome, { ok: true }>;

/** The bounds of a pipeline, for appends and creates each; sizes are in bytes. */
export interface WritePipelineOptions {
  /** Most calls that wait, and their bytes. One that alone is larger is taken if nothing waits. */
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  /** Most commits at a time, never two of one session. */
  readonly maxCommits: number;
  /** Most events of one commit, 1,024 if absent: more would save little and make everyone wait. */
  readonly maxGroupEvents?: number;
  /** Told of every group when it goes to the store. Must not throw. */
  readonly onAppends?: (report: CommitReport) => void;
  readonly onCreates?: (report: CommitReport) => void;
}

const MAX_GROUP_EVENTS = 1_024;
/** Each has rows in several tables, and its answer the whole state. */
const MAX_GROUP_CREATES = 256;
const MAX_GROUP_BYTES = 16 * 1024 * 1024;

/** What a pipeline needs of a store. */
export type PipelineStore = Pick<Store, "append" | "createSessions" | "capabilities">;

/** Runs the appends and creates of a process. */
export class WritePipeline {
  private readonly appends: GroupCommit<AppendInput, AppendOutcome>;
  private readonly creates: GroupCommit<CreateSessionInput, CreateOutcome>;

  constructor(store: PipelineStore, options: WritePipelineOptions) {
    const { maxQueued, maxQueuedBytes, maxCommits } = options;
    const bounds = {
      maxQueued,
      maxQueuedBytes,
      maxCommits,
      maxGroupBytes: Math.min(MAX_GROUP_BYTES, store.capabilities.maxAppendBytes),
    };
    this.appends = new GroupCommit({
      ...bounds,
      commit: (group, signal) => store.append(group, signal),
      sessionOf: ({ key }) => keyText(key),
      weigh: ({ events }) => ({
        items: events.length,
        bytes: events.reduce((sum, event) => sum + event.bytes, 0),
      }),
      maxGroupItems: options.maxGroupEvents ?? MAX_GROUP_EVENTS,
      onCommit: options.onAppends,
    });
    this.creates = new GroupCommit({
      ...bounds,
      commit: (group, signal) => store.createSessions(group, signal),
      sessionOf: ({ key }) => keyText(key),
      weigh: (input) => ({ items: 1, bytes: createBytes(input) }),
      maxGroupItems: MAX_GROUP_CREATES,
      onCommit: options.onCreates,
    });
  }

  /** Commits one append, see `GroupCommit.add`. @throws as it does, StoreError as `Store.append` has them */
  append(input: AppendInput, signal?: AbortSignal): Promise<Appended> {
    return this.appends.add(input, signal);
  }

  /** Commits the appends that `work` makes before it returns in as few commits as may be. */
  together<T>(work: () => T): T {
    return this.appends.together(work);
  }

  /** Makes one session, see `GroupCommit.add`. @throws as it does, StoreError as `Store.createSessions` has them */
  async create(input: CreateSessionInput, signal?: AbortSignal): Promise<SessionRecord> {
    return (await this.creates.add(input, signal)).session;
  }

  /** Takes no more and resolves when what was taken has ended. */
  async drain(): Promise<void> {
    await Promise.all([this.appends.drain(), this.creates.drain()]);
  }

  /** What waits now, for metrics. */
  get waiting() {
    return { appends: this.appends.waiting, creates: this.creates.waiting };
  }
}

/** About what the texts of a create weigh. */
function createBytes({ displayName, labels, delta }: CreateSessionInput): number {
  let bytes = displayName.length + scopeBytes(delta.session) + scopeBytes(delta.user) + scopeBytes(delta.app);
  for (const [label, value] of labels) bytes += label.length + value.length;
  return bytes;
}

function scopeBytes({ set, remove }: ScopeDelta): number {
  let bytes = 0;
  for (const [key, value] of set) bytes += key.length + value.length;
  for (const key of remove) bytes += key.length;
  return bytes;
}
