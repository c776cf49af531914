/** The TypeScript helper under the same histories and faults: never a gap, never a double, whatever breaks. */
import type { Client } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorReason } from "../../clients/typescript/src/errors.ts";
import { ErrorReason } from "../../clients/typescript/src/gen/sessiond/v1/error_pb.ts";
import type { SessionService } from "../../clients/typescript/src/gen/sessiond/v1/session_service_pb.ts";
import { type TailOptions, tail } from "../../clients/typescript/src/tail.ts";
import { watch } from "../../clients/typescript/src/watch.ts";
import { type Api, type Key, newEvent, newEvents, newKey, storeNames } from "../api/harness.ts";
import { seedsOf } from "../model/round.ts";
import { Random } from "../store/random.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { changeText } from "./log.ts";
import { nothingWritten, readTruth, untilAnswered, write } from "./writers.ts";

/** Waits that a test need not sit out. */
const backoff = { initialMs: 10, maxMs: 200 };

/** The generated clients of server and helper are twins of the same contract. */
function helperClient(api: Api): Client<typeof SessionService> {
  return api as unknown as Client<typeof SessionService>;
}

/** Each connection of a helper goes to another server. */
function anyServer(cluster: Cluster, random: Random): Client<typeof SessionService> {
  return {
    ...helperClient(cluster.api(random)),
    streamEvents: (request, options) => helperClient(cluster.api(random)).streamEvents(request, options),
  };
}

interface Received {
  readonly seqs: number[];
  readonly changes: Map<number, string>;
  openedRevision: number;
  reconnects: number;
}

/** Follows until the session is at a place that is told later. */
async function receive(
  client: Client<typeof SessionService>,
  options: Omit<TailOptions, "backoff">,
  done: Promise<{ headSeq: number; revision: number }>,
): Promise<Received> {
  const received: Received = { seqs: [], changes: new Map(), openedRevision: 0, reconnects: 0 };
  const stop = new AbortController();
  let goal: { headSeq: number; revision: number } | undefined;
  let at = { seq: 0, revision: 0 };
  const check = () => {
    if (goal !== undefined && at.seq >= goal.headSeq && at.revision >= goal.revision) stop.abort();
  };
  void done.then((given) => {
    goal = given;
    check();
  });
  for await (const update of tail(client, { ...options, backoff, signal: stop.signal })) {
    if (update.kind === "waiting") received.reconnects++;
    else at = { ...at, seq: Number(update.seq) };
    if (update.kind === "opened" && !update.resumed) {
      received.openedRevision = Number(update.session.revision);
      at = { ...at, revision: received.openedRevision };
    } else if (update.kind === "events") {
      for (const event of update.events) {
        received.seqs.push(Number(event.seq));
        at = { ...at, revision: Math.max(at.revision, Number(event.revision)) };
      }
    } else if (update.kind === "changed") {
      expect(received.changes.has(Number(update.change.revision))).toBe(false);
      received.changes.set(Number(update.change.revision), changeText(update.change));
      at = { ...at, revision: Math.max(at.revision, Number(update.change.revision)) };
    }
    check();
  }
  return received;
}

