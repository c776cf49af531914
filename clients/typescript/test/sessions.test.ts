/** Creating, reading, listing and deleting sessions. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEvent } from "@google/adk";
import {
  InvalidRequestError,
  SessionAlreadyExistsError,
  SessiondError,
  type SessiondSessionService,
} from "sessiond-client/adk";
import { newApp, newService, newSession, plain, read, stateEvent } from "./support/service.ts";

const service = newService();

describe("createSession", () => {
  it("gives what a read gives", async () => {
    const created = await newSession(service, { a: 1, "user:b": [null], "app:c": { d: "é" } });
    assert.deepEqual(await read(service, created), created);
    assert.deepEqual(created.state, { a: 1, "user:b": [null], "app:c": { d: "é" } });
    assert.deepEqual(created.events, []);
    assert.ok(Math.abs(created.lastUpdateTime - Date.now()) < 3_600_000, "milliseconds");
  });

  it("takes an id as it is, and makes one where none or an empty one is given", async () => {
    const appName = newApp();
    for (const sessionId of ["s1", " padded ", "S1", "ümlaut/€", "__proto__"]) {
      const created = await service.createSession({ appName, userId: "u", sessionId });
      assert.equal(created.id, sessionId);
      assert.deepEqual(await read(service, created), created);
    }
    const [one, other] = [
      await service.createSession({ appName, userId: "u" }),
      await service.createSession({ appName, userId: "u", sessionId: "" }),
    ];
    assert.notEqual(one.id, "");
    assert.notEqual(one.id, other.id);
  });

  it("refuses an id that is taken, in ADK's words, and leaves the session alone", async () => {
    const session = await newSession(service, { a: 1 });
    const { appName, userId, id: sessionId } = session;
    await assert.rejects(service.createSession({ appName, userId, sessionId, state: { a: 2 } }), (error) => {
      assert.ok(error instanceof SessionAlreadyExistsError);
      assert.ok(error instanceof SessiondError);
      assert.equal(error.message, `Session with id ${sessionId} already exists.`);
      assert.equal(error.reason, "SESSION_ALREADY_EXISTS");
      assert.equal(error.name, "SessionAlreadyExistsError");
      return true;
    });
    assert.deepEqual(await read(service, session), session);
    // The same id of another user is another session.
    const other = await service.createSession({ appName, userId: "other", sessionId });
    assert.deepEqual(other.state, {});
  });

  it("names the field of an id that is too long", async () => {
    await assert.rejects(service.createSession({ appName: newApp(), userId: "x".repeat(192) }), (error) => {
      assert.ok(error instanceof InvalidRequestError);
      assert.deepEqual(Object.keys(error.violations), ["key.user_id"]);
      assert.notEqual(error.requestId, "");
      return true;
    });
  });

  it("keeps an owner, a title and labels", async () => {
    const request = {
      appName: newApp(),
      userId: "u",
      ownerId: "acme",
      displayName: "Título",
      labels: { tier: "1" },
    };
    const created = await service.createSession(request);
    for await (const update of service.tail({ ...request, sessionId: created.id })) {
      assert.equal(update.kind, "opened");
      const { ownerId, displayName, labels } = update.session;
      assert.deepEqual(
        { ownerId, displayName, labels },
        { ownerId: "acme", displayName: "Título", labels: { tier: "1" } },
      );
      break;
    }
  });
});

describe("getSession", () => {
  it("gives undefined for what is not there, also to another user", async () => {
    const { appName, userId, id: sessionId } = await newSession(service);
    assert.equal(await service.getSession({ appName, userId: "other", sessionId }), undefined);
    assert.equal(await service.getSession({ appName, userId, sessionId: "none" }), undefined);
    assert.equal(await service.getSession({ appName: newApp(), userId, sessionId }), undefined);
  });

  it("filters by time, then by number", async () => {
    const session = await newSession(service);
    for (const [index, timestamp] of [1000.5, 2000.25, 3000, 4000].entries()) {
      await service.appendEvent({
        session,
        event: createEvent({ id: `e${index + 1}`, author: "u", timestamp }),
      });
    }
    const ids = async (config: Parameters<typeof read>[2]) =>
      (await read(service, session, config)).events.map(({ id }) => id);
    assert.deepEqual(await ids({}), ["e1", "e2", "e3", "e4"]);
    assert.deepEqual(await ids({ afterTimestamp: 2000.25 }), ["e2", "e3", "e4"], "that time, too");
    assert.deepEqual(await ids({ afterTimestamp: 2000.26 }), ["e3", "e4"]);
    assert.deepEqual(await ids({ numRecentEvents: 2 }), ["e3", "e4"]);
    assert.deepEqual(await ids({ numRecentEvents: 0 }), []);
    assert.deepEqual(await ids({ numRecentEvents: 1, afterTimestamp: 2000 }), ["e4"]);
    assert.deepEqual(await ids({ numRecentEvents: 2 ** 40 }), ["e1", "e2", "e3", "e4"]);
    for (const numRecentEvents of [-1, 1.5, Number.NaN]) {
      await assert.rejects(read(service, session, { numRecentEvents }), InvalidRequestError);
    }
  });

  it("can be appended to after a filtered read", async () => {
    const session = await newSession(service);
    for (const id of ["e1", "e2"])
      await service.appendEvent({ session, event: createEvent({ id, author: "u" }) });
    const few = await read(service, session, { numRecentEvents: 0 });
    await service.appendEvent({ session: few, event: createEvent({ id: "e3", author: "u" }) });
    assert.deepEqual(
      (await read(service, session)).events.map(({ id }) => id),
      ["e1", "e2", "e3"],
    );
  });

  it("reads a state that does not fit a frame", async () => {
    const values = Array.from({ length: 6 }, (_, index) => [`k${index}`, `${index}`.repeat(200_000)]);
    const session = await newSession(service, Object.fromEntries(values));
    const found = await read(service, session);
    assert.deepEqual(Object.keys(found.state).sort(), ["k0", "k1", "k2", "k3", "k4", "k5"]);
    assert.deepEqual(found.state, session.state);
  });
});

describe("getOrCreateSession", () => {
  it("creates once", async () => {
    const request = { appName: newApp(), userId: "u", sessionId: "s", state: { a: 1 } };
    const created = await service.getOrCreateSession(request);
    assert.deepEqual(await service.getOrCreateSession({ ...request, state: { a: 2 } }), created);
  });
});

describe("deleteSession", () => {
  it("deletes the session, and only that; once more is no error", async () => {
    const appName = newApp();
    const gone = await service.createSession({
      appName,
      userId: "u",
      sessionId: "gone",
      state: { "user:a": 1 },
    });
    const stays = await service.createSession({ appName, userId: "u", sessionId: "stays" });
    await service.deleteSession({ appName, userId: "other", sessionId: "gone" });
    await read(service, gone);
    await service.deleteSession({ appName, userId: "u", sessionId: "gone" });
    await service.deleteSession({ appName, userId: "u", sessionId: "gone" });
    assert.equal(await service.getSession({ appName, userId: "u", sessionId: "gone" }), undefined);
    assert.deepEqual((await read(service, stays)).state, { "user:a": 1 }, "shared state stays");
  });
});

describe("listSessions", () => {
  async function threeUsers(through: SessiondSessionService) {
    const appName = newApp();
    const made = [];
    for (const [userId, sessionId, timestamp] of [
      ["ann", "s2", 3000],
      ["ben", "s1", 1000],
      ["ann", "s3", 2000],
    ] as const) {
      const session = await through.createSession({
        appName,
        userId,
        sessionId,
        state: { [`own-${sessionId}`]: 1 },
      });
      await through.appendEvent({
        session,
        event: stateEvent({ "app:shared": "a", [`user:name`]: userId }, { timestamp }),
      });
      made.push(session);
    }
    return appName;
  }
  const idsOf = ({ sessions }: { sessions: readonly { id: string }[] }) => sessions.map(({ id }) => id);

  it("gives merged state and no events, of one user or of all", async () => {
    const appName = await threeUsers(service);
    const all = await service.listSessions({ appName });
    assert.deepEqual(idsOf(all), ["s2", "s1", "s3"]);
    const { sessions, ...counts } = all;
    assert.deepEqual(counts, { page: 1, limit: 3, totalItems: 3, totalPages: 1 });
    for (const session of sessions) {
      assert.deepEqual(session.events, []);
      assert.deepEqual(session.state, {
        "app:shared": "a",
        "user:name": session.userId,
        [`own-${session.id}`]: 1,
      });
    }
    assert.deepEqual(idsOf(await service.listSessions({ appName, userId: "ann" })), ["s2", "s3"]);
    const none = { sessions: [], page: 1, limit: 0, totalItems: 0, totalPages: 0 };
    assert.deepEqual(await service.listSessions({ appName, userId: "nobody" }), none);
    assert.deepEqual(await service.listSessions({ appName, userId: "" }), none);
    assert.deepEqual(await service.listSessions({ appName: newApp() }), none);
  });

  it("orders by last update, and pages", async () => {
    const appName = await threeUsers(service);
    assert.deepEqual(idsOf(await service.listSessions({ appName, order: "asc" })), ["s1", "s3", "s2"]);
    assert.deepEqual(idsOf(await service.listSessions({ appName, order: "desc" })), ["s2", "s3", "s1"]);
    const first = await service.listSessions({ appName, order: "asc", limit: 2 });
    assert.deepEqual(idsOf(first), ["s1", "s3"]);
    assert.deepEqual(
      { ...first, sessions: 0 },
      { sessions: 0, page: 1, limit: 2, totalItems: 3, totalPages: 2 },
    );
    assert.deepEqual(first.sessions[0]?.state, { "app:shared": "a", "user:name": "ben", "own-s1": 1 });
    const second = await service.listSessions({ appName, order: "asc", limit: 2, page: 2, offset: 99 });
    assert.deepEqual(idsOf(second), ["s2"]);
    assert.equal(second.page, 2);
    assert.deepEqual(idsOf(await service.listSessions({ appName, order: "asc", limit: 2, page: 3 })), []);
    assert.deepEqual(idsOf(await service.listSessions({ appName, order: "asc", limit: 1, offset: 1 })), [
      "s3",
    ]);
    const rest = await service.listSessions({ appName, order: "asc", offset: 1 });
    assert.deepEqual(idsOf(rest), ["s3", "s2"]);
    assert.deepEqual(
      { ...rest, sessions: 0 },
      { sessions: 0, page: 1, limit: 3, totalItems: 3, totalPages: 1 },
    );
    const nothing = await service.listSessions({ appName, limit: 0 });
    assert.deepEqual(nothing, { sessions: [], page: 1, limit: 0, totalItems: 3, totalPages: 0 });
    for (const wrong of [{ limit: -1 }, { limit: 1.5 }, { offset: -1 }, { limit: 1, page: 0 }]) {
      await assert.rejects(service.listSessions({ appName, ...wrong }), InvalidRequestError);
    }
  });

  it("walks over more sessions than a page of the server's has", async () => {
    const appName = newApp();
    const ids = Array.from({ length: 230 }, (_, index) => `s${index}`);
    await Promise.all(ids.map((sessionId) => service.createSession({ appName, userId: "u", sessionId })));
    const { sessions, totalItems } = await service.listSessions({ appName, userId: "u" });
    assert.equal(totalItems, 230);
    assert.deepEqual(new Set(sessions.map(({ id }) => id)), new Set(ids));
    const page = await service.listSessions({ appName, userId: "u", limit: 25, page: 10 });
    assert.deepEqual([page.sessions.length, page.totalItems, page.totalPages], [5, 230, 10]);
  });

  it("gives sessions that can be appended to", async () => {
    const appName = await threeUsers(service);
    const { sessions } = await service.listSessions({ appName, userId: "ben" });
    const [session] = sessions;
    assert.ok(session);
    await service.appendEvent({ session, event: createEvent({ author: "u" }) });
    assert.equal((await read(service, session)).events.length, 2);
  });
});

describe("getUserState", () => {
  it("gives the keys without their prefix", async () => {
    const { appName } = await newSession(service, { "user:a": 1, "app:b": 2, c: 3 });
    assert.deepEqual(plain(await service.getUserState({ appName, userId: "u" })), { a: 1 });
    assert.deepEqual(await service.getUserState({ appName, userId: "nobody" }), {});
  });
});
