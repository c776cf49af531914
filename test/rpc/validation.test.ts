/** Bad input and its answer: one row each. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  EventScope,
  type SessionOrder,
  SessionService,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Handlers } from "../../src/rpc/handler.ts";
import { collect, type Failure, json, newContext, Service, toFailure } from "./support.ts";

let service: Service;
beforeAll(async () => {
  service = await Service.open();
  await service.call("createSession", { key });
});
afterAll(() => service.close());

const key = { appName: "app", userId: "user", sessionId: "session" };
const user = { appName: "app", userId: "user" };
const app = { appName: "app" };
const lone = "a\ud800b";
const deep = "[".repeat(201) + "]".repeat(201);
const long = "é".repeat(192);
const tooBig = 2n ** 53n;
const manyKeys = Object.fromEntries(Array.from({ length: 10_001 }, (_, n) => [`k${n}`, "1"]));
const longKey = "k".repeat(513);

type Methods = typeof SessionService.method;
type Name = keyof Methods;
type Init<K extends Name> = MessageInitShape<Methods[K]["input"]>;
type Row<K extends Name> = readonly [what: string, request: Init<K>, ...fields: string[]];

/** Calls a method with a message that did not go through the codec, which has lone surrogates. */
async function failureOf<K extends Name>(name: K, request: Init<K>): Promise<Failure> {
  const { input } = SessionService.method[name];
  const handler = service.handlers[name] as (...args: Parameters<Handlers["streamEvents"]>) => unknown;
  try {
    const answer = handler(create(input, request as never) as never, newContext(name));
    if (answer instanceof Promise) await answer;
    else await collect(answer as AsyncIterable<unknown>);
  } catch (error) {
    return toFailure(error);
  }
  throw new Error("the request should have been refused");
}

/** Rows whose answer is INVALID_FIELD with exactly these fields. */
function refuses<K extends Name>(name: K, rows: readonly Row<K>[]): void {
  describe(name, () => {
    it.each(rows)("refuses %s", async (_what, request, ...fields) => {
      const failure = await failureOf(name, request as Init<K>);
      expect([failure.reason, failure.fields, failure.message.isWellFormed()]).toEqual([
        "INVALID_FIELD",
        fields,
        true,
      ]);
    });
  });
}

const sessionKeyRows = [
  ["a missing key", {}, "key"],
  ["an empty key", { key: {} }, "key.app_name", "key.user_id", "key.session_id"],
  ["a key without a session", { key: user }, "key.session_id"],
  ["an oversized app name", { key: { ...key, appName: long } }, "key.app_name"],
  ["U+0000 in a user id", { key: { ...key, userId: "a\0b" } }, "key.user_id"],
  ["a lone surrogate in a session id", { key: { ...key, sessionId: lone } }, "key.session_id"],
] as const;

const expectationRows = [
  ["a revision without a uid", { key, expectedRevision: 1n }, "session_uid"],
  ["a negative revision", { key, sessionUid: "u", expectedRevision: -1n }, "expected_revision"],
  ["a revision beyond 2^53", { key, sessionUid: "u", expectedRevision: tooBig }, "expected_revision"],
  ["a lone surrogate in the uid", { key, sessionUid: lone }, "session_uid"],
] as const;

refuses("createSession", [
  ["a missing key", {}, "key"],
  ["a key without a user", { key: { appName: "a" } }, "key.user_id"],
  ["an oversized session id", { key: { ...user, sessionId: long } }, "key.session_id"],
  ["state that is not JSON", { key: user, state: { a: "{" } }, 'state["a"]'],
  ["NaN in state", { key: user, state: { "user:a": "NaN" } }, 'state["user:a"]'],
  ["an empty state value", { key: user, state: { a: "" } }, 'state["a"]'],
  ["state too deep", { key: user, state: { a: deep } }, 'state["a"]'],
  ["a raw lone surrogate in state", { key: user, state: { a: `"${lone}"` } }, 'state["a"]'],
  ["a lone surrogate in a state key", { key: user, state: { [lone]: "1" } }, 'state["a\\ud800b"]'],
  ["an oversized state key", { key: user, state: { [longKey]: "1" } }, `state["${"k".repeat(64)}…"]`],
  ["too many state keys", { key: user, state: manyKeys }, "state"],
  ["an oversized owner", { key: user, ownerId: long }, "owner_id"],
  ["an oversized title", { key: user, displayName: "é".repeat(513) }, "display_name"],
  ["an oversized request_id", { key: user, requestId: long }, "request_id"],
  ["U+0000 in the owner", { key: user, ownerId: "\0" }, "owner_id"],
  ["U+0000 in the title", { key: user, displayName: "\0" }, "display_name"],
  ["U+0000 in a label", { key: user, labels: { a: "\0" } }, 'labels["a"]'],
  ["an empty label key", { key: user, labels: { "": "x" } }, 'labels[""]'],
  [
    "an oversized label key",
    { key: user, labels: { ["k".repeat(129)]: "x" } },
    `labels["${"k".repeat(64)}…"]`,
  ],
  ["an oversized label value", { key: user, labels: { a: "v".repeat(257) } }, 'labels["a"]'],
  [
    "too many labels",
    { key: user, labels: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`l${n}`, ""])) },
    "labels",
  ],
  [
    "several things at once",
    { key: { appName: "a" }, state: { b: "x" }, ownerId: lone },
    "key.user_id",
    'state["b"]',
    "owner_id",
  ],
]);

