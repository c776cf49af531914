/** What an event is on the wire, and what comes of what other languages wrote. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { createEvent, type Event, version } from "@google/adk";
import { tail } from "sessiond-client";
import { eventFromProto } from "sessiond-client/adk";
import { connect } from "sessiond-client/grpc";
import { fullEvent } from "./support/full-event.ts";
import { newApp, newService, newSession, plain, read, stateEvent, target } from "./support/service.ts";

const service = newService();
const wire = connect(target);

/** The stored messages of a session. */
async function storedEvents(key: { appName: string; userId: string; sessionId: string }) {
  for await (const update of tail(wire.client, { key })) if (update.kind === "events") return update.events;
  return [];
}

/** The message that is stored for an event. */
async function storedOf(event: Event) {
  const session = await newSession(service);
  await service.appendEvent({ session, event });
  const { appName, userId, id: sessionId } = session;
  const [stored] = await storedEvents({ appName, userId, sessionId });
  assert.ok(stored);
  return stored;
}

/** ADK's event of a message that somebody else wrote. */
async function readOf(event: Parameters<typeof wire.client.appendEvent>[0]["event"]) {
  const key = { appName: newApp(), userId: "u", sessionId: "s" };
  await wire.client.appendEvent({ key, createSession: true, ...(event === undefined ? {} : { event }) });
  const session = await service.getSession(key);
  assert.ok(session?.events[0]);
  return { event: session.events[0], session };
}

const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

describe("an event on the wire", () => {
  it("has ADK's canonical form", async () => {
    const stored = await storedOf(fullEvent());
    assert.equal(stored.id, "full");
    assert.equal(stored.invocationId, "e-1");
    assert.equal(stored.author, "agent");
    assert.equal(stored.branch, "root.child");
    assert.equal(stored.timestamp, 1_742_000_000.123, "seconds");
    assert.deepEqual([stored.partial, stored.turnComplete, stored.interrupted], [false, true, false]);
    assert.equal(stored.errorCode, "SAFETY");
    assert.deepEqual(stored.longRunningToolIds?.ids, ["call-1", "call-2"]);
    assert.deepEqual(stored.stateDelta, { a: "1", "user:b": '{"c":[1.25,null]}', "app:d": '"x"' });
    assert.deepEqual(stored.removedStateKeys, []);
    assert.deepEqual(
      { ...stored.writer, $typeName: 0 },
      { $typeName: 0, language: "typescript", adkVersion: version },
    );
    const expected = plain(fullEvent()) as Record<string, Record<string, unknown>>;
    const { stateDelta: _, ...actions } = expected["actions"] ?? {};
    assert.deepEqual(json(stored.actions), actions);
    assert.equal(stored.content, JSON.stringify(expected["content"]), "as it is, in its order");
    assert.equal(stored.groundingMetadata, JSON.stringify(expected["groundingMetadata"]));
    assert.equal(stored.customMetadata, JSON.stringify(expected["customMetadata"]));
    const extra = JSON.parse(stored.extra);
    assert.deepEqual(extra["nextMonthsField"], { camelKey: 1, snake_key: [2] });
    assert.deepEqual(extra["usageMetadata"], { promptTokenCount: 3, totalTokenCount: 5 });
    for (const name of ["id", "author", "timestamp", "actions", "content", "longRunningToolIds", "partial"]) {
      assert.ok(!(name in extra), name);
    }
  });

  it("that says little is little", async () => {
    const stored = await storedOf(createEvent({ id: "e", timestamp: 5 }));
    assert.deepEqual(
      [
        stored.content,
        stored.groundingMetadata,
        stored.customMetadata,
        stored.extra,
        stored.author,
        stored.branch,
      ],
      ["", "", "", "", undefined, undefined],
    );
    assert.deepEqual(stored.longRunningToolIds?.ids, [], "empty is not absent");
    const bare = { id: "e", invocationId: "", timestamp: 5, content: null } as unknown as Event;
    const less = await storedOf(bare);
    assert.deepEqual([less.longRunningToolIds, less.content], [undefined, ""]);
  });

  it("has its set of tool ids sorted, and is the same each time", async () => {
    const make = () =>
      createEvent({ id: "e", timestamp: 5, longRunningToolIds: ["b", "a"], customMetadata: { z: 1, a: 2 } });
    const [one, other] = [await storedOf(make()), await storedOf(make())];
    assert.deepEqual(one.longRunningToolIds?.ids, ["a", "b"]);
    assert.deepEqual({ ...one, createTime: 0 }, { ...other, createTime: 0 });
  });

  it("has lone surrogates as escapes", async () => {
    const stored = await storedOf(createEvent({ author: "u", content: { parts: [{ text: "a\ud800b" }] } }));
    assert.equal(stored.content, '{"parts":[{"text":"a\\ud800b"}]}');
  });

  it("tells which state it removed", async () => {
    const stored = await storedOf(stateEvent({ kept: null, gone: undefined, "temp:x": undefined }));
    assert.deepEqual([stored.stateDelta, stored.removedStateKeys], [{ kept: "null" }, ["gone"]]);
  });
});

