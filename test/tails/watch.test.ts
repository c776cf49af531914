/** WatchSessions: the listing, what happens then, and how it is resumed. */
import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { ClosingReason, type WatchSessionsResponse } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { encodeWatchCursor } from "../../src/rpc/watch-cursor.ts";
import { type Api, doors, failureOf, newEvent, newKey, storeNames, useServer } from "../api/harness.ts";
import { ListState, LiveList } from "./support/live-list.ts";

const open: LiveList[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((list) => list.close()));
});

function watch(...input: ConstructorParameters<typeof LiveList>): LiveList {
  const list = new LiveList(...input);
  open.push(list);
  return list;
}

describe.each(storeNames)("%s", (store) => {
  // Small frames, so that a listing has many.
  const server = useServer(store, ["--frame-bytes", "1KiB"]);

  describe.each(doors)("%s", (door) => {
    const client = (): Api => server.client(door);

    test("what is there is listed, then what happens is told", async () => {
      const api = client();
      const { appName } = newKey();
      const keys = ["a", "b", "c"].map((sessionId) => ({ appName, userId: "ana", sessionId }));
      for (const key of keys) await api.createSession({ key });
      const list = await watch(api, { key: { appName } }).until("caughtUp");
      expect(list.kinds[0]).toBe("opened");
      expect(new Set(list.kinds)).toEqual(new Set(["opened", "listed", "caughtUp"]));
      for (const { cursor, serverTime } of list.frames) {
        expect(cursor).not.toBe("");
        expect(serverTime).toBeDefined();
      }

      const [key] = keys as [(typeof keys)[0]];
      const made = { appName, userId: "ben", sessionId: "d" };
      await api.createSession({ key: made, displayName: "title", labels: { l: "1" } });
      await list.converged(api, { appName });
      expect(list.frames.at(-1)?.frame).toMatchObject({
        case: "created",
        value: { session: { key: made, displayName: "title", labels: { l: "1" }, state: {} } },
      });
      await api.appendEvent({ key, event: newEvent() });
      await list.converged(api, { appName });
      expect(list.frames.at(-1)?.frame).toMatchObject({
        case: "changed",
        value: { session: { key, revision: 2n, headSeq: 1n } },
      });
      await api.updateSession({ key, displayName: "other" });
      await list.converged(api, { appName });
      expect(list.frames.at(-1)?.frame).toMatchObject({
        case: "changed",
        value: { session: { key, displayName: "other" } },
      });
      const uid = list.state.sessions.get("ben/d")?.uid;
      await api.deleteSession({ key: made });
      await list.converged(api, { appName });
      const { frame } = list.frames.at(-1) as WatchSessionsResponse;
      expect(frame).toMatchObject({ case: "deleted", value: { key: made, uid } });
      expect(frame.case === "deleted" && frame.value.deleteTime).toBeTruthy();
    });

    test("nothing is lost while writers run, and every cursor leads to the same list", async () => {
      const api = client();
      const { appName } = newKey();
      const users = ["ana", "ben"];
      for (let at = 0; at < 16; at++) {
        await api.createSession({ key: { appName, userId: users[at % 2] ?? "", sessionId: `old${at}` } });
      }
      let stop = false;
      const writers = Array.from({ length: 3 }, async (_, writer) => {
        for (let at = 0; !stop; at++) {
          const userId = users[(at + writer) % 2] ?? "";
          const key = { appName, userId, sessionId: `old${(at * 7 + writer * 13) % 16}` };
          const own = { appName, userId, sessionId: `new${writer}-${at}` };
          if (at % 4 === 0) await api.createSession({ key: own });
          else if (at % 4 === 1) await api.deleteSession({ key });
          else await api.appendEvent({ key, event: newEvent(), createSession: true });
        }
      });
      const list = await watch(api, { key: { appName } }).until("caughtUp");
      const user = await watch(api, { key: { appName, userId: "ana" } }).until("caughtUp");
      await expect
        .poll(() => list.frames.filter(({ frame }) => frame.case === "deleted").length)
        .toBeGreaterThan(5);
      stop = true;
      await Promise.all(writers);
      await list.converged(api, { appName });
      await user.converged(api, { appName, userId: "ana" });
      expect([...user.state.sessions.keys()].filter((name) => !name.startsWith("ana/"))).toEqual([]);

      const listedFrames = list.frames.filter(({ frame }) => frame.case === "listed");
      expect(listedFrames.length).toBeGreaterThan(3);
      for (const { frames, key } of [
        { frames: list.frames, key: { appName } },
        { frames: user.frames, key: { appName, userId: "ana" } },
      ]) {
        const state = new ListState();
        const cursors = new Map<string, ListState>();
        for (const frame of frames) {
          state.apply(frame);
          // Of several frames with one cursor the first and the last.
          if (!cursors.has(frame.cursor)) cursors.set(frame.cursor, new ListState(state.sessions));
        }
        cursors.set(frames.at(-1)?.cursor ?? "", state);
        for (const [cursor, { sessions }] of cursors) {
          const resumed = await watch(api, { key, cursor }, sessions).until("caughtUp");
          expect(resumed.kinds).not.toContain("reset");
          await resumed.converged(api, key);
          await resumed.close();
        }
      }
    });

    test("a resumed list hears of what was created, changed and deleted meanwhile", async () => {
      const api = client();
      const { appName } = newKey();
      const key = (sessionId: string) => ({ appName, userId: "ana", sessionId });
      for (const id of ["changed", "deleted", "again", "same"]) await api.createSession({ key: key(id) });
      const first = await watch(api, { key: { appName } }).until("caughtUp");
      await first.close();
      const cursor = first.frames.at(-1)?.cursor ?? "";
      await api.appendEvent({ key: key("changed"), event: newEvent() });
      await api.deleteSession({ key: key("deleted") });
      await api.deleteSession({ key: key("again") });
      await api.createSession({ key: key("again") });
      await api.createSession({ key: key("created") });
      const resumed = await watch(api, { key: { appName }, cursor }, first.state.sessions).until("caughtUp");
      expect(resumed.kinds).not.toContain("listed");
      await resumed.converged(api, { appName });
      const told = (kind: "created" | "changed") =>
        resumed.frames.flatMap(({ frame }) =>
          frame.case === kind ? [frame.value.session?.key?.sessionId] : [],
        );
      expect(told("created").sort()).toEqual(["again", "created"]);
      expect(told("changed")).toContain("changed");
      const gone = resumed.frames.flatMap(({ frame }) =>
        frame.case === "deleted" ? [frame.value.key?.sessionId] : [],
      );
      expect(gone.sort()).toEqual(["again", "deleted"]);
    });

    test("a session made again is told apart from the one before", async () => {
      const api = client();
      const key = newKey();
      const { appName } = key;
      const uids = [(await api.createSession({ key })).session?.uid];
      const list = await watch(api, { key: { appName } }).until("caughtUp");
      for (let at = 0; at < 3; at++) {
        await api.deleteSession({ key });
        uids.push((await api.createSession({ key })).session?.uid);
      }
      await list.converged(api, { appName });
      const gone = () =>
        list.frames.flatMap(({ frame }) => (frame.case === "deleted" ? [frame.value.uid] : []));
      await expect.poll(() => gone().sort()).toEqual(uids.slice(0, 3).sort());
      await list.converged(api, { appName });
    });

    test("a user's list has nothing of another's", async () => {
      const api = client();
      const { appName } = newKey();
      const key = (userId: string, sessionId = "s") => ({ appName, userId, sessionId });
      for (const userId of ["ana", "Ana", "ben"]) await api.createSession({ key: key(userId) });
      const list = await watch(api, { key: { appName, userId: "ana" } }).until("caughtUp");
      for (const userId of ["Ana", "ben", "ana"]) {
        await api.createSession({ key: key(userId, "t") });
        await api.deleteSession({ key: key(userId) });
      }
      await list.until("deleted");
      await list.converged(api, { appName, userId: "ana" });
      const all = list.frames.flatMap(({ frame }) => {
        if (frame.case === "listed") return frame.value.sessions.map((session) => session.key?.userId);
        if (frame.case === "created" || frame.case === "changed") return [frame.value.session?.key?.userId];
        return frame.case === "deleted" ? [frame.value.key?.userId] : [];
      });
      expect(new Set(all)).toEqual(new Set(["ana"]));
    });

    test("state comes where it is asked for", async () => {
      const api = client();
      const key = newKey();
      const { appName } = key;
      await api.createSession({ key, state: { a: "1", "user:b": "2", "app:c": "3" } });
      const list = await watch(api, { key: { appName }, includeState: true }).until("caughtUp");
      expect(list.state.sessions.get("ana/s1")?.state).toEqual({ a: "1", "user:b": "2", "app:c": "3" });
      await api.appendEvent({ key, event: newEvent({ stateDelta: { a: "4" } }) });
      const other = { ...key, sessionId: "s2" };
      await api.createSession({ key: other, state: { d: "5" } });
      await list.converged(api, { appName });
      expect(list.state.sessions.get("ana/s1")?.state).toEqual({ a: "4", "user:b": "2", "app:c": "3" });
      expect(list.state.sessions.get("ana/s2")?.state).toEqual({ d: "5", "user:b": "2", "app:c": "3" });
      const cursor = list.frames[0]?.cursor ?? "";
      const resumed = await watch(api, { key: { appName }, includeState: true, cursor }).until("caughtUp");
      await resumed.converged(api, { appName });
      expect(resumed.state.sessions.get("ana/s2")?.state).toEqual({ d: "5", "user:b": "2", "app:c": "3" });
    });

    test("max_listed bounds the listing to the newest, and nothing else", async () => {
      const api = client();
      const { appName } = newKey();
      const key = (sessionId: string) => ({ appName, userId: "ana", sessionId });
      for (let at = 0; at < 12; at++) await api.createSession({ key: key(`s${at}`) });
      const newest = await watch(api, { key: { appName }, maxListed: 5 }).until("caughtUp");
      const expected = (await api.listSessions({ key: { appName }, pageSize: 5 })).sessions;
      expect([...newest.state.sessions.values()]).toEqual(expected);
      const none = await watch(api, { key: { appName }, maxListed: 0 }).until("caughtUp");
      expect(none.kinds).toEqual(["opened", "caughtUp"]);
      await api.appendEvent({ key: key("s0"), event: newEvent() });
      for (const list of [newest, none]) {
        await list.until("changed");
        expect(list.state.sessions.get("ana/s0")?.headSeq).toBe(1n);
      }
      // A resume within the listing heeds it, too.
      for (const [at, { cursor }] of newest.frames.entries()) {
        const before = new ListState();
        for (const frame of newest.frames.slice(0, at + 1)) before.apply(frame);
        const resumed = await watch(api, { key: { appName }, cursor }, before.sessions).until("caughtUp");
        // What changed within the overlap may come beside them.
        const now = (await api.listSessions({ key: { appName }, pageSize: 5 })).sessions;
        for (const { key: has } of now)
          expect([...resumed.state.sessions.keys()]).toContain(`ana/${has?.sessionId}`);
        await resumed.close();
      }
    });

    test("a cursor that is too old leads to a reset and a fresh listing", async () => {
      const api = client();
      const key = newKey();
      const { appName } = key;
      await api.createSession({ key });
      for (const age of [25 * 3_600_000, -3_600_000]) {
        const through = (Date.now() - age) * 1_000;
        const cursor = encodeWatchCursor({ appName }, { through, listing: undefined });
        const list = await watch(api, { key: { appName }, cursor }).until("caughtUp");
        expect(list.kinds).toEqual(["opened", "reset", "listed", "caughtUp"]);
        await list.converged(api, { appName });
      }
      const recent = encodeWatchCursor(
        { appName },
        { through: (Date.now() - 3_600_000) * 1_000, listing: undefined },
      );
      const list = await watch(api, { key: { appName }, cursor: recent }).until("caughtUp");
      expect(list.kinds).toEqual(["opened", "created", "caughtUp"]);
    });

    test("cursors of other lists and damaged ones are refused", async () => {
      const api = client();
      const { appName } = newKey();
      const cursor = encodeWatchCursor({ appName }, { through: Date.now() * 1_000, listing: undefined });
      for (const request of [
        { key: { appName, userId: "ana" }, cursor },
        { key: { appName: randomUUID() }, cursor },
        { key: { appName }, cursor: `${cursor}x` },
      ]) {
        expect(await failureOf(api.watchSessions(request))).toMatchObject({
          code: "INVALID_ARGUMENT",
          reason: "INVALID_CURSOR",
          fields: ["cursor"],
        });
      }
      const wrong = { key: { appName: "" }, maxListed: -1 };
      expect((await failureOf(api.watchSessions(wrong))).fields).toEqual(["key.app_name", "max_listed"]);
    });

    test("a silent list has heartbeats, whose cursors go on", async () => {
      const api = client();
      const key = newKey();
      const { appName } = key;
      const heartbeatInterval = { seconds: 0n, nanos: 1 } as never;
      const list = await watch(api, { key: { appName }, heartbeatInterval }).until("heartbeat");
      expect(list.frames[0]?.frame).toMatchObject({
        case: "opened",
        value: { heartbeatInterval: { seconds: 1n, nanos: 0 } },
      });
      await api.createSession({ key });
      await list.converged(api, { appName });
      const cursor = list.frames.find(({ frame }) => frame.case === "heartbeat")?.cursor ?? "";
      const resumed = await watch(api, { key: { appName }, cursor }).until("caughtUp");
      await resumed.converged(api, { appName });
    });
  });
});

describe("a server that goes down", () => {
  // Whatever the store: it has no part in this.
  const server = useServer("sqlite");

  test.each(doors)("%s: the list is told to resume", async (door) => {
    const api = server.client(door);
    const key = newKey();
    const { appName } = key;
    await api.createSession({ key });
    const list = await watch(api, { key: { appName } }).until("caughtUp");
    await server.server.stop();
    await list.ended();
    expect(list.end).toEqual({ error: undefined });
    expect(list.frames.at(-1)?.frame).toMatchObject({
      case: "closing",
      value: { reason: ClosingReason.SHUTTING_DOWN },
    });
    await server.restart();
    const again = server.client(door);
    await again.createSession({ key: { ...key, sessionId: "later" } });
    const cursor = list.frames.at(-1)?.cursor ?? "";
    const resumed = await watch(again, { key: { appName }, cursor }, list.state.sessions).until("caughtUp");
    expect(resumed.kinds).not.toContain("listed");
    await resumed.converged(again, { appName });
  });
});
