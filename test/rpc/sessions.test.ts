import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { SessionOrder } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { failureOf, Service, withLimits } from "./support.ts";

let service: Service;
beforeAll(async () => {
  service = await Service.open();
});
afterAll(() => service.close());

// Every test has an app of its own.
let count = 0;
let app: { appName: string };
let user: { appName: string; userId: string };
let key: { appName: string; userId: string; sessionId: string };
beforeEach(() => {
  app = { appName: `app${count++}` };
  user = { ...app, userId: "user" };
  key = { ...user, sessionId: "session" };
});

describe("CreateSession", () => {
  it("answers with the whole session, its state merged", async () => {
    await service.call("updateAppState", { key: app, stateDelta: { theme: '"dark"' } });
    const { session } = await service.call("createSession", {
      key,
      state: { a: "1.0", "user:b": "null", "app:c": '"\\ud800"', "temp:d": "1", __proto__x: "1" },
      ownerId: "owner",
      displayName: "Title",
      labels: { color: "blue" },
    });
    expect(session).toMatchObject({
      key,
      revision: 1n,
      headSeq: 0n,
      firstSeq: 1n,
      eventCount: 0n,
      eventBytes: 0n,
    });
    expect(session).toMatchObject({ ownerId: "owner", displayName: "Title", labels: { color: "blue" } });
    expect(session?.state).toEqual({
      a: "1.0",
      "user:b": "null",
      "app:c": '"\\ud800"',
      "app:theme": '"dark"',
      __proto__x: "1",
    });
    expect(session?.createTime).toEqual(session?.updateTime);
    expect(session?.lastEventTime).toBe(
      Number(session?.createTime?.seconds) + (session?.createTime?.nanos ?? 0) / 1e9,
    );
    expect((await service.call("getSession", { key })).session).toEqual(session);
  });

  it("keeps the state key __proto__", async () => {
    const state = Object.fromEntries([["__proto__", "1"]]);
    await service.call("createSession", { key, state });
    const { session } = await service.call("getSession", { key });
    expect(Object.entries(session?.state ?? {})).toEqual([["__proto__", "1"]]);
  });

  it("makes ids for sessions that come without one", async () => {
    const first = await service.call("createSession", { key: user });
    const second = await service.call("createSession", { key: user });
    expect(first.session?.key?.sessionId).not.toBe(second.session?.key?.sessionId);
    expect(first.session?.uid).not.toBe(second.session?.uid);
  });

  it("gives the first answer to a retry, also of a session id of its own making", async () => {
    const request = { key: user, state: { b: "1", a: "2" }, labels: { x: "1", y: "2" }, requestId: "r-1" };
    const first = await service.call("createSession", request);
    await service.call("updateSession", { key: first.session?.key, displayName: "later" });
    const turned = { ...request, state: { a: "2", b: "1" }, labels: { y: "2", x: "1" } };
    expect(await service.call("createSession", turned)).toEqual(first);
    const list = await service.call("listSessions", { key: user });
    expect(list.sessions.length).toBe(1);
  });

  it.each([
    ["session id", { key: { appName: "app", userId: "user", sessionId: "s" } }],
    ["state", { state: { a: "2.0" } }],
    ["owner", { ownerId: "o" }],
    ["title", { displayName: "d" }],
    ["labels", { labels: { x: "" } }],
  ])("refuses a request_id that comes with another %s", async (what, other) => {
    const request = { key: { appName: "app", userId: "user" }, state: { a: "2" }, requestId: what };
    await service.call("createSession", request);
    const failure = await failureOf(service.call("createSession", { ...request, ...other }));
    expect(failure.reason).toBe("REQUEST_ID_CONFLICT");
  });

  it("refuses a key that is taken", async () => {
    await service.call("createSession", { key });
    expect((await failureOf(service.call("createSession", { key }))).reason).toBe("SESSION_ALREADY_EXISTS");
  });
});

