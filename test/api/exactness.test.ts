/** I1: what is appended is what is read, byte for byte, whichever client wrote it and whichever reads it. */
import { describe, expect, test } from "vitest";
import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import {
  clientKinds,
  type EventInit,
  type Key,
  newEvent,
  newKey,
  overEveryClient,
  present,
} from "./harness.ts";

/** JSON texts that an encoder on the way would change. */
const texts = {
  "order of keys and spaces": '{ "b" : 1,  "a":2 ,"10":0,"9":0}',
  "numbers as written": '{"n":[1.0,1,-0.0,1e2,0.10,9223372036854775808,1e400,12345678901234567890.123]}',
  "escapes as written": String.raw`{"s":"\u0000\u0041\/\ud800\udc00\uD83E","t":"é\u00e9😀"}`,
  "keys twice": '{"a":1,"a":2}',
  "names of JavaScript": '{"__proto__":{"x":1},"constructor":null,"toString":"x"}',
  "line ends": '{"a":"\u2028\u2029",\r\n\t"b":"\u007f\u0080"}',
} as const;

/** State values of every kind of JSON. */
const values: Readonly<Record<string, string>> = {
  float: "1.0",
  beyond: "9223372036854775808",
  "negative zero": "-0.0",
  nul: String.raw`"a\u0000b"`,
  "lone surrogate": String.raw`"\ud800"`,
  null: "null",
  spaced: ' { "b":1 , "a":[ ] } ',
  text: '"é😀\u2028"',
  "": '"the empty key"',
  "trailing ": "1",
  Trailing: "2",
  "ключ 键 🔑": "3",
  'quote " and \\ and \n': "4",
  constructor: "5",
  hasOwnProperty: "6",
  toString: "7",
  "user:": '"the empty user key"',
  "app:x:y": "8",
  ["__proto__"]: "9",
};

/** Comparable, with `__proto__` as a key like any other. */
function entriesOf(state: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(state ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

overEveryClient((subject) => {
  /** What every kind of client reads of a session's events, by kind. */
  async function readByAll(key: Key): Promise<Map<string, Event[]>> {
    const reads = new Map<string, Event[]>();
    for (const kind of clientKinds) {
      const api = subject.client(kind);
      const listed = (await api.listEvents({ key })).events;
      const streamed: Event[] = [];
      for await (const { frame } of api.streamEvents({ key })) {
        if (frame.case === "events") streamed.push(...frame.value.events);
      }
      expect(streamed).toEqual(listed);
      reads.set(kind, listed);
    }
    return reads;
  }

  async function writeAndRead(event: EventInit): Promise<Event> {
    const key = newKey();
    await subject.api.appendEvent({ key, event, createSession: true });
    const reads = [...(await readByAll(key)).values()];
    const first = present(reads[0]?.[0]);
    for (const read of reads) expect(read).toEqual([first]);
    return first;
  }

  test.each(Object.entries(texts))("JSON: %s", async (_, text) => {
    const read = await writeAndRead(
      newEvent({
        actions: new TextEncoder().encode(text),
        content: text,
        groundingMetadata: text,
        customMetadata: text,
        extra: text,
        stateDelta: { k: text },
      }),
    );
    expect(new TextDecoder().decode(read.actions)).toBe(text);
    for (const field of ["content", "groundingMetadata", "customMetadata", "extra"] as const) {
      expect(read[field]).toBe(text);
    }
    expect(read.stateDelta["k"]).toBe(text);
  });

  test("state keys and values", async () => {
    const key = newKey();
    const { session: created } = await subject.api.createSession({ key, state: { ...values } });
    expect(entriesOf(created?.state)).toEqual(entriesOf(values));
    const other = { ...key, sessionId: "by event" };
    const event = newEvent({ stateDelta: { ...values } });
    await subject.api.appendEvent({ key: other, event, createSession: true });
    for (const kind of clientKinds) {
      for (const each of [key, other]) {
        const { session } = await subject.client(kind).getSession({ key: each });
        expect(entriesOf(session?.state), kind).toEqual(entriesOf(values));
      }
    }
    const [read] = (await readByAll(other)).get("grpc-js") ?? [];
    expect(entriesOf(read?.stateDelta)).toEqual(entriesOf(values));
  });

  test("every field of an event", async () => {
    const event = newEvent({
      id: "e",
      invocationId: "inv é ",
      author: "",
      branch: "root.child",
      timestamp: 1_760_000_000.123457,
      turnComplete: true,
      interrupted: false,
      errorCode: "E1",
      errorMessage: "line\nline, \u0000",
      longRunningToolIds: { ids: ["a", "b"] },
      stateDelta: { k: "1" },
      removedStateKeys: ["gone", "user:gone"],
      writer: { language: "python", adkVersion: "2.13.0" },
    });
    const read = await writeAndRead({ ...event, partial: false });
    expect(read).toMatchObject({ ...event, seq: 1n, revision: 2n });
    expect(read.partial ?? false).toBe(false);
  });

  describe("presence", () => {
    const optional = [
      "invocationId",
      "author",
      "branch",
      "turnComplete",
      "interrupted",
      "errorCode",
      "errorMessage",
      "longRunningToolIds",
    ] as const;

    test("absent", async () => {
      const read = await writeAndRead({ id: "e" });
      for (const field of optional) expect(read[field], field).toBeUndefined();
      expect(read.timestamp).toBeDefined();
    });

    test("zero and empty", async () => {
      const zeros = {
        invocationId: "",
        author: "",
        branch: "",
        timestamp: 0,
        turnComplete: false,
        interrupted: false,
        errorCode: "",
        errorMessage: "",
        longRunningToolIds: { ids: [] },
      };
      expect(await writeAndRead({ id: "e", ...zeros })).toMatchObject(zeros);
    });
  });

  test.each([
    -62_135_596_800,
    0.1,
    1e-300,
    1_700_000_000.000_001,
    253_402_300_799.999_97,
    -1e15,
    2 ** 53 + 2,
  ])("the time %d", async (timestamp) => {
    expect((await writeAndRead(newEvent({ timestamp }))).timestamp).toBe(timestamp);
  });

  describe("ids", () => {
    const exotic = [
      "a",
      "A",
      "á",
      "a\u0301",
      "a ",
      " a",
      "a\t",
      "a/b?c=%20#d",
      "'; DROP TABLE adk_sessions; --",
      "\\",
      "a\nb",
      "\u202e\u200b",
      "__proto__",
      "%",
      "_",
      "ß",
      "ss",
      "\u{10ffff}",
      "\uffff",
      "😀".repeat(191),
    ];

    test("are compared exactly, as names of sessions, users and events", async () => {
      const { appName } = newKey();
      for (const id of exotic) {
        const key = { appName, userId: id, sessionId: id };
        await subject.api.createSession({ key, displayName: JSON.stringify(id) });
      }
      const one = { appName, userId: "u", sessionId: "s" };
      await subject.api.batchAppendEvents({
        key: one,
        events: exotic.map((id) => newEvent({ id })),
        createSession: true,
      });
      for (const id of exotic) {
        const { session } = await subject.api.getSession({ key: { appName, userId: id, sessionId: id } });
        expect(session?.displayName).toBe(JSON.stringify(id));
        expect(session?.key).toMatchObject({ userId: id, sessionId: id });
      }
      const { events } = await subject.api.listEvents({ key: one });
      expect(events.map(({ id }) => id)).toEqual(exotic);
      const { userIds } = await subject.api.listUsers({ key: { appName }, pageSize: 100 });
      expect(new Set(userIds)).toEqual(new Set([...exotic, "u"]));
    });
  });
});
