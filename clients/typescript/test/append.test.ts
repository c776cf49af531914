/** Appending events. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEvent, createSession, type Session } from "@google/adk";
import {
  EventIdConflictError,
  InvalidRequestError,
  SessiondError,
  SessionNotFoundError,
  StaleSessionError,
  TooLargeError,
} from "sessiond-client/adk";
import { fullEvent } from "./support/full-event.ts";
import { newService, newSession, plain, read, stateEvent } from "./support/service.ts";

const service = newService();
const staleText =
  "The session has been modified in storage since it was loaded. Please reload the session before appending more events.";

/** A copy, as a program makes it that keeps sessions as JSON. */
function copyOf(session: Session): Session {
  return JSON.parse(JSON.stringify(session));
}

describe("appendEvent", () => {
  it("stores everything of an event, and brings the session object up to it", async () => {
    const session = await newSession(service);
    const event = fullEvent();
    const expected = fullEvent();
    delete expected.actions.stateDelta["temp:e"];
    assert.equal(await service.appendEvent({ session, event }), event, "the same object");
    assert.deepEqual(plain(event), plain(expected));
    const found = await read(service, session);
    assert.deepEqual(plain(found.events), [plain(expected)]);
    assert.deepEqual(plain(found), plain(session));
    assert.deepEqual(plain(found.state), { a: 1, "user:b": { c: [1.25, null] }, "app:d": "x" });
    assert.equal(found.lastUpdateTime, event.timestamp);
  });

  it("keeps times exactly, also when they go backwards", async () => {
    const session = await newSession(service);
    for (const timestamp of [
      1_742_000_000_123, 1, -62_135_596_800_000, 4_102_444_800_500, 1_742_000_000_123.456,
    ]) {
      await service.appendEvent({ session, event: createEvent({ author: "u", timestamp }) });
      assert.equal(session.lastUpdateTime, timestamp);
      const found = await read(service, session);
      assert.equal(found.lastUpdateTime, timestamp);
      assert.equal(found.events.at(-1)?.timestamp, timestamp);
    }
    const first = { ...createEvent({ author: "u" }), timestamp: 0 };
    await service.appendEvent({ session, event: first });
    assert.equal((await read(service, session)).events.at(-1)?.timestamp, 0, "not taken for absent");
  });

  it("keeps the order of the appends", async () => {
    const session = await newSession(service);
    const ids = ["e3", "e1", "e2", "e9", "e0"];
    for (const id of ids)
      await service.appendEvent({ session, event: createEvent({ id, author: "u", timestamp: 7 }) });
    assert.deepEqual(
      (await read(service, session)).events.map(({ id }) => id),
      ids,
    );
  });

  it("gives a partial event back untouched, and false is not absent", async () => {
    const session = await newSession(service);
    const event = stateEvent({ "temp:a": 1, b: 2 }, { partial: true });
    const before = plain(event);
    assert.equal(await service.appendEvent({ session, event }), event);
    assert.deepEqual(plain(event), before);
    assert.deepEqual(await read(service, session), session);
    await service.appendEvent({
      session,
      event: createEvent({ author: "u", partial: false, turnComplete: true }),
    });
    const [stored] = (await read(service, session)).events;
    assert.deepEqual([stored?.partial, stored?.turnComplete, stored?.interrupted], [false, true, undefined]);
  });

  it("gives an id and a time to an event that has none", async () => {
    const session = await newSession(service);
    const event = { ...createEvent({ author: "u" }), id: "" };
    delete (event as { timestamp?: number }).timestamp;
    await service.appendEvent({ session, event });
    assert.notEqual(event.id, "");
    assert.ok(Math.abs(event.timestamp - Date.now()) < 3_600_000);
    assert.deepEqual(plain(await read(service, session)), plain(session));
  });

  it("says in ADK's words that the session is not there", async () => {
    const session = await newSession(service);
    const { appName, userId, id: sessionId } = session;
    await service.deleteSession({ appName, userId, sessionId });
    for (const each of [session, createSession({ id: sessionId, appName, userId })]) {
      const before = plain(each);
      await assert.rejects(service.appendEvent({ session: each, event: stateEvent({ a: 1 }) }), (error) => {
        assert.ok(error instanceof SessionNotFoundError);
        assert.equal(error.message, `Session ${sessionId} not found for appendEvent`);
        return true;
      });
      assert.deepEqual(plain(each), before);
    }
  });

  it("refuses what UTF-8 or JSON cannot carry, and changes nothing", async () => {
    const session = await newSession(service);
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    for (const event of [
      createEvent({ id: "\ud800", author: "u" }),
      createEvent({ author: "\udc00" }),
      stateEvent({ "\ud800": 1 }),
      stateEvent({ a: 1n }),
      stateEvent({ a: loop }),
      createEvent({ author: "u", customMetadata: { a: [1n] } }),
      createEvent({ author: 1 as unknown as string }),
      { ...createEvent({ author: "u" }), timestamp: "now" as unknown as number },
      createEvent({ author: "u", turnComplete: "yes" as unknown as boolean }),
      { ...createEvent({ author: "u" }), timestamp: Number.NaN },
    ]) {
      const before = { ...event };
      await assert.rejects(service.appendEvent({ session, event }), InvalidRequestError);
      assert.deepEqual(event, before);
    }
    assert.deepEqual(await read(service, session), session);
  });

  it("refuses an event that is too large, with the limit", async () => {
    const session = await newSession(service);
    // The first is too large for a message, the second for an event.
    for (const [mebibytes, limit] of [
      [64, 17],
      [16, 16],
    ] as const) {
      const text = "x".repeat(mebibytes * 2 ** 20);
      const event = createEvent({ author: "u", content: { parts: [{ text }] } });
      await assert.rejects(service.appendEvent({ session, event }), (error) => {
        assert.ok(error instanceof TooLargeError);
        assert.deepEqual(error.metadata, { limit_bytes: String(limit * 2 ** 20) });
        return true;
      });
    }
    assert.deepEqual(await read(service, session), session);
    // What lies between gRPC's own limit of 4 MiB and the server's is no error.
    await service.appendEvent({
      session,
      event: createEvent({ author: "u", content: { parts: [{ text: "x".repeat(6 * 2 ** 20) }] } }),
    });
    assert.equal((await read(service, session)).events[0]?.content?.parts?.[0]?.text?.length, 6 * 2 ** 20);
  });
});

