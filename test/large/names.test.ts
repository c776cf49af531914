/** Names at their longest, 191 characters of up to 4 bytes, and state keys of 512 bytes: through every RPC and client. */
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { describe, expect, test } from "vitest";
import { EventScope, SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import {
  type Api,
  appOf,
  doors,
  failureOf,
  newEvent,
  newKey,
  overEveryClient,
  present,
  userOf,
} from "../api/harness.ts";
import { full } from "../support/full-size.ts";
import { all, eventPages, sessionPages } from "./walk.ts";

const longest = 191;

/** Pieces that names are made of: what they are, and how many characters one has. */
const pieces = {
  "4 bytes a character": "\u{1f600}",
  "combining accents": "\u0301",
  "a family of emoji, joined": "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "what URLs and JSON escape": '%"/\\+&?#',
} as const;

/** A name of 191 characters that begins with `first` and ends alike for all of them. */
function nameOf(first: string, piece: string): string {
  return [...(first + piece.repeat(longest))].slice(0, longest).join("");
}

/** A state key of 512 bytes. */
function stateKeyOf(prefix: string): string {
  const room = 512 - Buffer.byteLength(prefix);
  return prefix + "x".repeat(room % 4) + "\u{1f511}".repeat(Math.floor(room / 4));
}

const stateKeys = ["", "user:", "app:"].map(stateKeyOf);
const state = Object.fromEntries(stateKeys.map((key) => [key, "1"]));

describe("the names", () => {
  test.each(Object.values(pieces))("of %j are at their longest", (piece) => {
    expect([...nameOf("a", piece)]).toHaveLength(longest);
  });
  test("of state are at their longest", () => {
    for (const key of stateKeys) expect(Buffer.byteLength(key)).toBe(512);
  });
});

/** Calls every RPC that there is, writing with one client and reading with another. */
async function everyRpc(writer: Api, reader: Omit<Api, "close">, piece: string): Promise<void> {
  const name = (first: string) => nameOf(first, piece);
  const appName = name(newKey().appName.slice(-30));
  const key = { appName, userId: name("u1"), sessionId: name("s1") };
  const labels = { l: "v" };
  const ids = { requestId: name("r1"), ownerId: name("o") };
  const { session: created } = await writer.createSession({ key, state, labels, ...ids });
  expect((await writer.createSession({ key, state, labels, ...ids })).session).toEqual(created);
  expect(created).toMatchObject({ key, state, ownerId: ids.ownerId });

  const events = ["e1", "e2", "e3"].map((first) => newEvent({ id: name(first), invocationId: name("i") }));
  await writer.appendEvent({ key, event: present(events[0]) });
  await writer.batchAppendEvents({ key, events: events.slice(1) });
  const { session } = await reader.getSession({ key });
  expect(session).toMatchObject({ key, state, headSeq: 3n });
  await writer.updateSession({
    key,
    requestId: name("r2"),
    displayName: "d",
    updateMask: { paths: ["display_name"] },
  });

  const eventIds = events.map(({ id }) => id);
  expect((await all(eventPages(reader as Api, { key, pageSize: 1 }))).map(({ id }) => id)).toEqual(eventIds);
  const byApp = { key: appOf(key), scope: EventScope.APP, pageSize: 1 };
  const apart = await all(eventPages(reader as Api, byApp));
  expect(apart.map((event) => [event.id, event.key?.sessionId])).toEqual(
    eventIds.map((id) => [id, key.sessionId]),
  );

  let cursor = "";
  const streamed: string[] = [];
  for await (const { frame, cursor: here } of reader.streamEvents({ key, numRecentEvents: 2 })) {
    if (frame.case === "opened") cursor = here;
    if (frame.case === "events") streamed.push(...frame.value.events.map(({ id }) => id));
  }
  expect(streamed).toEqual(eventIds.slice(1));
  const resumed: string[] = [];
  for await (const { frame } of reader.streamEvents({ key, cursor })) {
    if (frame.case === "events") resumed.push(...frame.value.events.map(({ id }) => id));
  }
  expect(resumed).toEqual(streamed);

  const others = [
    { ...key, sessionId: name("s2") },
    { ...key, userId: name("u2") },
  ];
  for (const other of others) await writer.createSession({ key: other });
  const listed = await all(sessionPages(reader as Api, { key: appOf(key), pageSize: 1 }));
  const found = new Set(listed.map(({ key: each }) => `${each?.userId} ${each?.sessionId}`));
  expect(found).toEqual(new Set([key, ...others].map(({ userId, sessionId }) => `${userId} ${sessionId}`)));
  const [ownKey = "", userKey = "", appKey = ""] = stateKeys;
  const filter = { ownerId: ids.ownerId, labels, stateEquals: { [ownKey]: "1.0" } };
  expect(
    (await reader.listSessions({ key: userOf(key), ...filter })).sessions.map((each) => each.uid),
  ).toEqual([created?.uid]);
  const users: string[] = [];
  for (let pageToken = "", first = true; first || pageToken !== ""; first = false) {
    const page = await reader.listUsers({ key: appOf(key), pageSize: 1, pageToken });
    users.push(...page.userIds);
    pageToken = page.nextPageToken;
  }
  expect(users).toEqual([key.userId, name("u2")]);
  expect((await reader.listApps({ pageSize: 1_000 })).appNames).toContain(appName);

  const shared = { app: appKey.slice("app:".length), user: userKey.slice("user:".length) };
  await writer.updateAppState({ key: appOf(key), stateDelta: { [shared.app]: "2" }, requestId: name("r3") });
  await writer.updateUserState({
    key: userOf(key),
    stateDelta: { [shared.user]: "3" },
    requestId: name("r4"),
  });
  expect((await reader.getAppState({ key: appOf(key) })).state).toEqual({ [shared.app]: "2" });
  expect((await reader.getUserState({ key: userOf(key) })).state).toEqual({ [shared.user]: "3" });

  // What errors carry has a bound of its own in headers.
  const conflict = await failureOf(writer.appendEvent({ key, event: newEvent({ id: name("e1") }) }));
  expect(conflict).toMatchObject({
    reason: "EVENT_ID_CONFLICT",
    metadata: { event_id: name("e1"), seq: "1" },
  });
  const bad = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`${at}${ownKey}`, "not JSON"]));
  const refused = await failureOf(
    writer.updateSession({ key, stateDelta: bad, updateMask: { paths: ["state_delta"] } }),
  );
  expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_FIELD" });
  expect(refused.fields.length).toBeGreaterThan(0);
  expect(await failureOf(reader.getSession({ key: { ...key, sessionId: name("s3") } }))).toMatchObject({
    reason: "SESSION_NOT_FOUND",
  });
  expect((await writer.deleteSession({ key, requestId: name("r5") })).deleted).toBe(true);
}

const simplest = ["4 bytes a character", pieces["4 bytes a character"]] as [string, string];

overEveryClient((subject) => {
  // What a name is made of concerns the doors; their other clients show that they pass it on.
  const several = full || doors.some((door) => door === subject.kind);
  test.each(several ? Object.entries(pieces) : [simplest])("%s", { timeout: 120_000 }, async (_, piece) => {
    await everyRpc(subject.api, subject.api, piece);
  });

  if (subject.kind !== "connect-web JSON") return;
  describe.each(["JSON", "binary"])("in URLs, %s", (format) => {
    test.each(full ? Object.entries(pieces) : [simplest])("%s", { timeout: 60_000 }, async (_, piece) => {
      const useBinaryFormat = format === "binary";
      const baseUrl = subject.server.httpUrl;
      const transport = createConnectTransport({ baseUrl, useHttpGet: true, useBinaryFormat });
      await everyRpc(subject.api, createClient(SessionService, transport), piece);
    });
  });
});
