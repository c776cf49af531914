import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { SessionSchema } from "../../clients/typescript/src/gen/sessiond/v1/session_pb.ts";
import { CallIndex } from "../../viewer/src/model/calls.ts";
import { matches, noFilter } from "../../viewer/src/model/event-filter.ts";
import { eventJson, sessionJson } from "../../viewer/src/model/event-json.ts";
import { viewOf } from "../../viewer/src/model/parts.ts";
import { Rewinds } from "../../viewer/src/model/rewinds.ts";
import { SeqRanges } from "../../viewer/src/model/seq-ranges.ts";
import { differences } from "../../viewer/src/model/state-diff.ts";
import { event } from "./support.ts";

const call = (id: string, name = "lookup") => ({ functionCall: { id, name, args: { q: 1 } } });
const answer = (id: string, response: object = { ok: true }) => ({
  functionResponse: { id, name: "lookup", response },
});

describe("an event's JSON", () => {
  test("has every payload byte for byte", () => {
    const made = event(1, {
      author: "agent",
      extra: '{ "usageMetadata": {"totalTokenCount": 9007199254740993} }',
      stateDelta: { "user:n": "1.0" },
      removedStateKeys: ["gone"],
      actions: { transferToAgent: "b" },
      longRunningToolIds: { ids: ["c1"] },
    });
    made.content = '{"parts": [{"text":"\\ud800", "n":1.0}]}';
    expect(eventJson(made)).toBe(
      '{"id":"e1","author":"agent","timestamp":1001,"longRunningToolIds":["c1"],' +
        '"content":{"parts": [{"text":"\\ud800", "n":1.0}]},' +
        '"actions":{"transferToAgent":"b","stateDelta":{"user:n":1.0,"gone":null}},' +
        '"usageMetadata": {"totalTokenCount": 9007199254740993}}',
    );
  });

  test("tells an absent field from an empty one", () => {
    expect(eventJson(event(1))).toBe('{"id":"e1","timestamp":1001}');
    expect(eventJson(event(1, { author: "", turnComplete: false }))).toBe(
      '{"id":"e1","author":"","timestamp":1001,"turnComplete":false}',
    );
  });

  test("makes a session file that is JSON", () => {
    const session = create(SessionSchema, {
      key: { appName: "a", userId: 'u"', sessionId: "s" },
      state: { x: "1.0" },
      lastEventTime: 12.5,
    });
    const text = sessionJson(session, [eventJson(event(1)), eventJson(event(2))]);
    expect(JSON.parse(text)).toMatchObject({
      id: "s",
      appName: "a",
      userId: 'u"',
      lastUpdateTime: 12.5,
      events: [{ id: "e1" }, { id: "e2" }],
    });
    expect(text).toContain('"state":{"x":1.0}');
  });
});

describe("parts", () => {
  test("of every kind are recognised, others kept as JSON", () => {
    const parts = [
      { text: "hello" },
      { text: "hm", thought: true },
      call("1"),
      answer("1", { error: "no" }),
      { executableCode: { language: "PYTHON", code: "1" } },
      { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } },
      { inlineData: { mimeType: "image/png", data: "AA==" } },
      { fileData: { fileUri: "gs://x", mimeType: "text/plain" } },
      { somethingNew: true },
    ];
    expect(viewOf(event(1, { parts })).parts.map(({ kind }) => kind)).toEqual([
      "text",
      "text",
      "call",
      "response",
      "code",
      "codeResult",
      "blob",
      "file",
      "unknown",
    ]);
    expect(viewOf(event(1, { parts })).parts[3]).toMatchObject({ failed: true });
  });

  test.each([
    "[]",
    "null",
    "1",
    '{"parts":1}',
    '{"parts":[null,1,[]]}',
    '{"parts":[{"functionCall":1}]}',
    "{",
  ])("survive the content %s", (content) => {
    const made = event(1);
    made.content = content;
    expect(() => viewOf(made)).not.toThrow();
  });
});

describe("calls", () => {
  test("are paired with their answers, in whichever order they are loaded", () => {
    const events = [
      event(1, { parts: [call("a"), call("b")], invocationId: "i", longRunningToolIds: { ids: ["b"] } }),
      event(2, { parts: [answer("b", { status: "pending" })] }),
      event(3, { parts: [answer("a", { error: "x" })] }),
      event(9, { parts: [answer("b")] }),
    ];
    for (const order of [events, events.toReversed(), [...events, ...events]]) {
      const index = new CallIndex();
      for (const one of order) index.add(one);
      expect(index.get("a")).toMatchObject({
        callSeq: 1,
        responseSeqs: [3],
        failed: true,
        longRunning: false,
      });
      expect(index.get("b")).toMatchObject({
        callSeq: 1,
        responseSeqs: [2, 9],
        responseTime: 1_009,
        longRunning: true,
        failed: false,
      });
      expect(
        index
          .ofInvocation("i")
          .map(({ id }) => id)
          .sort(),
      ).toEqual(["a", "b"]);
    }
  });
});

describe("rewinds and compactions", () => {
  const events = [
    event(1, { invocationId: "i1" }),
    event(2, { invocationId: "i2" }),
    event(3, { invocationId: "i2" }),
    event(4, { invocationId: "i3", actions: { rewindBeforeInvocationId: "i2" } }),
    event(5, { invocationId: "i3" }),
    event(6, {
      actions: {
        compaction: { startTimestamp: 1_001, endTimestamp: 1_002, compactedContent: { parts: [] } },
      },
    }),
  ];

  test("tell which events were taken back and which are summed up", () => {
    const known = new SeqRanges();
    const rewinds = new Rewinds(known);
    for (const one of events) rewinds.add(one);
    expect(events.map((one) => rewinds.isRewound(Number(one.seq)))).toEqual([
      false,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(events.map((one) => rewinds.compactionOf(one)?.seq)).toEqual([
      6,
      6,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe("the filter", () => {
  const one = event(1, { author: "agent", invocationId: "i", parts: [{ text: 'say "Grüße"\nto all' }] });

  test.each([
    [{ author: "agent" }, true],
    [{ author: "user" }, false],
    [{ invocation: "j" }, false],
    [{ kind: "message" }, true],
    [{ kind: "call" }, false],
    [{ text: "GRÜSSE" }, false],
    [{ text: "grüße" }, true],
    [{ text: 'y "g' }, true],
    [{ text: "e1" }, true],
    [{ text: "nothing of it" }, false],
  ] as const)("%j lets the event through: %s", (filter, expected) => {
    expect(matches(one, { ...noFilter, ...filter })).toBe(expected);
  });
});

test("states differ by key, by their JSON text", () => {
  expect(differences({ a: "1", b: "1", c: "1" }, { b: "1.0", c: "1", d: "null" })).toEqual([
    { key: "a", before: "1", after: undefined },
    { key: "b", before: "1", after: "1.0" },
    { key: "d", before: undefined, after: "null" },
  ]);
});