describe("a stale session", () => {
  it("is rejected, nothing changes, and after loading again it works", async () => {
    const session = await newSession(service);
    const behind = await read(service, session);
    await service.appendEvent({ session, event: createEvent({ id: "first", author: "u" }) });
    const event = stateEvent({ "temp:a": 1, b: 2 });
    const before = [plain(event), plain(behind)];
    await assert.rejects(service.appendEvent({ session: behind, event }), (error) => {
      assert.ok(error instanceof StaleSessionError);
      assert.ok(error instanceof SessiondError);
      assert.equal(error.message, staleText);
      assert.equal(error.reason, "STALE_SESSION");
      assert.ok(Number(error.metadata["actual_revision"]) > 0);
      return true;
    });
    assert.deepEqual([plain(event), plain(behind)], before);
    assert.deepEqual(
      (await read(service, session)).events.map(({ id }) => id),
      ["first"],
    );
    const again = await read(service, session);
    await service.appendEvent({ session: again, event });
    await service.appendEvent({ session: again, event: createEvent({ author: "u" }) });
    assert.equal((await read(service, session)).events.length, 3);
  });

  it("is one that was made again under the same key", async () => {
    const session = await newSession(service);
    const { appName, userId, id: sessionId } = session;
    await service.deleteSession({ appName, userId, sessionId });
    const made = await service.createSession({ appName, userId, sessionId });
    for (const through of [service, newService({ onStale: "append" })]) {
      await assert.rejects(
        through.appendEvent({ session, event: createEvent({ author: "u" }) }),
        StaleSessionError,
      );
    }
    assert.deepEqual(await read(service, made), made);
  });

  it("is a copy that does not end in the stored event", async () => {
    const session = await newSession(service);
    const empty = copyOf(session);
    await service.appendEvent({ session: empty, event: createEvent({ id: "1", author: "u" }) });
    const copied = copyOf(empty);
    await service.appendEvent({ session: copied, event: createEvent({ id: "2", author: "u" }) });
    for (const behind of [copyOf(session), copyOf(empty)]) {
      await assert.rejects(service.appendEvent({ session: behind, event: createEvent({ author: "u" }) }), {
        name: "StaleSessionError",
        message: staleText,
      });
    }
    assert.equal((await read(service, session)).events.length, 2);
  });

  it("is appended to all the same where that was asked for", async () => {
    const append = newService({ onStale: "append" });
    const session = await newSession(append);
    const behind = await read(append, session);
    await append.appendEvent({ session, event: stateEvent({ a: 1 }, { id: "1" }) });
    await append.appendEvent({ session: behind, event: stateEvent({ b: 2 }, { id: "2" }) });
    await append.appendEvent({ session: copyOf(session), event: createEvent({ id: "3", author: "u" }) });
    const found = await read(append, session);
    assert.deepEqual(
      found.events.map(({ id }) => id),
      ["1", "2", "3"],
    );
    assert.deepEqual(found.state, { a: 1, b: 2 });
  });
});

