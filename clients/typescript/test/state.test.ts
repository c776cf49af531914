/** State in all scopes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEvent, State } from "@google/adk";
import { newApp, newService, newSession, plain, read, stateEvent } from "./support/service.ts";

const service = newService();

describe("state", () => {
  it("is split by prefix, shared, and merged again", async () => {
    const appName = newApp();
    const ann = await service.createSession({ appName, userId: "ann", state: { own: 1, "temp:t": 2 } });
    const annToo = await service.createSession({ appName, userId: "ann" });
    const ben = await service.createSession({ appName, userId: "ben" });
    await service.appendEvent({
      session: ann,
      event: stateEvent({ own: 2, "user:lang": "de", "app:motd": "hi", "temp:x": 1 }),
    });
    const shared = { "user:lang": "de", "app:motd": "hi" };
    assert.deepEqual((await read(service, ann)).state, { own: 2, ...shared });
    assert.deepEqual((await read(service, annToo)).state, shared);
    assert.deepEqual((await read(service, ben)).state, { "app:motd": "hi" });
    assert.deepEqual((await service.createSession({ appName, userId: "new" })).state, { "app:motd": "hi" });
  });

  it("keeps temp: keys in memory only, as ADK does", async () => {
    const session = await newSession(service, { "temp:at-create": 1 });
    assert.deepEqual(session.state, {});
    // As a tool's context writes: into the session's state and the event's delta.
    const event = stateEvent({});
    const state = new State(session.state, event.actions.stateDelta);
    state.set("temp:note", "for this invocation");
    state.set("kept", 1);
    await service.appendEvent({ session, event });
    assert.deepEqual(plain(session.state), { "temp:note": "for this invocation", kept: 1 });
    assert.deepEqual(plain(event.actions.stateDelta), { kept: 1 });
    const found = await read(service, session);
    assert.deepEqual(found.state, { kept: 1 });
    assert.deepEqual(plain(found.events[0]?.actions.stateDelta), { kept: 1 });
  });

  it("is replaced key by key; null is a value, undefined removes", async () => {
    const session = await newSession(service, {
      a: { x: 1, y: 2 },
      b: [1, 2],
      c: 3,
      "user:u": 1,
      "app:p": 1,
    });
    await service.appendEvent({ session, event: stateEvent({ a: { z: 3 }, b: null }) });
    assert.deepEqual((await read(service, session)).state, {
      a: { z: 3 },
      b: null,
      c: 3,
      "user:u": 1,
      "app:p": 1,
    });
    const removing = { a: undefined, "user:u": undefined, "app:p": undefined, never: undefined };
    await service.appendEvent({ session, event: stateEvent(removing) });
    const found = await read(service, session);
    assert.deepEqual(found.state, { b: null, c: 3 });
    assert.deepEqual(plain(found.state), plain(session.state));
    assert.deepEqual({ ...found.events.at(-1)?.actions.stateDelta }, removing, "the event tells it, too");
  });

  it("carries values of every kind", async () => {
    const values = {
      "": "empty key",
      zero: 0,
      fraction: 0.1 + 0.2,
      tiny: 5e-324,
      huge: Number.MAX_VALUE,
      safe: Number.MAX_SAFE_INTEGER,
      texts: ["\u0000", "\ud800", "\u{1f600}", "é", "e\u0301"],
      nested: { a: [{ b: [[]] }], ["__proto__"]: { c: 1 } },
      no: false,
      "кл юч": {},
    };
    const session = await newSession(service, values);
    assert.deepEqual(session.state, values);
    const found = await read(service, session);
    assert.deepEqual(found.state, values);
    await service.appendEvent({ session: found, event: stateEvent(values) });
    assert.deepEqual(plain((await read(service, session)).events[0]?.actions.stateDelta), plain(values));
  });

  it("may have a key called __proto__", async () => {
    const values = JSON.parse('{"__proto__": {"polluted": 1}, "app:__proto__": 2}');
    const session = await newSession(service, values);
    const found = await read(service, session);
    assert.deepEqual(Object.keys(found.state).sort(), ["__proto__", "app:__proto__"]);
    assert.match(JSON.stringify(found.state), /"__proto__":\{"polluted":1\}/);
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
    await service.appendEvent({ session: found, event: stateEvent(values) });
    const again = await read(service, session);
    assert.deepEqual(Object.keys(again.events[0]?.actions.stateDelta ?? {}).sort(), [
      "__proto__",
      "app:__proto__",
    ]);
  });

  it("writes what JSON has no form for as it can be read by all", async () => {
    const session = await newSession(service);
    const event = stateEvent({
      bytes: new Uint8Array([0, 255, 254, 255]),
      buffer: Buffer.from([251, 255]),
      set: new Set(["b", "a"]),
      map: new Map([["k", 1]]),
      date: new Date(1_742_000_000_123),
      nan: Number.NaN,
      list: [undefined, Number.POSITIVE_INFINITY],
      inner: { gone: undefined, also: () => 1 },
    });
    await service.appendEvent({ session, event });
    assert.deepEqual((await read(service, session)).state, {
      bytes: "AP/+/w==",
      buffer: "+/8=",
      set: ["b", "a"],
      map: { k: 1 },
      date: "2025-03-15T00:53:20.123Z",
      nan: null,
      list: [null, null],
      inner: {},
    });
  });

  it("loses no key of concurrent writers", async () => {
    const appName = newApp();
    const append = newService({ onStale: "append" });
    const sessions = await Promise.all(
      [1, 2, 3, 4].map(() => append.createSession({ appName, userId: "u" })),
    );
    await Promise.all(
      sessions.flatMap((session, writer) =>
        [0, 1, 2, 3, 4].map((index) =>
          append.appendEvent({ session, event: stateEvent({ [`app:k${writer}-${index}`]: index }) }),
        ),
      ),
    );
    const { state } = await append.createSession({ appName, userId: "u" });
    assert.equal(Object.keys(state).length, 20);
  });

  it("of a session object is no other object's", async () => {
    const inner = { list: [1] };
    const session = await newSession(service, { inner });
    inner.list.push(2);
    assert.deepEqual(session.state, { inner: { list: [1] } });
    const event = stateEvent({ inner });
    await service.appendEvent({ session, event });
    const found = await read(service, session);
    inner.list.push(3);
    assert.deepEqual(found.state, { inner: { list: [1, 2] } });
    await service.appendEvent({ session: found, event: createEvent({ author: "u" }) });
  });
});