refuses("getSession", [
  ...sessionKeyRows,
  ["a negative as_of_seq", { key, asOfSeq: -1n }, "as_of_seq"],
  ["as_of_seq beyond 2^53", { key, asOfSeq: tooBig }, "as_of_seq"],
]);

refuses("updateSession", [
  ...sessionKeyRows.map(
    ([what, request, ...fields]) => [what, { displayName: "x", ...request }, ...fields] as const,
  ),
  ...expectationRows.map(
    ([what, request, ...fields]) => [what, { displayName: "x", ...request }, ...fields] as const,
  ),
  ["nothing to change", { key }, "update_mask"],
  ["an unknown path", { key, updateMask: { paths: ["title"] } }, "update_mask"],
  ["the path of an output-only field", { key, updateMask: { paths: ["update_time"] } }, "update_mask"],
  [
    "state and state_delta in the mask",
    { key, updateMask: { paths: ["state", "state_delta"] } },
    "update_mask",
  ],
  ["* and state_delta in the mask", { key, updateMask: { paths: ["*", "state_delta"] } }, "update_mask"],
  ["state and state_delta without a mask", { key, state: { a: "1" }, stateDelta: { b: "1" } }, "update_mask"],
  [
    "state and removed keys without a mask",
    { key, state: { a: "1" }, removedStateKeys: ["b"] },
    "update_mask",
  ],
  [
    "shared keys in a replacement",
    { key, state: { "user:a": "1", "app:b": "1", c: "1" } },
    'state["user:a"]',
    'state["app:b"]',
  ],
  [
    "a key both set and removed",
    { key, stateDelta: { a: "1" }, removedStateKeys: ["b", "a"] },
    "removed_state_keys[1]",
  ],
  ["an oversized removed key", { key, removedStateKeys: [longKey] }, "removed_state_keys[0]"],
  [
    "too many keys set and removed",
    { key, stateDelta: { a: "1" }, removedStateKeys: Object.keys(manyKeys).slice(1) },
    "removed_state_keys",
  ],
  ["a delta that is not JSON", { key, stateDelta: { "app:a": "undefined" } }, 'state_delta["app:a"]'],
]);

refuses("deleteSession", [
  ...sessionKeyRows,
  ...expectationRows,
  ["an oversized request_id", { key, requestId: long }, "request_id"],
]);

const event = { id: "e" };

