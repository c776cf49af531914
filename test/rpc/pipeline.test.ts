/** When appends are committed, and with which others: a matter of order, so the store is one that waits on command. */
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { WritePipeline, type WritePipelineOptions } from "../../src/pipeline/write-pipeline.ts";
import { RpcError } from "../../src/rpc/errors.ts";
import { StoreError } from "../../src/store/errors.ts";
import { EMPTY_DELTA } from "../../src/store/state.ts";
import type {
  AppendInput,
  AppendOutcome,
  CreateOutcome,
  CreateSessionInput,
  NewEvent,
  SessionRecord,
  StoreCapabilities,
} from "../../src/store/store.ts";

const capabilities: StoreCapabilities = {
  description: "test",
  maxEventBytes: 1_000,
  maxAppendBytes: 1_000,
  shared: false,
  durability: { settings: new Map(), losesCommitsOnCrash: false },
};

/** Holds every commit until the test ends it. */
class HeldStore {
  readonly capabilities = capabilities;
  readonly commits: {
    readonly ids: string[];
    readonly end: (fail?: unknown) => void;
    readonly signal: AbortSignal | undefined;
  }[] = [];

  append(group: readonly AppendInput[], signal?: AbortSignal): Promise<AppendOutcome[]> {
    const ids = group.map((input) => input.events[0]?.id ?? "");
    return this.hold(ids, () => group.map(outcome), signal);
  }

  createSessions(group: readonly CreateSessionInput[], signal?: AbortSignal): Promise<CreateOutcome[]> {
    const ids = group.map(({ key }) => key.sessionId);
    return this.hold(ids, () => group.map(created), signal);
  }

  private hold<T>(ids: string[], outcomes: () => T, signal: AbortSignal | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (failure?: unknown) => {
        if (failure === undefined) resolve(outcomes());
        else reject(failure);
      };
      this.commits.push({ ids, end, signal });
    });
  }

  /** Ends the commit of this number, which must have begun. */
  async end(number: number, failure?: unknown): Promise<void> {
    const commit = this.commits[number];
    if (commit === undefined) throw new Error(`commit ${number} has not begun`);
    commit.end(failure);
    await turn();
  }

  get groups(): string[][] {
    return this.commits.map((commit) => commit.ids);
  }
}

function outcome(input: AppendInput): AppendOutcome {
  const id = input.events[0]?.id ?? "";
  if (id.startsWith("bad")) return { ok: false, error: new StoreError("STALE_SESSION", "stale") };
  return {
    ok: true,
    uid: "u",
    headSeq: 1,
    events: [{ id, timestamp: 0, seq: 1, revision: 1, createMicros: 0 }],
    repeated: false,
  };
}

function created({ key, uid }: CreateSessionInput): CreateOutcome {
  if (key.sessionId.startsWith("bad")) {
    return { ok: false, error: new StoreError("SESSION_ALREADY_EXISTS", "taken") };
  }
  return { ok: true, session: { key, uid } as SessionRecord };
}

function newSession(sessionId: string): CreateSessionInput {
  return {
    key: { appName: "app", userId: "user", sessionId },
    uid: `uid-${sessionId}`,
    nowMicros: 0,
    ownerId: "",
    displayName: "",
    labels: new Map(),
    delta: EMPTY_DELTA,
    request: undefined,
  };
}

/** An append of one event; `id` begins with its session's name. */
function input(session: string, id: string, bytes = 10): AppendInput {
  const event: NewEvent = {
    id,
    invocationId: "",
    author: "",
    branch: undefined,
    timestamp: 0,
    partial: undefined,
    turnComplete: undefined,
    interrupted: undefined,
    errorCode: undefined,
    errorMessage: undefined,
    longRunningToolIds: undefined,
    actions: "",
    content: "",
    groundingMetadata: "",
    customMetadata: "",
    extra: "",
    stateDelta: new Map(),
    removedStateKeys: [],
    writerLanguage: "",
    writerAdkVersion: "",
    digest: new Uint8Array(32),
    bytes,
    delta: EMPTY_DELTA,
  };
  return {
    key: { appName: "app", userId: "user", sessionId: session },
    expected: { uid: undefined, revision: undefined },
    nowMicros: 0,
    events: [event],
    createUid: undefined,
    createOwnerId: "",
  };
}