describe("GetSession", () => {
  it("tells of a missing session and of a namesake", async () => {
    expect((await failureOf(service.call("getSession", { key }))).reason).toBe("SESSION_NOT_FOUND");
    const { session } = await service.call("createSession", { key });
    await service.call("deleteSession", { key });
    await service.call("createSession", { key });
    const failure = await failureOf(service.call("getSession", { key, sessionUid: session?.uid ?? "" }));
    expect(failure.reason).toBe("SESSION_RECREATED");
  });

  it("has the newest event's exact time", async () => {
    await service.call("createSession", { key });
    const timestamp = -62_135_596_799.123_46;
    await service.call("appendEvent", { key, event: { timestamp } });
    expect((await service.call("getSession", { key })).session?.lastEventTime).toBe(timestamp);
  });

  it("answers as of a seq with the session's own state of then", async () => {
    await service.call("createSession", { key, state: { a: "0", gone: "1", "user:u": "1", "app:p": "1" } });
    await service.call("appendEvent", { key, event: { stateDelta: { a: "1", b: "1", "user:u": "2" } } }); // seq 1
    await service.call("updateSession", { key, stateDelta: { c: "1.0" }, removedStateKeys: ["gone"] });
    await service.call("appendEvent", { key, event: {} }); // seq 2
    await service.call("appendEvent", { key, event: { removedStateKeys: ["b"], stateDelta: { a: "3" } } }); // seq 3
    await service.call("updateSession", { key, state: { only: "1" } });
    await service.call("appendEvent", { key, event: { stateDelta: { d: "4" } } }); // seq 4
    const states = [];
    for (let seq = 0n; seq <= 4n; seq++) {
      const { session } = await service.call("getSession", { key, asOfSeq: seq });
      states.push(session?.state);
      expect(session?.headSeq).toBe(4n);
    }
    expect(states).toEqual([
      { a: "0", gone: "1" },
      { a: "1", b: "1", c: "1.0" },
      { a: "1", b: "1", c: "1.0" },
      { only: "1" },
      { only: "1", d: "4" },
    ]);
    const beyond = await failureOf(service.call("getSession", { key, asOfSeq: 5n }));
    expect(beyond.reason).toBe("SEQ_BEYOND_HEAD");
  });

  it("replays a long history in several ranges", async () => {
    await withLimits({ readRangeRows: 3 }, async (own) => {
      await own.call("appendEvent", { key, createSession: true, event: { stateDelta: { k0: "0" } } });
      for (let n = 1; n < 20; n++) {
        const stateDelta: Record<string, string> = n % 3 === 0 ? {} : { [`k${n % 5}`]: String(n) };
        await own.call("appendEvent", { key, event: { stateDelta } });
      }
      const { session } = await own.call("getSession", { key, asOfSeq: 20n });
      expect(session?.state).toEqual((await own.call("getSession", { key })).session?.state);
      expect(session?.state).toEqual({ k0: "10", k1: "16", k2: "17", k3: "13", k4: "19" });
      const early = await own.call("getSession", { key, asOfSeq: 3n });
      expect(early.session?.state).toEqual({ k0: "0", k1: "1", k2: "2" });
    });
  });
});

