import { expect } from "vitest";
import {
  ANY,
  appendInput,
  append as appendTo,
  bodyOf,
  bodyOfNew,
  createInput,
  createSession,
  deltaOf,
  eventOf,
  failsWith,
  keyOf,
  mustGet,
  NOW,
  readHistory,
} from "../build.ts";
import type { Cases } from "../harness.ts";

export const append = {
  "an event comes back as it was appended": async ({ store, app }) => {
    const key = keyOf(app);
    const made = await createSession(store, createInput(key));
    const event = eventOf({
      id: "the-id",
      branch: "root.child",
      partial: false,
      turnComplete: true,
      interrupted: false,
      errorCode: "429",
      errorMessage: "too many",
      longRunningToolIds: ["b", "a"],
      actions: '{"transferToAgent" : "x"}',
      groundingMetadata: '{"a":1.0}',
      customMetadata: '{"b":[]}',
      extra: '{"usageMetadata":{}}',
      set: { a: "1", "user:b": "null", "app:c": "1.0" },
      remove: ["d", "user:e"],
    });
    const appended = await appendTo(store, appendInput(key, [event], { nowMicros: NOW + 9 }));
    expect(appended).toEqual({
      ok: true,
      uid: made.uid,
      headSeq: 1,
      events: [{ id: "the-id", timestamp: event.timestamp, seq: 1, revision: 2, createMicros: NOW + 9 }],
      repeated: false,
    });
    const [read] = await readHistory(store, key);
    if (read === undefined) throw new Error("no event");
    expect(bodyOf(read)).toEqual(bodyOfNew(event));
    expect(read).toMatchObject({ seq: 1, revision: 2, createMicros: NOW + 9, appendEndSeq: 1 });
    expect((await mustGet(store, key)).eventBytes).toBe(event.bytes);
  },

  "absent differs from empty and from false": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const events = [
      eventOf(),
      eventOf({
        branch: "",
        partial: false,
        turnComplete: false,
        interrupted: false,
        errorCode: "",
        errorMessage: "",
        longRunningToolIds: [],
      }),
      eventOf({ invocationId: undefined, author: undefined }),
      eventOf({ invocationId: "", author: "", content: "", writerLanguage: "", writerAdkVersion: "" }),
    ];
    await appendTo(store, appendInput(key, events));
    expect((await readHistory(store, key)).map(bodyOf)).toEqual(events.map(bodyOfNew));
  },

  "the session follows its events": async ({ store, app }) => {
    const key = keyOf(app);
    const made = await createSession(store, createInput(key));
    const events = [eventOf({ timestamp: 5 }), eventOf({ timestamp: 3.25, set: { a: "1" } })];
    await appendTo(store, appendInput(key, events, { nowMicros: NOW + 1 }));
    expect(await mustGet(store, key)).toEqual({
      ...made,
      revision: 3,
      headSeq: 2,
      eventCount: 2,
      eventBytes: events.reduce((sum, event) => sum + event.bytes, 0),
      updateMicros: NOW + 1,
      lastEventTime: 3.25,
      state: new Map([["a", "1"]]),
    });
  },

  "a batch takes seqs without gaps and tells where it ends": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    await appendTo(store, appendInput(key, [eventOf()]));
    const batch = await appendTo(store, appendInput(key, [eventOf(), eventOf(), eventOf()]));
    expect(batch.headSeq).toBe(4);
    expect(batch.events.map(({ seq, revision }) => [seq, revision])).toEqual([
      [2, 3],
      [3, 4],
      [4, 5],
    ]);
    expect((await readHistory(store, key)).map((event) => event.appendEndSeq)).toEqual([1, 4, 4, 4]);
  },

  "a missing session is an error unless it is to be made": async ({ store, app }) => {
    const key = keyOf(app);
    await failsWith(appendTo(store, appendInput(key, [eventOf()])), "SESSION_NOT_FOUND");
    expect(await store.getSession(key)).toBeUndefined();
    const event = eventOf({ set: { a: "1" } });
    const made = await appendTo(store, appendInput(key, [event], { createUid: "made" }));
    expect(made).toMatchObject({ uid: "made", headSeq: 1, events: [{ seq: 1, revision: 2 }] });
    expect(await mustGet(store, key)).toMatchObject({
      uid: "made",
      revision: 2,
      ownerId: "",
      displayName: "",
      labels: new Map(),
      createMicros: NOW,
      state: new Map([["a", "1"]]),
    });
    const owned = keyOf(app, "owned");
    await appendTo(store, appendInput(owned, [eventOf()], { createUid: "owned", createOwnerId: "tenant" }));
    await appendTo(store, appendInput(owned, [eventOf()], { createUid: "again", createOwnerId: "another" }));
    expect(await mustGet(store, owned)).toMatchObject({ uid: "owned", ownerId: "tenant", headSeq: 2 });
    // It is there now: the same wish appends to it.
    const more = await appendTo(store, appendInput(key, [eventOf()], { createUid: "another" }));
    expect(more).toMatchObject({ uid: "made", headSeq: 2 });
  },

  "another revision or uid than expected writes nothing": async ({ store, app }) => {
    const key = keyOf(app);
    const made = await createSession(store, createInput(key, { delta: deltaOf({ a: "1" }) }));
    for (const expected of [
      { ...ANY, revision: 2 },
      { ...ANY, uid: "another" },
    ]) {
      const event = eventOf({ set: { a: "2", "user:b": "2", "app:c": "2" } });
      const error = await failsWith(
        appendTo(store, appendInput(key, [event], { expected })),
        "STALE_SESSION",
      );
      expect(error.facts).toEqual({ actual_uid: made.uid, actual_revision: "1", head_seq: "0" });
    }
    expect(await mustGet(store, key)).toEqual(made);
    const expected = { uid: made.uid, revision: 1 };
    expect((await appendTo(store, appendInput(key, [eventOf()], { expected }))).headSeq).toBe(1);
  },

  "an event larger than the engine takes is refused": async ({ store, app }) => {
    const key = keyOf(app);
    const made = await createSession(store, createInput(key));
    const { maxEventBytes, maxAppendBytes } = store.capabilities;
    const event = { ...eventOf(), bytes: maxEventBytes + 1 };
    const error = await failsWith(appendTo(store, appendInput(key, [event])), "TOO_LARGE");
    expect(error.facts).toEqual({ limit_bytes: String(maxEventBytes) });
    const many = Array.from({ length: Math.floor(maxAppendBytes / maxEventBytes) + 1 }, () => ({
      ...eventOf(),
      bytes: maxEventBytes,
    }));
    await failsWith(appendTo(store, appendInput(key, many)), "TOO_LARGE");
    expect(await mustGet(store, key)).toEqual(made);
  },

  "a large event is stored": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const event = eventOf({ content: JSON.stringify({ text: "é".repeat(4 * 1024 * 1024) }) });
    await appendTo(store, appendInput(key, [event]));
    const [read] = await readHistory(store, key);
    expect(read?.content === event.content).toBe(true);
  },
} satisfies Cases;