function open(options: Partial<WritePipelineOptions> = {}): { store: HeldStore; pipeline: WritePipeline } {
  const store = new HeldStore();
  const pipeline = new WritePipeline(store, {
    maxQueued: 100,
    maxQueuedBytes: 10_000,
    maxCommits: 1,
    ...options,
  });
  return { store, pipeline };
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "OK",
    (error) => (error instanceof RpcError || error instanceof StoreError ? error.reason : String(error)),
  );
}

describe("the append pipeline", () => {
  it("commits at once when idle, and what arrives meanwhile together afterwards", async () => {
    const { store, pipeline } = open();
    const all = ["1", "2", "3"].map((id) => pipeline.append(input(`s${id}`, id)));
    expect(store.groups).toEqual([["1"]]);
    await store.end(0);
    expect(store.groups).toEqual([["1"], ["2", "3"]]);
    await store.end(1);
    expect((await Promise.all(all)).map(({ events }) => events[0]?.id)).toEqual(["1", "2", "3"]);
  });

  it("commits together what is added together, also when idle and when the adding fails", async () => {
    const { store, pipeline } = open();
    const all = pipeline.together(() => ["1", "2"].map((id) => pipeline.append(input(`s${id}`, id))));
    expect(store.groups).toEqual([["1", "2"]]);
    const failing = () =>
      pipeline.together(() => {
        all.push(pipeline.append(input("s3", "3")));
        throw new Error("no more");
      });
    expect(failing).toThrow("no more");
    await store.end(0);
    await store.end(1);
    await Promise.all(all);
    expect(store.groups).toEqual([["1", "2"], ["3"]]);
  });

  it("answers each caller with its own outcome", async () => {
    const { store, pipeline } = open();
    const first = pipeline.append(input("s", "1"));
    const bad = reasonOf(pipeline.append(input("s", "bad")));
    const good = reasonOf(pipeline.append(input("s", "good")));
    await store.end(0);
    await store.end(1);
    await first;
    expect([await bad, await good]).toEqual(["STALE_SESSION", "OK"]);
  });

  it("keeps the order of arrival within a session and across groups", async () => {
    const { store, pipeline } = open({ maxGroupEvents: 2 });
    const ids = ["1", "2", "3", "4", "5", "6"];
    const all = ids.map((id) => pipeline.append(input("s", id)));
    for (let n = 0; n < 4; n++) await store.end(n);
    await Promise.all(all);
    expect(store.groups).toEqual([["1"], ["2", "3"], ["4", "5"], ["6"]]);
  });

  it("bounds a group by the bytes that the store takes", async () => {
    const { store, pipeline } = open();
    const all = [
      pipeline.append(input("a", "1", 10)),
      pipeline.append(input("b", "2", 600)),
      pipeline.append(input("c", "3", 600)),
      pipeline.append(input("d", "4", 400)),
    ];
    await store.end(0);
    await store.end(1);
    await store.end(2);
    await Promise.all(all);
    expect(store.groups).toEqual([["1"], ["2"], ["3", "4"]]);
  });

  it("refuses what would exceed the queue's count, and takes more when there is room", async () => {
    const { store, pipeline } = open({ maxQueued: 2 });
    const taken = ["1", "2", "3"].map((id) => pipeline.append(input("s", id)));
    expect(await reasonOf(pipeline.append(input("s", "4")))).toBe("SERVER_BUSY");
    await store.end(0);
    taken.push(pipeline.append(input("s", "5")));
    await store.end(1);
    await store.end(2);
    await Promise.all(taken);
    expect(store.groups).toEqual([["1"], ["2", "3"], ["5"]]);
  });

  it("refuses what would exceed the queue's bytes, but takes a large one if nothing waits", async () => {
    const { store, pipeline } = open({ maxQueuedBytes: 100 });
    const running = pipeline.append(input("s", "1", 90));
    const large = pipeline.append(input("s", "2", 900));
    expect(pipeline.waiting.appends).toEqual({ calls: 1, bytes: 900 });
    expect(await reasonOf(pipeline.append(input("s", "3", 1)))).toBe("SERVER_BUSY");
    await store.end(0);
    await store.end(1);
    await Promise.all([running, large]);
    expect(pipeline.waiting.appends).toEqual({ calls: 0, bytes: 0 });
  });

  it("takes out an append whose caller left before its commit began", async () => {
    const { store, pipeline } = open();
    const caller = new AbortController();
    const first = pipeline.append(input("s", "1"));
    const left = reasonOf(pipeline.append(input("s", "2"), caller.signal));
    const third = pipeline.append(input("s", "3"));
    caller.abort(new RpcError("CANCELLED", "left"));
    expect(await left).toBe("CANCELLED");
    expect(pipeline.waiting.appends).toEqual({ calls: 1, bytes: 10 });
    await store.end(0);
    await store.end(1);
    await Promise.all([first, third]);
    expect(store.groups).toEqual([["1"], ["3"]]);
  });

  it("lets a caller go whose commit has begun, and goes on with the others", async () => {
    const { store, pipeline } = open();
    const caller = new AbortController();
    const first = reasonOf(pipeline.append(input("s", "1"), caller.signal));
    const second = pipeline.append(input("s", "2"));
    caller.abort(new RpcError("DEADLINE_EXCEEDED", "late"));
    expect(await first).toBe("DEADLINE_EXCEEDED");
    expect(store.groups).toEqual([["1"]]);
    await store.end(0);
    await store.end(1);
    await second;
  });

  it("does not begin for a caller who has left already", async () => {
    const { store, pipeline } = open();
    const gone = AbortSignal.abort(new RpcError("CANCELLED", "left"));
    expect(await reasonOf(pipeline.append(input("s", "1"), gone))).toBe("CANCELLED");
    expect(store.groups).toEqual([]);
  });

  it("rejects every caller of a group that the database failed, and goes on", async () => {
    const { store, pipeline } = open();
    const failed = ["1", "2", "3"].map((id) => reasonOf(pipeline.append(input("s", id))));
    await store.end(0);
    const next = pipeline.append(input("s", "4"));
    await store.end(1, new StoreError("STORE_UNAVAILABLE", "away"));
    await store.end(2);
    await next;
    expect(await Promise.all(failed)).toEqual(["OK", "STORE_UNAVAILABLE", "STORE_UNAVAILABLE"]);
    expect(store.groups).toEqual([["1"], ["2", "3"], ["4"]]);
  });

  it("tries each alone when a failure may come from one append's data", async () => {
    const { store, pipeline } = open();
    const all = ["1", "2", "3"].map((id) => reasonOf(pipeline.append(input("s", id))));
    await store.end(0);
    await store.end(1, new StoreError("INTERNAL", "a row that the engine refuses"));
    await store.end(2, new StoreError("INTERNAL", "the same"));
    await store.end(3);
    expect(await Promise.all(all)).toEqual(["OK", "INTERNAL", "OK"]);
    expect(store.groups).toEqual([["1"], ["2", "3"], ["2"], ["3"]]);
  });

  it("has several commits in flight for different sessions, never two of one", async () => {
    const { store, pipeline } = open({ maxCommits: 2 });
    const all = [
      pipeline.append(input("a", "a1")),
      pipeline.append(input("a", "a2")),
      pipeline.append(input("b", "b1")),
      pipeline.append(input("a", "a3")),
      pipeline.append(input("c", "c1")),
    ];
    expect(store.groups).toEqual([["a1"], ["b1"]]);
    await store.end(1);
    expect(store.groups).toEqual([["a1"], ["b1"], ["c1"]]);
    await store.end(0);
    expect(store.groups).toEqual([["a1"], ["b1"], ["c1"], ["a2", "a3"]]);
    await store.end(2);
    await store.end(3);
    await Promise.all(all);
  });

  it("lets a commit know when the last of its callers has left, and only then", async () => {
    const { store, pipeline } = open();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = pipeline.append(input("s", "0"));
    const left = [one, two].map(({ signal }, at) =>
      reasonOf(pipeline.append(input("s", `${at + 1}`), signal)),
    );
    await store.end(0);
    one.abort(new RpcError("CANCELLED", "left"));
    expect(store.commits[1]?.signal?.aborted).toBe(false);
    two.abort(new RpcError("DEADLINE_EXCEEDED", "late"));
    expect(store.commits[1]?.signal?.aborted).toBe(true);
    await store.end(1, store.commits[1]?.signal?.reason);
    await first;
    expect(await Promise.all(left)).toEqual(["CANCELLED", "DEADLINE_EXCEEDED"]);
    // Nobody is left to try alone for.
    expect(store.groups).toEqual([["0"], ["1", "2"]]);
    expect(store.commits[0]?.signal?.aborted).toBe(false);
  });

  it("goes on for a caller without a deadline when the others have left", async () => {
    const { store, pipeline } = open();
    const caller = new AbortController();
    const first = pipeline.append(input("s", "0"));
    const left = reasonOf(pipeline.append(input("s", "1"), caller.signal));
    const stays = reasonOf(pipeline.append(input("s", "2")));
    await store.end(0);
    caller.abort(new RpcError("CANCELLED", "left"));
    expect(store.commits[1]?.signal?.aborted).toBe(false);
    await store.end(1, new StoreError("INTERNAL", "one of the rows"));
    await store.end(2);
    await first;
    expect([await left, await stays]).toEqual(["CANCELLED", "OK"]);
    expect(store.groups).toEqual([["0"], ["1", "2"], ["2"]]);
  });

  it("begins the next commit before it answers the last", async () => {
    const { store, pipeline } = open();
    const groups: string[][] = [];
    const first = pipeline.append(input("s", "1")).then(() => groups.push(...store.groups));
    const second = pipeline.append(input("s", "2"));
    await store.end(0);
    await first;
    expect(groups).toEqual([["1"], ["2"]]);
    await store.end(1);
    await second;
  });

  it("groups creates apart from appends, and answers each with its own outcome", async () => {
    const { store, pipeline } = open();
    const append = pipeline.append(input("a", "a1"));
    const all = ["c1", "c2", "bad", "c3"].map((id) => pipeline.create(newSession(id)));
    const told = Promise.all(
      all.map((one) =>
        one.then(
          ({ uid }) => uid,
          (error: StoreError) => error.reason,
        ),
      ),
    );
    expect(store.groups).toEqual([["a1"], ["c1"]]);
    expect(pipeline.waiting.creates.calls).toBe(3);
    await store.end(1);
    expect(store.groups).toEqual([["a1"], ["c1"], ["c2", "bad", "c3"]]);
    await store.end(2);
    await store.end(0);
    await append;
    expect(await told).toEqual(["uid-c1", "uid-c2", "SESSION_ALREADY_EXISTS", "uid-c3"]);
  });

  it("drains creates too", async () => {
    const { store, pipeline } = open();
    const all = ["c1", "c2"].map((id) => pipeline.create(newSession(id)));
    const draining = pipeline.drain();
    expect(await reasonOf(pipeline.create(newSession("c3")))).toBe("SHUTTING_DOWN");
    await store.end(0);
    await store.end(1);
    await Promise.all([draining, ...all]);
  });

  it("drains: ends what it took, refuses what comes", async () => {
    const { store, pipeline } = open();
    const all = ["1", "2"].map((id) => pipeline.append(input("s", id)));
    let drained = false;
    const draining = pipeline.drain().then(() => {
      drained = true;
    });
    expect(await reasonOf(pipeline.append(input("s", "3")))).toBe("SHUTTING_DOWN");
    await store.end(0);
    expect(drained).toBe(false);
    await store.end(1);
    await draining;
    await Promise.all(all);
    await pipeline.drain();
  });
});