describe("an event of another language", () => {
  it("keeps what this ADK does not know", async () => {
    const { event } = await readOf({
      id: "e",
      author: "agent",
      timestamp: 1742000000.123456,
      actions: new TextEncoder().encode(
        '{"rewindBeforeInvocationId":"e-1","compaction":{"startTimestamp":1.5},"route":1}',
      ),
      stateDelta: { big: "9007199254740993", one: "1.0" },
      removedStateKeys: ["gone"],
      content: '{"role":"model","parts":[{"newKind":{"a":1}}]}',
      customMetadata: '[{"key":"k","numericValue":1.0}]',
      extra:
        '{"cacheMetadata":{"cache_name":"c"},"nodeInfo":{"path":""},"avgLogprobs":-0.25,"timestamp":7,"id":"x"}',
      writer: { language: "python", adkVersion: "2.13.0" },
    });
    assert.equal(event.timestamp, 1742000000123.456);
    assert.equal(event.id, "e", "the envelope counts");
    const { actions, ...rest } = event as Event & Record<string, unknown>;
    assert.deepEqual(plain(actions), {
      stateDelta: { big: 9007199254740992, one: 1 },
      artifactDelta: {},
      requestedAuthConfigs: {},
      requestedToolConfirmations: {},
      rewindBeforeInvocationId: "e-1",
      compaction: { startTimestamp: 1.5 },
      route: 1,
    });
    assert.ok("gone" in actions.stateDelta && actions.stateDelta["gone"] === undefined);
    assert.deepEqual(rest["cacheMetadata"], { cache_name: "c" });
    assert.deepEqual(rest["avgLogprobs"], -0.25);
    assert.deepEqual(event.content?.parts, [{ newKind: { a: 1 } }]);
    assert.deepEqual(event.customMetadata, [{ key: "k", numericValue: 1 }]);
    assert.equal(event.longRunningToolIds, undefined, "absent is not empty");
  });

  it("may say next to nothing", async () => {
    const { event } = await readOf({ timestamp: 0 });
    assert.notEqual(event.id, "");
    assert.deepEqual([event.timestamp, event.invocationId, event.author], [0, "", undefined]);
    assert.deepEqual(event.actions.stateDelta, {});
  });

  it("has its bytes in the alphabet that ADK wants; what TypeScript wrote stays", async () => {
    const content = JSON.stringify({
      parts: [
        { inlineData: { mimeType: "a/b", data: "-_-_" }, thoughtSignature: "_w==" },
        {
          functionResponse: {
            name: "f",
            response: { text: "a-b_c" },
            parts: [{ inlineData: { data: "-_8=" } }],
          },
        },
        { text: "a-b_c" },
      ],
    });
    const { event } = await readOf({ id: "e", content, writer: { language: "python" } });
    assert.deepEqual(event.content?.parts, [
      { inlineData: { mimeType: "a/b", data: "+/+/" }, thoughtSignature: "/w==" },
      {
        functionResponse: {
          name: "f",
          response: { text: "a-b_c" },
          parts: [{ inlineData: { data: "+/8=" } }],
        },
      },
      { text: "a-b_c" },
    ]);
    const own = createEvent({ author: "u", content: JSON.parse(content) });
    const session = await newSession(service);
    await service.appendEvent({ session, event: own });
    assert.deepEqual((await read(service, session)).events[0]?.content, JSON.parse(content));
  });

  it("changes nothing on the server when its state is written beside", async () => {
    const { session } = await readOf({
      id: "e",
      stateDelta: { big: "9007199254740993", one: "1.0", e: "1e2" },
    });
    await service.appendEvent({ session, event: stateEvent({ mine: 1 }) });
    const { appName, userId, id: sessionId } = session;
    const stored = await wire.client.getSession({ key: { appName, userId, sessionId } });
    assert.deepEqual(stored.session?.state, { big: "9007199254740993", one: "1.0", e: "1e2", mine: "1" });
  });

  it("comes through a tail as ADK's, too", async () => {
    const session = await newSession(service);
    await service.appendEvent({ session, event: fullEvent() });
    const { appName, userId, id: sessionId } = session;
    const [stored] = await storedEvents({ appName, userId, sessionId });
    assert.ok(stored);
    assert.deepEqual(plain(eventFromProto(stored)), plain(session.events[0]));
  });
});

after(() => wire.close());