describe.each(storeNames)("%s", (store) => {
  let cluster: Cluster;
  beforeAll(async () => {
    const args = ["--frame-bytes", "64KiB", "--tail-poll", "50ms", "--tail-poll-busy", "20ms"];
    cluster = await startCluster(store, store === "sqlite" ? 1 : 2, args);
  }, serverTimeout);
  afterAll(() => cluster.close());

  test.each([
    ["cuts", 10, (random: Random) => cutAFewTimes(cluster, random)],
    ["kills", 2, (random: Random) => cluster.kill(random)],
  ] as const)("a tail goes on through %s", { timeout: 240_000 }, async (_, rounds, fault) => {
    for (const seed of seedsOf(rounds)) {
      const random = new Random(seed);
      const key = newKey();
      const api = () => cluster.api(random);
      await untilAnswered(() => api().createSession({ key, requestId: `create ${seed}` }));
      const written = nothingWritten();
      // What one of the tails begins after.
      const first = newEvents(2);
      await untilAnswered(() => api().batchAppendEvents({ key, events: first }));
      await write(api, key, random, 5, written);
      const done = Promise.withResolvers<{ headSeq: number; revision: number }>();
      const tails = [{}, { afterSeq: 2n }, { numRecentEvents: 3 }].map((start) =>
        receive(anyServer(cluster, random), { key, ...start }, done.promise),
      );
      await Promise.all([write(api, key, random, 25, written), fault(random)]);
      const truth = await readTruth(api, key, written);
      done.resolve(truth);
      for (const { seqs, changes, openedRevision } of await Promise.all(tails)) {
        const [first = truth.headSeq + 1] = seqs;
        const expected = Array.from({ length: truth.headSeq - first + 1 }, (_, at) => first + at);
        expect(seqs, `seed ${seed}`).toEqual(expected);
        const due = [...truth.changes].filter(([revision]) => revision > openedRevision);
        expect(
          [...changes].sort(([a], [b]) => a - b),
          `seed ${seed}`,
        ).toEqual(due.map(([revision, { text }]) => [revision, text] as const).sort(([a], [b]) => a - b));
      }
    }
  });

  test("a tail ends when its session is deleted, and an unknown session is an error", async () => {
    const random = new Random(1);
    const api = cluster.api(random);
    const key = newKey();
    await untilAnswered(() => api.createSession({ key, requestId: key.appName }));
    const client = helperClient(api);
    const ends: string[] = [];
    for await (const update of tail(client, { key, backoff })) {
      if (update.kind === "caughtUp") await api.deleteSession({ key });
      if (update.kind === "ended") ends.push(update.reason);
    }
    expect(ends).toEqual(["deleted"]);
    const missing = tail(client, { key, backoff }).next();
    await expect(missing).rejects.toSatisfy((error) => errorReason(error) === ErrorReason.SESSION_NOT_FOUND);
  });

  test("a worker that keeps its cursor gets again what it did not acknowledge", async () => {
    const random = new Random(2);
    const api = cluster.api(random);
    const key = newKey();
    // The server that this client knew may have been killed: its channel waits a while before it tries again.
    await untilAnswered(() => api.createSession({ key, requestId: key.appName }));
    await api.batchAppendEvents({ key, events: newEvents(3) });
    let cursor = "";
    /** Takes updates until one has the event, and dies before or after it acknowledged that one. */
    const work = async (until: number, dies: "before" | "after") => {
      const seqs: number[] = [];
      const updates = tail(helperClient(api), { key, backoff, ...(cursor === "" ? {} : { cursor }) });
      for await (const update of updates) {
        if (update.kind === "events") seqs.push(...update.events.map(({ seq }) => Number(seq)));
        const last = seqs.includes(until);
        if (last && dies === "before") break;
        if (update.kind !== "waiting") cursor = update.cursor;
        if (last) break;
      }
      return seqs;
    };
    expect(await work(3, "before")).toEqual([1, 2, 3]);
    expect(await work(3, "after")).toEqual([1, 2, 3]);
    await api.appendEvent({ key, event: newEvent() });
    expect(await work(4, "after")).toEqual([4]);
  });

  test("a live list goes on through cuts and a kill and agrees with ListSessions", {
    timeout: 240_000,
  }, async () => {
    const random = new Random(3);
    const { appName } = newKey();
    const list = new Map<string, { uid: string; revision: bigint }>();
    const stop = new AbortController();
    const api = () => cluster.api(random);
    const changed = new Set<() => void>();
    const watching = (async () => {
      for await (const update of watch(helperClient(api()), {
        key: { appName },
        backoff,
        signal: stop.signal,
      })) {
        if (update.kind === "reset") list.clear();
        const sessions =
          update.kind === "listed" ? update.sessions : "session" in update ? [update.session] : [];
        for (const { key, uid, revision } of sessions) {
          const old = list.get(key?.sessionId ?? "");
          if (old?.uid !== uid || old.revision < revision) list.set(key?.sessionId ?? "", { uid, revision });
        }
        if (update.kind === "deleted" && list.get(update.key?.sessionId ?? "")?.uid === update.uid) {
          list.delete(update.key?.sessionId ?? "");
        }
        for (const tell of changed) tell();
      }
    })();
    for (let call = 0; call < 40; call++) {
      const key: Key = { appName, userId: "u", sessionId: `s${random.below(6)}` };
      if (random.below(4) === 0)
        await untilAnswered(() => api().deleteSession({ key, requestId: `d${call}` }));
      else {
        const event = newEvent({ id: `e${call}` });
        await untilAnswered(() => api().appendEvent({ key, event, createSession: true }));
      }
      if (call % 10 === 5) cluster.cut(random);
      if (call === 20) await cluster.kill(random);
    }
    const { sessions } = await untilAnswered(() => api().listSessions({ key: { appName } }));
    const expected = sessions.map(({ key, uid, revision }) => [key?.sessionId, uid, revision]).sort();
    await new Promise<void>((resolve) => {
      const check = () => {
        const now = [...list].map(([id, { uid, revision }]) => [id, uid, revision]).sort();
        if (String(now) === String(expected)) resolve();
      };
      changed.add(check);
      check();
    });
    stop.abort();
    await watching;
    expect([...list].map(([id, { uid, revision }]) => [id, uid, revision]).sort()).toEqual(expected);
  });
});

async function cutAFewTimes(cluster: Cluster, random: Random): Promise<void> {
  for (let cut = 0; cut < 4; cut++) {
    await untilAnswered(() => cluster.api(random).listApps({ pageSize: 1 }));
    cluster.cut(random);
  }
}
