/** CreateSession, GetSession, UpdateSession, DeleteSession, and the lists of what exists. */
import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import type { Session } from "../../gen/ts/sessiond/v1/session_pb.ts";
import { SessionOrder } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import {
  appOf,
  failureOf,
  newEvent,
  newEvents,
  newKey,
  overEveryClient,
  present,
  userOf,
} from "./harness.ts";

overEveryClient((subject) => {
  async function create(key = newKey(), fields = {}): Promise<Session> {
    const { session } = await subject.api.createSession({ key, ...fields });
    return present(session);
  }

  async function get(key: ReturnType<typeof newKey>): Promise<Session> {
    return present((await subject.api.getSession({ key })).session);
  }

  describe("CreateSession", () => {
    test("makes a session with all that was given", async () => {
      const key = newKey();
      const before = Date.now();
      const session = await create(key, {
        state: { topic: '"billing"', "user:tone": '"dry"', "app:limit": "3", "temp:scratch": "1" },
        ownerId: "tenant 7",
        displayName: "Billing, March",
        labels: { env: "prod", team: "" },
      });
      expect(session).toMatchObject({
        key: { ...key },
        revision: 1n,
        headSeq: 0n,
        firstSeq: 1n,
        eventCount: 0n,
        eventBytes: 0n,
        ownerId: "tenant 7",
        displayName: "Billing, March",
        labels: { env: "prod", team: "" },
        state: { topic: '"billing"', "user:tone": '"dry"', "app:limit": "3" },
      });
      expect(Object.keys(session.state)).not.toContain("temp:scratch");
      expect(session.uid).not.toBe("");
      const created = timestampMs(present(session.createTime));
      expect(created).toBeGreaterThanOrEqual(before - 1_000);
      expect(session.updateTime).toEqual(session.createTime);
      expect(session.lastEventTime * 1_000).toBeCloseTo(created, 0);
      expect(await get(key)).toEqual(session);
    });

    test("gives an id where none is given", async () => {
      const key = newKey({ sessionId: "" });
      const [one, other] = [await create(key), await create(key)];
      expect(one.key?.sessionId).not.toBe("");
      expect(one.key?.sessionId).not.toBe(other.key?.sessionId);
    });

    test("refuses a key that is taken, and lets another user have the same id", async () => {
      const key = newKey();
      await create(key);
      expect(await failureOf(subject.api.createSession({ key }))).toMatchObject({
        code: "ALREADY_EXISTS",
        reason: "SESSION_ALREADY_EXISTS",
      });
      await create({ ...key, userId: "bob" });
    });

    test("answers a retry with the same request_id as the first time", async () => {
      const request = { key: newKey({ sessionId: "" }), state: { a: "1" }, requestId: randomUUID() };
      const first = present((await subject.api.createSession(request)).session);
      const key = newKey({ ...request.key, sessionId: present(first.key).sessionId });
      await subject.api.appendEvent({ key, event: newEvent({ stateDelta: { a: "2" } }) });
      expect((await subject.api.createSession(request)).session).toEqual(first);
      expect(await failureOf(subject.api.createSession({ ...request, ownerId: "x" }))).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "REQUEST_ID_CONFLICT",
      });
    });
  });

  describe("GetSession", () => {
    test("tells of a session that is not there", async () => {
      expect(await failureOf(subject.api.getSession({ key: newKey() }))).toMatchObject({
        code: "NOT_FOUND",
        reason: "SESSION_NOT_FOUND",
        domain: "sessiond.dev",
      });
    });

    test("leaves the state out if told to, as UpdateSession does", async () => {
      const key = newKey();
      await create(key, { state: { a: "1" } });
      const { session } = await subject.api.getSession({ key, omitState: true });
      expect({ ...session?.state }).toEqual({});
      const update = { key, stateDelta: { b: "2" }, omitState: true };
      expect({ ...(await subject.api.updateSession(update)).session?.state }).toEqual({});
      expect({ ...(await get(key)).state }).toEqual({ a: "1", b: "2" });
    });

    test("refuses the uid of another session", async () => {
      const key = newKey();
      const { uid } = await create(key);
      expect((await subject.api.getSession({ key, sessionUid: uid })).session?.uid).toBe(uid);
      await subject.api.deleteSession({ key });
      await create(key);
      expect(await failureOf(subject.api.getSession({ key, sessionUid: uid }))).toMatchObject({
        code: "ABORTED",
        reason: "SESSION_RECREATED",
      });
    });

    test("gives the own state as of a seq, with the changes that came without an event", async () => {
      const key = newKey();
      await create(key, { state: { a: "0", gone: "0", "user:u": "0" } });
      await subject.api.appendEvent({ key, event: newEvent({ stateDelta: { a: "1" } }) });
      await subject.api.updateSession({ key, stateDelta: { b: '"between"' }, removedStateKeys: ["gone"] });
      await subject.api.appendEvent({ key, event: newEvent({ stateDelta: { a: "2", "user:u": "2" } }) });
      await subject.api.updateSession({ key, state: { only: "true" } });
      await subject.api.appendEvent({ key, event: newEvent({ removedStateKeys: ["only"] }) });
      const states: Record<string, string>[] = [];
      for (const asOfSeq of [0n, 1n, 2n, 3n]) {
        const { session } = await subject.api.getSession({ key, asOfSeq });
        expect(session).toMatchObject({ headSeq: 3n, revision: 6n });
        states.push({ ...session?.state });
      }
      expect(states).toEqual([{ a: "0", gone: "0" }, { a: "1", b: '"between"' }, { only: "true" }, {}]);
      expect(await failureOf(subject.api.getSession({ key, asOfSeq: 4n }))).toMatchObject({
        code: "OUT_OF_RANGE",
        reason: "SEQ_BEYOND_HEAD",
      });
    });

    test("gives the first events of a history with the session, if told to", async () => {
      const key = newKey();
      const { uid } = await create(key, { state: { a: "1" } });
      const none = await subject.api.getSession({ key, history: {} });
      expect(none).toMatchObject({ events: [], historyComplete: true, session: { uid, state: { a: "1" } } });
      await subject.api.batchAppendEvents({ key, events: newEvents(70) });
      const stored = (await subject.api.listEvents({ key })).events;
      const read = async (history: { afterSeq?: bigint; numRecentEvents?: number }) => {
        const { session, events, historyComplete } = await subject.api.getSession({ key, history });
        expect(session).toMatchObject({ uid, headSeq: 70n, state: { a: "1" } });
        expect(events).toEqual(stored.slice(Number(events[0]?.seq ?? 1n) - 1).slice(0, events.length));
        return [events[0]?.seq, events.at(-1)?.seq, historyComplete];
      };
      expect(await read({})).toEqual([1n, 64n, false]);
      expect(await read({ afterSeq: 6n })).toEqual([7n, 70n, true]);
      expect(await read({ numRecentEvents: 3 })).toEqual([68n, 70n, true]);
      expect(await read({ afterSeq: 69n, numRecentEvents: 3 })).toEqual([70n, 70n, true]);
      expect(await read({ numRecentEvents: 66 })).toEqual([5n, 68n, false]);
      expect(await read({ afterSeq: 70n })).toEqual([undefined, undefined, true]);
      expect(await read({ numRecentEvents: 0 })).toEqual([undefined, undefined, true]);
      expect(await failureOf(subject.api.getSession({ key, history: { afterSeq: 71n } }))).toMatchObject({
        code: "OUT_OF_RANGE",
        reason: "SEQ_BEYOND_HEAD",
      });
      expect(await failureOf(subject.api.getSession({ key, sessionUid: "?", history: {} }))).toMatchObject({
        reason: "SESSION_RECREATED",
      });
      expect(await failureOf(subject.api.getSession({ key: newKey(), history: {} }))).toMatchObject({
        reason: "SESSION_NOT_FOUND",
      });
    });

    test("leaves out events that would make the answer large, and says so", async () => {
      for (const [length, given] of [
        [60_000, 4],
        [100_000, 0],
      ] as const) {
        const key = newKey();
        const content = JSON.stringify({ parts: [{ text: "x".repeat(length) }] });
        const large = newEvents(5).map((event) => ({ ...event, content }));
        await subject.api.batchAppendEvents({ key, events: large, createSession: true });
        const { events, historyComplete } = await subject.api.getSession({ key, history: {} });
        expect([events.length, historyComplete]).toEqual([given, false]);
      }
    });
  });

  describe("UpdateSession", () => {
    test("changes what the mask names and leaves the rest", async () => {
      const key = newKey();
      const before = await create(key, {
        ownerId: "o",
        displayName: "d",
        labels: { l: "1" },
        state: { a: "1", b: "2", "user:u": "3" },
      });
      const update = async (fields: object) =>
        present((await subject.api.updateSession({ key, ...fields })).session);
      const renamed = await update({
        updateMask: { paths: ["display_name"] },
        displayName: "D",
        ownerId: "no",
      });
      expect(renamed).toMatchObject({ displayName: "D", ownerId: "o", labels: { l: "1" }, revision: 2n });
      const cleared = await update({ updateMask: { paths: ["owner_id", "labels"] } });
      expect(cleared).toMatchObject({ displayName: "D", ownerId: "", revision: 3n });
      expect({ ...cleared.labels }).toEqual({});
      const merged = await update({
        stateDelta: { b: "null", "app:x": "1" },
        removedStateKeys: ["a", "user:u"],
      });
      expect({ ...merged.state }).toEqual({ b: "null", "app:x": "1" });
      const replaced = await update({ state: { z: "{}" } });
      expect({ ...replaced.state }).toEqual({ z: "{}", "app:x": "1" });
      const emptied = await update({ updateMask: { paths: ["*"] } });
      expect({ ...emptied.state }).toEqual({ "app:x": "1" });
      expect(emptied).toMatchObject({ displayName: "", revision: 6n, headSeq: 0n, uid: before.uid });
      expect(timestampMs(present(emptied.updateTime))).toBeGreaterThanOrEqual(
        timestampMs(present(before.updateTime)),
      );
      expect(await get(key)).toEqual(emptied);
    });

    test("does nothing at a revision that is not the expected one", async () => {
      const key = newKey();
      const { uid } = await create(key);
      await subject.api.appendEvent({ key, event: newEvent() });
      const request = { key, sessionUid: uid, expectedRevision: 1n, displayName: "late" };
      expect(await failureOf(subject.api.updateSession(request))).toMatchObject({
        code: "ABORTED",
        reason: "STALE_SESSION",
        metadata: { actual_uid: uid, actual_revision: "2", head_seq: "1" },
      });
      expect((await get(key)).displayName).toBe("");
      await subject.api.updateSession({ ...request, expectedRevision: 2n });
      expect(await get(key)).toMatchObject({ displayName: "late", revision: 3n });
    });

    test("answers a retry with the same request_id as the first time", async () => {
      const key = newKey();
      await create(key);
      const request = { key, stateDelta: { n: "1" }, requestId: randomUUID() };
      const first = await subject.api.updateSession(request);
      await subject.api.updateSession({ key, stateDelta: { n: "2" } });
      expect(await subject.api.updateSession(request)).toEqual(first);
      expect(await get(key)).toMatchObject({ revision: 3n, state: { n: "2" } });
      expect(
        await failureOf(subject.api.updateSession({ ...request, stateDelta: { n: "3" } })),
      ).toMatchObject({ code: "INVALID_ARGUMENT", reason: "REQUEST_ID_CONFLICT" });
    });

    test("tells of a session that is not there", async () => {
      expect(await failureOf(subject.api.updateSession({ key: newKey(), ownerId: "o" }))).toMatchObject({
        code: "NOT_FOUND",
        reason: "SESSION_NOT_FOUND",
      });
    });
  });

  describe("DeleteSession", () => {
    test("removes the session with its events and own state, and leaves shared state", async () => {
      const key = newKey();
      const { uid } = await create(key, { state: { own: "1", "user:kept": "2" } });
      await subject.api.appendEvent({ key, event: newEvent() });
      expect(await subject.api.deleteSession({ key })).toMatchObject({ deleted: true });
      expect(await subject.api.deleteSession({ key })).toMatchObject({ deleted: false });
      const again = await create(key);
      expect(again.uid).not.toBe(uid);
      expect({ ...again.state }).toEqual({ "user:kept": "2" });
      expect((await subject.api.listEvents({ key })).events).toEqual([]);
    });

    test("takes another session of the key for none, and gives a retry the first answer", async () => {
      const key = newKey();
      const { uid } = await create(key);
      const request = { key, requestId: randomUUID() };
      expect(await subject.api.deleteSession(request)).toMatchObject({ deleted: true });
      await create(key);
      expect(await subject.api.deleteSession(request)).toMatchObject({ deleted: true });
      expect(await subject.api.deleteSession({ key, sessionUid: uid })).toMatchObject({ deleted: false });
      expect((await get(key)).revision).toBe(1n);
    });

    test("spares a session that is not as expected", async () => {
      const key = newKey();
      const { uid } = await create(key);
      await subject.api.appendEvent({ key, event: newEvent() });
      const request = { key, sessionUid: uid, expectedRevision: 1n };
      expect(await failureOf(subject.api.deleteSession(request))).toMatchObject({
        code: "ABORTED",
        reason: "STALE_SESSION",
      });
      expect(await subject.api.deleteSession({ ...request, expectedRevision: 2n })).toMatchObject({
        deleted: true,
      });
    });
  });

  describe("ListSessions", () => {
    const ids = (sessions: readonly Session[]) =>
      sessions.map(({ key }) => `${key?.userId}/${key?.sessionId}`);

    async function walk(request: Parameters<typeof subject.api.listSessions>[0]): Promise<Session[]> {
      const sessions: Session[] = [];
      let pageToken = "";
      do {
        const page = await subject.api.listSessions({ ...request, pageToken });
        expect(page.sessions.length).toBeLessThanOrEqual(request.pageSize ?? 50);
        sessions.push(...page.sessions);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return sessions;
    }

    test("walks pages in each order, and by user or app", async () => {
      const base = newKey();
      const names = ["ana/1", "bob/1", "ana/2", "ana/3", "bob/2"];
      for (const name of names) {
        const [userId = "", sessionId = ""] = name.split("/");
        await create({ ...base, userId, sessionId });
        await nextMillisecond();
      }
      await subject.api.updateSession({
        key: { ...base, userId: "ana", sessionId: "1" },
        displayName: "moved",
      });
      const list = async (order: SessionOrder, key: object = appOf(base)) =>
        ids(await walk({ key, order, pageSize: 2 }));
      const updated = ["bob/1", "ana/2", "ana/3", "bob/2", "ana/1"];
      expect(await list(SessionOrder.CREATE_TIME_ASC)).toEqual(names);
      expect(await list(SessionOrder.CREATE_TIME_DESC)).toEqual(names.toReversed());
      expect(await list(SessionOrder.UPDATE_TIME_ASC)).toEqual(updated);
      expect(await list(SessionOrder.UPDATE_TIME_DESC)).toEqual(updated.toReversed());
      expect(await list(SessionOrder.UNSPECIFIED)).toEqual(updated.toReversed());
      expect(await list(SessionOrder.CREATE_TIME_ASC, userOf(base))).toEqual(["ana/1", "ana/2", "ana/3"]);
    });

    test("filters by owner, labels and state, and gives state only when asked", async () => {
      const base = newKey();
      const rows = {
        plain: {},
        owned: { ownerId: "o" },
        labelled: { ownerId: "o", labels: { env: "prod", team: "x" } },
        other: { labels: { env: "dev", team: "x" }, state: { n: "1", doc: '{"a":1,"b":[1.0]}' } },
        stated: { state: { n: "1.0", doc: '{"b":[1],"a":1e0}', "user:n": "1" } },
      };
      for (const [sessionId, fields] of Object.entries(rows)) {
        await create({ ...base, sessionId }, fields);
        await nextMillisecond();
      }
      const list = async (filter: object) =>
        (await walk({ key: userOf(base), order: SessionOrder.CREATE_TIME_ASC, ...filter })).map(
          ({ key }) => key?.sessionId,
        );
      expect(await list({ ownerId: "o" })).toEqual(["owned", "labelled"]);
      expect(await list({ ownerId: "" })).toEqual(["plain", "other", "stated"]);
      expect(await list({ labels: { team: "x" } })).toEqual(["labelled", "other"]);
      expect(await list({ labels: { team: "x", env: "prod" } })).toEqual(["labelled"]);
      expect(await list({ labels: { team: "x" }, ownerId: "o" })).toEqual(["labelled"]);
      expect(await list({ stateEquals: { n: "1" } })).toEqual(["other", "stated"]);
      expect(await list({ stateEquals: { doc: '{ "a": 1, "b": [1] }', n: "1e0" } })).toEqual([
        "other",
        "stated",
      ]);
      expect(await list({ stateEquals: { n: '"1"' } })).toEqual([]);
      const light = await walk({ key: userOf(base) });
      expect(light.every(({ state }) => Object.keys(state).length === 0)).toBe(true);
      const full = await walk({ key: userOf(base), includeState: true, stateEquals: { n: "1" } });
      expect(full.map(({ state }) => ({ ...state }))).toContainEqual({
        n: "1.0",
        doc: '{"b":[1],"a":1e0}',
        "user:n": "1",
      });
    });

    test("refuses a token of another query", async () => {
      const base = newKey();
      await create({ ...base, sessionId: "1" });
      await create({ ...base, sessionId: "2" });
      const { nextPageToken } = await subject.api.listSessions({ key: userOf(base), pageSize: 1 });
      const request = { key: userOf(base), pageSize: 1, pageToken: nextPageToken, ownerId: "o" };
      expect(await failureOf(subject.api.listSessions(request))).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "INVALID_PAGE_TOKEN",
        fields: ["page_token"],
      });
    });
  });

  describe("ListApps and ListUsers", () => {
    test("walk what has sessions in the order of code points", async () => {
      const prefix = randomUUID();
      const names = ["A", "a", "a ", "z", "é", "\u{10000}", "\uffee"].map((name) => `${prefix} ${name}`);
      for (const appName of names) await create(newKey({ appName }));
      for (const userId of names) await create(newKey({ appName: prefix, userId }));
      const byCodePoint = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const apps: string[] = [];
      for (let pageToken = ""; ; ) {
        const page = await subject.api.listApps({ pageSize: 1_000, pageToken });
        apps.push(...page.appNames);
        pageToken = page.nextPageToken;
        if (pageToken === "") break;
      }
      expect(apps.filter((name) => name.startsWith(`${prefix} `))).toEqual(byCodePoint);
      const users: string[] = [];
      for (let pageToken = ""; ; ) {
        const page = await subject.api.listUsers({ key: { appName: prefix }, pageSize: 2, pageToken });
        expect(page.userIds.length).toBeLessThanOrEqual(2);
        users.push(...page.userIds);
        pageToken = page.nextPageToken;
        if (pageToken === "") break;
      }
      expect(users).toEqual(byCodePoint);
    });

    test("forget what has no session any more", async () => {
      const key = newKey();
      await subject.api.batchAppendEvents({ key, events: newEvents(1), createSession: true });
      expect((await subject.api.listUsers({ key: appOf(key) })).userIds).toEqual(["ana"]);
      await subject.api.deleteSession({ key });
      expect((await subject.api.listUsers({ key: appOf(key) })).userIds).toEqual([]);
    });
  });
});

/** Two sessions of one millisecond are ordered by their ids: the next one is to come later. */
async function nextMillisecond(): Promise<void> {
  const now = Date.now();
  while (Date.now() <= now) await setImmediate();
}