describe("the same event again", () => {
  it("is stored once, and the session object stays right", async () => {
    const session = await newSession(service);
    const make = () => stateEvent({ "temp:a": 1, b: 2 }, { id: "same", timestamp: 5000 });
    await service.appendEvent({ session, event: make() });
    await service.appendEvent({ session, event: createEvent({ id: "next", author: "u", timestamp: 6000 }) });
    const event = make();
    await service.appendEvent({ session, event });
    assert.deepEqual(plain(event.actions.stateDelta), { b: 2 });
    assert.deepEqual(
      session.events.map(({ id }) => id),
      ["same", "next"],
    );
    assert.equal(session.lastUpdateTime, 6000);
    assert.deepEqual(plain(await read(service, session)), plain(session));
    // The marker did not go back: the next append is not stale.
    await service.appendEvent({ session, event: createEvent({ author: "u" }) });
  });

  it("with other bytes is a conflict", async () => {
    const session = await newSession(service);
    await service.appendEvent({ session, event: createEvent({ id: "same", author: "u", timestamp: 5000 }) });
    const before = plain(session);
    const event = createEvent({ id: "same", author: "other", timestamp: 5000 });
    await assert.rejects(service.appendEvent({ session, event }), EventIdConflictError);
    assert.deepEqual(plain(session), before);
  });
});

describe("concurrent appends", () => {
  it("to one session object all land, in the order of the calls", async () => {
    const session = await newSession(service);
    const ids = Array.from({ length: 50 }, (_, index) => `e${index}`);
    const appends = ids.map((id) => service.appendEvent({ session, event: stateEvent({ [id]: 1 }, { id }) }));
    await Promise.all(appends);
    const found = await read(service, session);
    assert.deepEqual(
      found.events.map(({ id }) => id),
      ids,
    );
    assert.deepEqual(plain(found), plain(session));
  });

  it("go on after one that failed", async () => {
    const session = await newSession(service);
    const outcomes = await Promise.allSettled([
      service.appendEvent({ session, event: createEvent({ id: "1", author: "u" }) }),
      service.appendEvent({ session, event: createEvent({ id: "\ud800", author: "u" }) }),
      service.appendEvent({ session, event: createEvent({ id: "3", author: "u" }) }),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(
      (await read(service, session)).events.map(({ id }) => id),
      ["1", "3"],
    );
  });

  it("of several objects: one wins each round, and the losers reload", async () => {
    const session = await newSession(service);
    const writer = async (name: string) => {
      for (let done = 0; done < 5; ) {
        const mine = await read(service, session);
        try {
          await service.appendEvent({
            session: mine,
            event: createEvent({ id: `${name}${done}`, author: name }),
          });
          done += 1;
        } catch (error) {
          assert.ok(error instanceof StaleSessionError);
        }
      }
    };
    await Promise.all(["a", "b", "c"].map(writer));
    const { events } = await read(service, session);
    assert.equal(events.length, 15);
    for (const name of ["a", "b", "c"]) {
      const own = events.filter(({ author }) => author === name).map(({ id }) => id);
      assert.deepEqual(
        own,
        [0, 1, 2, 3, 4].map((index) => `${name}${index}`),
      );
    }
  });
});