refuses("appendEvent", [
  ...sessionKeyRows.map(([what, request, ...fields]) => [what, { event, ...request }, ...fields] as const),
  ...expectationRows.map(([what, request, ...fields]) => [what, { event, ...request }, ...fields] as const),
  ["a missing event", { key }, "event"],
  ["create_session with a uid", { key, event, createSession: true, sessionUid: "u" }, "create_session"],
  [
    "create_session with a revision",
    { key, event, createSession: true, sessionUid: "u", expectedRevision: 0n },
    "create_session",
  ],
  ["an oversized event id", { key, event: { id: long } }, "event.id"],
  ["U+0000 in an event id", { key, event: { id: "\0" } }, "event.id"],
  ["a lone surrogate in the author", { key, event: { author: lone } }, "event.author"],
  ["a lone surrogate in the invocation id", { key, event: { invocationId: lone } }, "event.invocation_id"],
  ["a lone surrogate in the branch", { key, event: { branch: lone } }, "event.branch"],
  ["a lone surrogate in the error code", { key, event: { errorCode: lone } }, "event.error_code"],
  ["a lone surrogate in the error text", { key, event: { errorMessage: lone } }, "event.error_message"],
  [
    "a lone surrogate in a tool id",
    { key, event: { longRunningToolIds: { ids: ["x", lone] } } },
    "event.long_running_tool_ids.ids[1]",
  ],
  [
    "a lone surrogate in the language",
    { key, event: { writer: { language: lone } } },
    "event.writer.language",
  ],
  [
    "a lone surrogate in the ADK version",
    { key, event: { writer: { adkVersion: lone } } },
    "event.writer.adk_version",
  ],
  ["a time that is not a number", { key, event: { timestamp: Number.NaN } }, "event.timestamp"],
  ["an infinite time", { key, event: { timestamp: Number.NEGATIVE_INFINITY } }, "event.timestamp"],
  ["a partial event", { key, event: { partial: true } }, "event.partial"],
  [
    "actions that are not UTF-8",
    { key, event: { actions: Uint8Array.of(0x7b, 0xff, 0x7d) } },
    "event.actions",
  ],
  [
    "actions with a byte order mark",
    { key, event: { actions: Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d) } },
    "event.actions",
  ],
  ["actions that are not an object", { key, event: { actions: json([]) } }, "event.actions"],
  ["actions that are null", { key, event: { actions: json(null) } }, "event.actions"],
  [
    "actions with a state delta",
    { key, event: { actions: json({ stateDelta: { a: 1 } }) } },
    "event.actions",
  ],
  [
    "actions with a snake-case delta",
    { key, event: { actions: json({ state_delta: { a: 1 } }) } },
    "event.actions",
  ],
  ["content that is not JSON", { key, event: { content: "hello" } }, "event.content"],
  ["content that is a text", { key, event: { content: '"hello"' } }, "event.content"],
  ["content too deep", { key, event: { content: `{"a":${deep}}` } }, "event.content"],
  ["a raw lone surrogate in content", { key, event: { content: `{"a":"${lone}"}` } }, "event.content"],
  [
    "NaN in grounding metadata",
    { key, event: { groundingMetadata: '{"a":NaN}' } },
    "event.grounding_metadata",
  ],
  [
    "Infinity in custom metadata",
    { key, event: { customMetadata: '{"a":Infinity}' } },
    "event.custom_metadata",
  ],
  ["a number as custom metadata", { key, event: { customMetadata: "1" } }, "event.custom_metadata"],
  ["an oversized owner", { key, event, createSession: true, ownerId: long }, "owner_id"],
  ["an array as extra", { key, event: { extra: "[]" } }, "event.extra"],
  [
    "a delta that is not JSON",
    { key, event: { stateDelta: { 'a"b': "'x'" } } },
    'event.state_delta["a\\"b"]',
  ],
  [
    "a temp: value that is not JSON",
    { key, event: { stateDelta: { "temp:a": "" } } },
    'event.state_delta["temp:a"]',
  ],
  [
    "an oversized key in the delta",
    { key, event: { stateDelta: { [longKey]: "1" } } },
    `event.state_delta["${"k".repeat(64)}…"]`,
  ],
  ["too many keys in the delta", { key, event: { stateDelta: manyKeys } }, "event.state_delta"],
  [
    "a key both set and removed",
    { key, event: { stateDelta: { a: "1" }, removedStateKeys: ["a"] } },
    "event.removed_state_keys[0]",
  ],
]);

refuses("batchAppendEvents", [
  ["no events", { key }, "events"],
  ["too many events", { key, events: Array.from({ length: 1_001 }, () => ({})) }, "events"],
  ["an id that comes twice", { key, events: [{ id: "a" }, { id: "b" }, { id: "a" }] }, "events[2].id"],
  ["a bad event among good ones", { key, events: [{}, { partial: true }] }, "events[1].partial"],
  [
    "create_session with a uid",
    { key, events: [event], createSession: true, sessionUid: "u" },
    "create_session",
  ],
]);

refuses("listSessions", [
  ["a missing key", {}, "key"],
  ["a key with a session", { key }, "key.session_id"],
  ["a negative page size", { key: app, pageSize: -1 }, "page_size"],
  ["an unknown order", { key: app, order: 9 as SessionOrder }, "order"],
  ["state_equals that is not JSON", { key: app, stateEquals: { a: "x" } }, 'state_equals["a"]'],
  ["state_equals of shared state", { key: app, stateEquals: { "app:a": "1" } }, 'state_equals["app:a"]'],
  [
    "too many conditions",
    { key: app, stateEquals: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, "1"])) },
    "state_equals",
  ],
  ["an oversized owner", { key: app, ownerId: long }, "owner_id"],
]);

refuses("listEvents", [
  ["a missing key", {}, "key"],
  ["a forgotten session id", { key: user }, "key.session_id"],
  ["a session in the scope of a user", { key, scope: EventScope.USER }, "key.session_id"],
  ["a user in the scope of an app", { key: user, scope: EventScope.APP }, "key.user_id"],
  ["an unknown scope", { key, scope: 9 as EventScope }, "scope"],
  ["a negative page size", { key, pageSize: -1 }, "page_size"],
  ["a negative after_seq", { key, afterSeq: -1n }, "after_seq"],
  ["before_seq beyond 2^53", { key, beforeSeq: tooBig }, "before_seq"],
  ["after_time that is not a number", { key, afterTime: Number.NaN }, "after_time"],
  [
    "what only one session has, of a user",
    { key: user, scope: EventScope.USER, sessionUid: "u", afterSeq: 0n, beforeSeq: 0n, descending: true },
    "session_uid",
    "after_seq",
    "before_seq",
    "descending",
  ],
]);