describe("UpdateSession", () => {
  beforeEach(async () => {
    await service.call("createSession", {
      key,
      state: { a: "1", b: "2", "user:u": "1" },
      ownerId: "owner",
      displayName: "title",
      labels: { x: "1" },
    });
  });

  it("changes without a mask what is not empty", async () => {
    const { session } = await service.call("updateSession", {
      key,
      displayName: "new",
      stateDelta: { a: "5", "user:u": "2", "app:p": "3", "temp:t": "1" },
      removedStateKeys: ["b", "temp:x"],
    });
    expect(session).toMatchObject({ ownerId: "owner", displayName: "new", labels: { x: "1" }, revision: 2n });
    expect(session?.state).toEqual({ a: "5", "user:u": "2", "app:p": "3" });
  });

  it("changes with a mask what it names, to empty too, and nothing else", async () => {
    const { session } = await service.call("updateSession", {
      key,
      updateMask: { paths: ["owner_id", "labels"] },
      displayName: "ignored",
      state: { ignored: "not even JSON" },
    });
    expect(session).toMatchObject({ ownerId: "", displayName: "title", labels: {} });
    expect(session?.state).toEqual({ a: "1", b: "2", "user:u": "1" });
  });

  it("replaces with * all four, the session's own state only", async () => {
    const { session } = await service.call("updateSession", {
      key,
      updateMask: { paths: ["*"] },
      displayName: "new",
      state: { z: "26", "temp:t": "1" },
    });
    expect(session).toMatchObject({ ownerId: "", displayName: "new", labels: {} });
    expect(session?.state).toEqual({ z: "26", "user:u": "1" });
  });

  it("takes an explicit empty delta, which changes no state", async () => {
    const { session } = await service.call("updateSession", { key, updateMask: { paths: ["state_delta"] } });
    expect(session?.state).toEqual({ a: "1", b: "2", "user:u": "1" });
  });

  it("refuses a stale revision and a namesake's, with where the session is", async () => {
    const { session } = await service.call("getSession", { key });
    const sessionUid = session?.uid ?? "";
    const request = { key, sessionUid, expectedRevision: 1n, displayName: "x" };
    await service.call("updateSession", request);
    const stale = await failureOf(service.call("updateSession", request));
    expect([stale.reason, stale.info.metadata]).toEqual([
      "STALE_SESSION",
      { actual_uid: sessionUid, actual_revision: "2", head_seq: "0" },
    ]);
    await service.call("deleteSession", { key });
    await service.call("createSession", { key });
    const namesake = await failureOf(service.call("updateSession", request));
    expect(namesake.reason).toBe("STALE_SESSION");
    expect((await service.call("getSession", { key })).session?.displayName).toBe("");
  });

  it("gives the first answer to a retry", async () => {
    const request = { key, stateDelta: { n: "1", m: "2" }, removedStateKeys: ["a", "b"], requestId: "r-1" };
    const first = await service.call("updateSession", request);
    await service.call("updateSession", { key, stateDelta: { n: "9" } });
    const retry = { ...request, stateDelta: { m: "2", n: "1" }, removedStateKeys: ["b", "a"] };
    expect(await service.call("updateSession", retry)).toEqual(first);
    expect((await service.call("getSession", { key })).session?.state["n"]).toBe("9");
    const other = await failureOf(service.call("updateSession", { ...request, displayName: "x" }));
    expect(other.reason).toBe("REQUEST_ID_CONFLICT");
  });

  it("tells of a missing session", async () => {
    const missing = { key: { ...key, sessionId: "x" }, displayName: "x" };
    expect((await failureOf(service.call("updateSession", missing))).reason).toBe("SESSION_NOT_FOUND");
  });
});

describe("DeleteSession", () => {
  it("says whether there was one, and leaves shared state", async () => {
    await service.call("createSession", { key, state: { a: "1", "user:u": "1" } });
    expect((await service.call("deleteSession", { key })).deleted).toBe(true);
    expect((await service.call("deleteSession", { key })).deleted).toBe(false);
    const { session } = await service.call("createSession", { key });
    expect(session?.state).toEqual({ "user:u": "1" });
  });

  it("refuses another revision", async () => {
    const { session } = await service.call("createSession", { key });
    const request = { key, sessionUid: session?.uid ?? "", expectedRevision: 7n };
    expect((await failureOf(service.call("deleteSession", request))).reason).toBe("STALE_SESSION");
    expect((await service.call("deleteSession", { ...request, expectedRevision: 1n })).deleted).toBe(true);
  });
});

describe("DeleteSession, repeated", () => {
  it("leaves a namesake of the session that is meant", async () => {
    const { session } = await service.call("createSession", { key });
    await service.call("deleteSession", { key });
    await service.call("createSession", { key });
    const sessionUid = session?.uid ?? "";
    expect((await service.call("deleteSession", { key, sessionUid })).deleted).toBe(false);
    expect((await service.call("getSession", { key })).session?.revision).toBe(1n);
  });

  it("gives the first answer to a retry", async () => {
    await service.call("createSession", { key });
    const request = { key, requestId: "r-1" };
    expect((await service.call("deleteSession", request)).deleted).toBe(true);
    await service.call("createSession", { key });
    expect((await service.call("deleteSession", request)).deleted).toBe(true);
    expect((await service.call("getSession", { key })).session?.revision).toBe(1n);
    const other = { ...request, sessionUid: "x" };
    expect((await failureOf(service.call("deleteSession", other))).reason).toBe("REQUEST_ID_CONFLICT");
  });
});

describe("large state", () => {
  it("does not fit an answer, but the change is made and can be answered without it", async () => {
    await withLimits({ maxMessageBytes: 10_000 }, async (own) => {
      const stateDelta = { a: JSON.stringify("x".repeat(10_000)) };
      await own.call("createSession", { key });
      const failures = [
        await failureOf(own.call("updateSession", { key, stateDelta })),
        await failureOf(own.call("getSession", { key })),
        await failureOf(own.call("getSession", { key, asOfSeq: 0n })),
        await failureOf(own.call("listSessions", { key: user, includeState: true })),
      ];
      for (const { reason, info } of failures) {
        expect([reason, info.metadata]).toEqual(["TOO_LARGE", { limit_bytes: "10000" }]);
      }
      for (const asOfSeq of [undefined, 0n]) {
        const { session } = await own.call("getSession", { key, omitState: true, asOfSeq });
        expect(session).toMatchObject({ revision: 2n, state: {} });
      }
      const answer = await own.call("updateSession", { key, displayName: "x", omitState: true });
      expect(answer.session).toMatchObject({ revision: 3n, displayName: "x", state: {} });
    });
  });
});

describe("ListSessions", () => {
  const ids = Array.from({ length: 7 }, (_, n) => `s${n}`);

  async function walk(
    request: object,
    meanwhile?: () => Promise<unknown>,
    from: Service = service,
  ): Promise<string[]> {
    const found: string[] = [];
    let pageToken = "";
    do {
      const page = await from.call("listSessions", { key: user, pageSize: 2, ...request, pageToken });
      expect(page.sessions.length).toBeLessThanOrEqual(2);
      found.push(...page.sessions.map((session) => session.key?.sessionId ?? ""));
      pageToken = page.nextPageToken;
      await meanwhile?.();
    } while (pageToken !== "");
    return found;
  }

  async function make(): Promise<void> {
    for (const sessionId of ids) await service.call("createSession", { key: { ...user, sessionId } });
  }

  it("walks in every order", async () => {
    await make();
    await service.call("updateSession", { key: { ...user, sessionId: "s3" }, displayName: "x" });
    const moved = ["s0", "s1", "s2", "s4", "s5", "s6", "s3"];
    expect(await walk({ order: SessionOrder.CREATE_TIME_ASC })).toEqual(ids);
    expect(await walk({ order: SessionOrder.CREATE_TIME_DESC })).toEqual(ids.toReversed());
    expect(await walk({ order: SessionOrder.UPDATE_TIME_ASC })).toEqual(moved);
    expect(await walk({})).toEqual(moved.toReversed());
  });

  it("lists a session that does not change exactly once, whatever happens during the walk", async () => {
    await make();
    let n = 0;
    const found = await walk({}, async () => {
      n++;
      await service.call("createSession", { key: { ...user, sessionId: `new${n}` } });
      await service.call("updateSession", { key: { ...user, sessionId: "s0" }, displayName: `x${n}` });
      if (n === 2) await service.call("deleteSession", { key: { ...user, sessionId: "s2" } });
    });
    for (const id of ["s1", "s3", "s4", "s5", "s6"])
      expect(found.filter((other) => other === id)).toEqual([id]);
  });

  it("filters by user, owner, labels and state", async () => {
    const make = (userId: string, sessionId: string, more: object) =>
      service.call("createSession", { key: { ...app, userId, sessionId }, ...more });
    await make("u1", "a", {
      ownerId: "o",
      labels: { x: "1", y: "2" },
      state: { n: "1.0", m: '{"a":1,"b":2}' },
    });
    await make("u1", "b", { labels: { x: "1" }, state: { n: "1" } });
    await make("u2", "c", { ownerId: "o", labels: { x: "2" }, state: { n: "10", "user:n": "1" } });
    const find = async (request: object) => {
      const { sessions } = await service.call("listSessions", { key: app, ...request });
      return sessions.map((session) => session.key?.sessionId).sort();
    };
    expect(await find({})).toEqual(["a", "b", "c"]);
    expect(await find({ key: { ...app, userId: "u1" } })).toEqual(["a", "b"]);
    expect(await find({ key: { appName: app.appName.toUpperCase() } })).toEqual([]);
    expect(await find({ ownerId: "o" })).toEqual(["a", "c"]);
    expect(await find({ ownerId: "" })).toEqual(["b"]);
    expect(await find({ labels: { x: "1" } })).toEqual(["a", "b"]);
    expect(await find({ labels: { x: "1", y: "2" } })).toEqual(["a"]);
    expect(await find({ stateEquals: { n: "1e0" } })).toEqual(["a", "b"]);
    expect(await find({ stateEquals: { m: '{"b": 2.0, "a": 1}' } })).toEqual(["a"]);
    expect(await find({ stateEquals: { n: "1" }, ownerId: "o" })).toEqual(["a"]);
  });

  it("has light rows unless state is asked for", async () => {
    await service.call("createSession", { key, state: { a: "1", "user:u": "2" }, labels: { x: "1" } });
    const light = await service.call("listSessions", { key: user });
    expect(light.sessions[0]).toMatchObject({ state: {}, labels: { x: "1" } });
    const full = await service.call("listSessions", { key: user, includeState: true });
    expect(full.sessions[0]?.state).toEqual({ a: "1", "user:u": "2" });
  });

  it("ends a page that would be too heavy, and goes on after it", async () => {
    await withLimits({ pageBytes: 20_000 }, async (own) => {
      for (const sessionId of ids) {
        const state = { text: JSON.stringify("x".repeat(8_000)) };
        await own.call("createSession", { key: { ...user, sessionId }, state });
      }
      const first = await own.call("listSessions", { key: user, pageSize: 5, includeState: true });
      expect(first.sessions.length).toBe(2);
      const found = await walk({ includeState: true, order: SessionOrder.CREATE_TIME_ASC }, undefined, own);
      expect(found).toEqual(ids);
    });
  });

  it("clamps page sizes and refuses tokens of other queries", async () => {
    await make();
    const page = await service.call("listSessions", { key: user, pageSize: 2 });
    const next = { key: user, pageToken: page.nextPageToken };
    expect((await service.call("listSessions", { ...next, pageSize: 1_000_000 })).sessions.length).toBe(5);
    const others = [
      { key: app },
      { order: SessionOrder.CREATE_TIME_ASC },
      { ownerId: "" },
      { labels: { x: "1" } },
      { stateEquals: { x: "1" } },
      { includeState: true },
    ];
    for (const other of others) {
      const failure = await failureOf(service.call("listSessions", { ...next, ...other }));
      expect(failure.reason).toBe("INVALID_PAGE_TOKEN");
    }
  });
});