refuses("streamEvents", [
  ...sessionKeyRows,
  ["a negative after_seq", { key, afterSeq: -1n }, "after_seq"],
  ["an infinite after_time", { key, afterTime: Number.POSITIVE_INFINITY }, "after_time"],
  ["a negative num_recent_events", { key, numRecentEvents: -1 }, "num_recent_events"],
  ["a cursor with after_seq", { key, cursor: "x", afterSeq: 0n }, "cursor"],
  ["a cursor with after_time", { key, cursor: "x", afterTime: 0 }, "cursor"],
  ["a cursor with num_recent_events", { key, cursor: "x", numRecentEvents: 0 }, "cursor"],
]);

refuses("listApps", [["a negative page size", { pageSize: -1 }, "page_size"]]);

refuses("listUsers", [
  ["a key with a user", { key: user }, "key.user_id"],
  ["a negative page size", { key: app, pageSize: -5 }, "page_size"],
]);

refuses("getAppState", [["a key with a user", { key: user }, "key.user_id"]]);
refuses("getUserState", [["a key with a session", { key }, "key.session_id"]]);

refuses("updateAppState", [
  ["a key with a user", { key: user }, "key.user_id"],
  ["a value that is not JSON", { key: app, stateDelta: { a: "" } }, 'state_delta["a"]'],
  ["an oversized request_id", { key: app, requestId: long }, "request_id"],
]);

refuses("updateUserState", [
  ["a key without a user", { key: app }, "key.user_id"],
  ["a key with a prefix", { key: user, stateDelta: { "temp:a": "1" } }, 'state_delta["temp:a"]'],
  [
    "a key both set and removed",
    { key: user, stateDelta: { a: "1" }, removedStateKeys: ["a"] },
    "removed_state_keys[0]",
  ],
]);

describe("an oversized event", () => {
  it("is TOO_LARGE with the limit", async () => {
    const content = `{"a":"${"x".repeat(16 * 1024 * 1024)}"}`;
    const { reason, info } = await failureOf("appendEvent", { key, event: { content } });
    expect([reason, info.metadata["limit_bytes"]]).toEqual(["TOO_LARGE", String(16 * 1024 * 1024)]);
  });

  it("is told after what is wrong in form", async () => {
    const content = "x".repeat(17 * 1024 * 1024);
    const { reason, fields } = await failureOf("appendEvent", { key, event: { content, partial: true } });
    expect([reason, fields]).toEqual(["INVALID_FIELD", ["event.partial"]]);
  });

  it("may have exactly the limit", async () => {
    const bytes = 16 * 1024 * 1024 - '{"a":""}'.length - "full".length;
    const content = `{"a":"${"x".repeat(bytes)}"}`;
    await service.call("appendEvent", { key, event: { id: "full", content } });
    const larger = await failureOf("appendEvent", { key, event: { id: "full!", content } });
    expect(larger.reason).toBe("TOO_LARGE");
  });
});

describe("an answer about very many faults", () => {
  it("stays small enough for trailers and says how many there are", async () => {
    const stateDelta = Object.fromEntries(
      Array.from({ length: 500 }, (_, n) => [`${"k".repeat(60)}${n}`, "?"]),
    );
    const failure = await failureOf("appendEvent", { key, event: { stateDelta } });
    expect(failure.fields.length).toBeGreaterThan(5);
    expect(failure.fields.length).toBeLessThanOrEqual(25);
    expect(failure.message).toContain("499 more fields");
  });
});

describe("what the contract allows", () => {
  it.each([
    ["empty texts", {}],
    ["a time in year 1", { timestamp: -62_135_596_800 }],
    ["an empty stateDelta in actions", { actions: json({ stateDelta: {} }) }],
    ["escaped lone surrogates and U+0000", { content: '{"a":"\\ud800 \\u0000"}' }],
    ["200 levels", { extra: `{"a":${"[".repeat(199)}${"]".repeat(199)}}` }],
    ["an empty state key", { stateDelta: { "": "null" } }],
    ["a key of 512 bytes", { stateDelta: { [`user:${"k".repeat(507)}`]: "1" } }],
    ["false as partial", { partial: false }],
    ["an array as custom metadata", { customMetadata: "[1]" }],
    ["U+0000 in texts", { author: "\0", invocationId: "\0", errorMessage: "\0", branch: "\0" }],
    ["an id of 191 characters beyond the BMP", { id: "😀".repeat(191) }],
  ])("takes %s", async (_, init) => {
    const answer = await service.call("appendEvent", { key, event: init });
    expect(answer.event?.seq).toBeGreaterThan(0n);
  });
});