describe("ListApps and ListUsers", () => {
  it("walk the names that have sessions", async () => {
    await withLimits({}, async (own) => {
      for (const name of ["b", "a", "ä", "A"]) {
        await own.call("createSession", { key: { appName: name, userId: `u-${name}` } });
        await own.call("createSession", { key: { appName: "a", userId: `u-${name}` } });
      }
      const apps = await own.call("listApps", { pageSize: 3 });
      expect(apps.appNames).toEqual(["A", "a", "b"]);
      const rest = await own.call("listApps", { pageSize: 3, pageToken: apps.nextPageToken });
      expect([rest.appNames, rest.nextPageToken]).toEqual([["ä"], ""]);
      const users = await own.call("listUsers", { key: { appName: "a" } });
      expect([users.userIds, users.nextPageToken]).toEqual([["u-A", "u-a", "u-b", "u-ä"], ""]);
      const foreign = own.call("listUsers", { key: { appName: "b" }, pageToken: apps.nextPageToken });
      expect((await failureOf(foreign)).reason).toBe("INVALID_PAGE_TOKEN");
    });
  });
});

describe("shared state", () => {
  it("is set and removed by keys without a prefix", async () => {
    await service.call("updateUserState", { key: user, stateDelta: { a: "1", c: "2" } });
    await service.call("updateUserState", {
      key: user,
      stateDelta: { b: "4" },
      removedStateKeys: ["a", "a"],
    });
    const { state } = await service.call("getUserState", { key: user });
    expect(state).toEqual({ b: "4", c: "2" });
    expect((await service.call("getAppState", { key: app })).state).toEqual({});
    const { session } = await service.call("createSession", { key });
    expect(session?.state).toEqual({ "user:b": "4", "user:c": "2" });
  });

  it("gives the first answer to a retry", async () => {
    const request = { key: app, stateDelta: { a: "1" }, requestId: "r-1" };
    const first = await service.call("updateAppState", request);
    await service.call("updateAppState", { key: app, stateDelta: { a: "2" } });
    expect(await service.call("updateAppState", request)).toEqual(first);
    expect((await service.call("getAppState", { key: app })).state).toEqual({ a: "2" });
    const other = { ...request, removedStateKeys: ["b"] };
    expect((await failureOf(service.call("updateAppState", other))).reason).toBe("REQUEST_ID_CONFLICT");
  });
});
