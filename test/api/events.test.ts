/** AppendEvent, BatchAppendEvents and ListEvents. */
import { describe, expect, test } from "vitest";
import { ErrorReason } from "../../gen/ts/sessiond/v1/error_pb.ts";
import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import { EventScope } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import {
  appOf,
  type EventInit,
  failureOf,
  newEvent,
  newEvents,
  newKey,
  overEveryClient,
  present,
  userOf,
} from "./harness.ts";

overEveryClient((subject) => {
  async function newSession(events: readonly EventInit[] = []): Promise<ReturnType<typeof newKey>> {
    const key = newKey();
    await subject.api.createSession({ key });
    if (events.length > 0) await subject.api.batchAppendEvents({ key, events: [...events] });
    return key;
  }

  async function get(key: ReturnType<typeof newKey>) {
    return present((await subject.api.getSession({ key })).session);
  }

  describe("AppendEvent", () => {
    test("stores the event with its state, in all scopes", async () => {
      const key = await newSession();
      const event = newEvent({
        timestamp: 12.5,
        stateDelta: { own: "1", "user:u": "2", "app:a": "3", "temp:t": "4" },
      });
      const { event: told, sessionUid } = await subject.api.appendEvent({ key, event });
      expect(told).toMatchObject({ id: event.id, timestamp: 12.5, seq: 1n, revision: 2n });
      const session = await get(key);
      expect(session).toMatchObject({
        uid: sessionUid,
        revision: 2n,
        headSeq: 1n,
        eventCount: 1n,
        lastEventTime: 12.5,
        updateTime: told?.createTime,
      });
      expect(session.eventBytes).toBeGreaterThan(0n);
      expect({ ...session.state }).toEqual({ own: "1", "user:u": "2", "app:a": "3" });
      const sibling = { ...key, sessionId: "s2" };
      const { session: other } = await subject.api.createSession({ key: sibling });
      expect({ ...other?.state }).toEqual({ "user:u": "2", "app:a": "3" });
      const removal = newEvent({ removedStateKeys: ["own", "user:u", "never there"] });
      await subject.api.appendEvent({ key, event: removal });
      expect({ ...(await get(key)).state }).toEqual({ "app:a": "3" });
      expect({ ...(await get(sibling)).state }).toEqual({ "app:a": "3" });
    });

    test("fills in an id and a time", async () => {
      const key = await newSession();
      const before = Date.now() / 1_000;
      const { event } = await subject.api.appendEvent({ key, event: { author: "user" } });
      expect(event?.id).not.toBe("");
      expect(event?.timestamp).toBeGreaterThan(before - 1);
      expect(event?.timestamp).toBeLessThan(before + 60);
      const { events } = await subject.api.listEvents({ key });
      expect(events).toMatchObject([{ id: event?.id, timestamp: event?.timestamp, seq: 1n }]);
    });

    test("repeats the first answer for the same event, even at an old revision", async () => {
      const key = await newSession();
      const { uid } = await get(key);
      const request = {
        key,
        event: newEvent({ stateDelta: { n: "1" } }),
        sessionUid: uid,
        expectedRevision: 1n,
      };
      const first = await subject.api.appendEvent(request);
      await subject.api.appendEvent({ key, event: newEvent({ stateDelta: { n: "2" } }) });
      expect(await subject.api.appendEvent(request)).toEqual(first);
      expect(await get(key)).toMatchObject({ headSeq: 2n, revision: 3n, state: { n: "2" } });
    });

    test("repeats the times that it filled in", async () => {
      const key = await newSession();
      const request = { key, event: { id: "no time", author: "user" } };
      const first = await subject.api.appendEvent(request);
      expect(await subject.api.appendEvent(request)).toEqual(first);
    });

    test("takes the same event whatever the order of its sets and whoever wrote it", async () => {
      const key = await newSession();
      const event = newEvent({
        stateDelta: { a: "1", b: "2" },
        longRunningToolIds: { ids: ["x", "y"] },
        writer: { language: "python", adkVersion: "1" },
      });
      const first = await subject.api.appendEvent({ key, event });
      const again = {
        ...event,
        stateDelta: { b: "2", a: "1" },
        longRunningToolIds: { ids: ["y", "x"] },
        writer: { language: "go", adkVersion: "2" },
      };
      expect(await subject.api.appendEvent({ key, event: again })).toEqual(first);
    });

    test("refuses the same id with other bytes", async () => {
      const key = await newSession();
      const event = newEvent({ id: "e", content: '{"a":1}' });
      await subject.api.appendEvent({ key, event });
      for (const change of [
        { content: '{"a":1.0}' },
        { timestamp: 1 },
        { branch: "" },
        { longRunningToolIds: {} },
        { stateDelta: { k: "null" } },
        { removedStateKeys: ["k"] },
      ]) {
        expect(
          await failureOf(subject.api.appendEvent({ key, event: { ...event, ...change } })),
        ).toMatchObject({
          code: "ALREADY_EXISTS",
          reason: "EVENT_ID_CONFLICT",
          metadata: { event_id: "e", seq: "1" },
        });
      }
      expect((await get(key)).headSeq).toBe(1n);
    });

    test("writes nothing to a stale session", async () => {
      const key = await newSession();
      const { uid } = await get(key);
      await subject.api.appendEvent({ key, event: newEvent() });
      const request = { key, event: newEvent({ stateDelta: { k: "1" } }), sessionUid: uid };
      expect(await failureOf(subject.api.appendEvent({ ...request, expectedRevision: 1n }))).toMatchObject({
        code: "ABORTED",
        reason: "STALE_SESSION",
        metadata: { actual_uid: uid, actual_revision: "2", head_seq: "1" },
      });
      expect(await get(key)).toMatchObject({ revision: 2n, headSeq: 1n, state: {} });
      const { event } = await subject.api.appendEvent({ ...request, expectedRevision: 2n });
      expect(event).toMatchObject({ seq: 2n, revision: 3n });
    });

    test("refuses the uid of a deleted namesake, also for an event that the namesake had", async () => {
      const key = await newSession();
      const { uid } = await get(key);
      const request = { key, event: newEvent(), sessionUid: uid };
      await subject.api.appendEvent(request);
      await subject.api.deleteSession({ key });
      await subject.api.createSession({ key });
      expect(await failureOf(subject.api.appendEvent(request))).toMatchObject({
        code: "ABORTED",
        reason: "STALE_SESSION",
      });
      expect((await get(key)).headSeq).toBe(0n);
    });

    test("makes a missing session when asked, and else not", async () => {
      const key = newKey();
      expect(await failureOf(subject.api.appendEvent({ key, event: newEvent() }))).toMatchObject({
        code: "NOT_FOUND",
        reason: "SESSION_NOT_FOUND",
      });
      const request = { key, event: newEvent({ stateDelta: { k: "1" } }), createSession: true };
      const first = await subject.api.appendEvent(request);
      expect(first.event).toMatchObject({ seq: 1n, revision: 2n });
      expect(await subject.api.appendEvent(request)).toEqual(first);
      await subject.api.appendEvent({ ...request, event: newEvent() });
      expect(await get(key)).toMatchObject({ uid: first.sessionUid, revision: 3n, state: { k: "1" } });
    });

    test("lets the appends of concurrent writers all land", async () => {
      const key = await newSession();
      const answers = await Promise.all(
        newEvents(20).map((event, at) =>
          subject.api.appendEvent({ key, event: { ...event, stateDelta: { [`k${at}`]: String(at) } } }),
        ),
      );
      const seqs = answers.map(({ event }) => Number(event?.seq)).toSorted((a, b) => a - b);
      expect(seqs).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
      expect(Object.keys((await get(key)).state)).toHaveLength(20);
    });
  });

  describe("AppendToSessions", () => {
    test("makes the appends of several sessions, each with an outcome of its own", async () => {
      const [one, two] = [await newSession(), await newSession()];
      const repeated = newEvent({ stateDelta: { n: "1" } });
      const appends = [
        { key: one, event: repeated },
        { key: two, event: newEvent({ stateDelta: { n: "2" } }) },
        { key: newKey(), event: newEvent() },
        { key: one, event: newEvent({ stateDelta: { n: "3" } }) },
        { key: one, event: { ...repeated, stateDelta: { n: "4" } } },
      ];
      const { outcomes } = await subject.api.appendToSessions({ appends });
      const told = outcomes.map(({ outcome }) =>
        outcome.case === "appended" ? outcome.value.event?.seq : outcome.value?.reason,
      );
      expect(told).toEqual([1n, 1n, ErrorReason.SESSION_NOT_FOUND, 2n, ErrorReason.EVENT_ID_CONFLICT]);
      expect(await get(one)).toMatchObject({ headSeq: 2n, revision: 3n, state: { n: "3" } });
      expect(await get(two)).toMatchObject({ headSeq: 1n, revision: 2n, state: { n: "2" } });
      const again = await subject.api.appendToSessions({ appends });
      expect(again.outcomes.map(({ outcome }) => outcome.case)).toEqual(
        outcomes.map(({ outcome }) => outcome.case),
      );
      expect(again.outcomes[3]).toEqual(outcomes[3]);
      expect(await get(one)).toMatchObject({ headSeq: 2n });
    });

    test("refuses a call without appends", async () => {
      expect(await failureOf(subject.api.appendToSessions({}))).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "INVALID_FIELD",
      });
    });
  });

  describe("BatchAppendEvents", () => {
    test("stores all in order, one revision each, and repeats its answer", async () => {
      const key = await newSession();
      const { uid } = await get(key);
      const events = newEvents(5).map((event, at) => ({ ...event, stateDelta: { last: String(at) } }));
      const request = { key, events, sessionUid: uid, expectedRevision: 1n };
      const first = await subject.api.batchAppendEvents(request);
      expect(first.events.map(({ id, seq, revision }) => [id, seq, revision])).toEqual(
        events.map(({ id }, at) => [id, BigInt(at + 1), BigInt(at + 2)]),
      );
      await subject.api.appendEvent({ key, event: newEvent() });
      expect(await subject.api.batchAppendEvents(request)).toEqual(first);
      expect(await get(key)).toMatchObject({ headSeq: 6n, revision: 7n, state: { last: "4" } });
    });

    test("stores nothing of a batch that is stored in part", async () => {
      const key = await newSession(newEvents(2));
      expect(await failureOf(subject.api.batchAppendEvents({ key, events: newEvents(3) }))).toMatchObject({
        code: "ALREADY_EXISTS",
        reason: "BATCH_PARTLY_STORED",
        metadata: { event_id: "e1", seq: "1" },
      });
      expect((await get(key)).headSeq).toBe(2n);
    });

    test("gives the places of events that are all stored, by whichever appends", async () => {
      const key = await newSession();
      const events = newEvents(3);
      const appended = [];
      for (const event of [events[1], events[0], events[2]]) {
        if (event) appended.push((await subject.api.appendEvent({ key, event })).event);
      }
      const { events: told } = await subject.api.batchAppendEvents({ key, events });
      expect(told).toEqual([appended[1], appended[0], appended[2]]);
    });

    test("makes a missing session when asked, with its owner", async () => {
      const key = newKey();
      const request = { key, events: newEvents(2), createSession: true, ownerId: "o" };
      const first = await subject.api.batchAppendEvents(request);
      expect(first.events.map(({ revision }) => revision)).toEqual([2n, 3n]);
      expect((await get(key)).ownerId).toBe("o");
      expect(await subject.api.batchAppendEvents(request)).toEqual(first);
    });
  });

  describe("ListEvents", () => {
    const seqs = (events: readonly Event[]) => events.map(({ seq }) => Number(seq));

    async function walk(request: Parameters<typeof subject.api.listEvents>[0]): Promise<Event[]> {
      const events: Event[] = [];
      let pageToken = "";
      do {
        const page = await subject.api.listEvents({ ...request, pageToken });
        events.push(...page.events);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return events;
    }

    test("walks one session forwards and backwards between seqs", async () => {
      const key = await newSession(newEvents(10));
      const { events, sessionUid, headSeq, firstSeq } = await subject.api.listEvents({ key, pageSize: 4 });
      expect(seqs(events)).toEqual([1, 2, 3, 4]);
      expect({ sessionUid, headSeq, firstSeq }).toEqual({
        sessionUid: (await get(key)).uid,
        headSeq: 10n,
        firstSeq: 1n,
      });
      expect(seqs(await walk({ key, pageSize: 4 }))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(seqs(await walk({ key, pageSize: 4, descending: true }))).toEqual([
        10, 9, 8, 7, 6, 5, 4, 3, 2, 1,
      ]);
      expect(seqs(await walk({ key, pageSize: 2, afterSeq: 3n, beforeSeq: 8n }))).toEqual([4, 5, 6, 7]);
      const before = await subject.api.listEvents({ key, beforeSeq: 8n, descending: true, pageSize: 3 });
      expect(seqs(before.events)).toEqual([7, 6, 5]);
      expect(seqs(await walk({ key, afterSeq: 0n, beforeSeq: 1n }))).toEqual([]);
      expect(seqs(await walk({ key, afterSeq: 10n }))).toEqual([]);
    });

    test("does not run after events that come during a walk backwards", async () => {
      const key = await newSession(newEvents(4));
      const request = { key, descending: true, pageSize: 2 };
      const first = await subject.api.listEvents(request);
      await subject.api.appendEvent({ key, event: newEvent() });
      const second = await subject.api.listEvents({ ...request, pageToken: first.nextPageToken });
      expect([...seqs(first.events), ...seqs(second.events)]).toEqual([4, 3, 2, 1]);
    });

    test("ends a page that weighs more than 1 MiB early", async () => {
      const content = JSON.stringify({ text: "x".repeat(600_000) });
      const key = newKey();
      await subject.api.createSession({ key });
      for (const event of newEvents(3, "big", { content })) await subject.api.appendEvent({ key, event });
      const { events, nextPageToken } = await subject.api.listEvents({ key });
      expect(seqs(events)).toEqual([1]);
      expect(nextPageToken).not.toBe("");
      expect((await walk({ key })).map((event) => [Number(event.seq), event.content.length])).toEqual(
        [1, 2, 3].map((seq) => [seq, content.length]),
      );
    });

    test("filters by the events' own time, inclusive", async () => {
      const key = newKey();
      const events = [5, 1, 3, 2, 4].map((timestamp) => newEvent({ timestamp }));
      await subject.api.batchAppendEvents({ key, events, createSession: true });
      expect(seqs(await walk({ key, afterTime: 3 }))).toEqual([1, 3, 5]);
      expect(seqs(await walk({ key, afterTime: 3, descending: true, pageSize: 1 }))).toEqual([5, 3, 1]);
      expect(seqs(await walk({ key, afterTime: 5.000001 }))).toEqual([]);
    });

    test("walks across a user and across an app", async () => {
      const base = newKey();
      const names = ["ana/1", "ana/2", "bob/1"];
      for (const name of names.toReversed()) {
        const [userId = "", sessionId = ""] = name.split("/");
        const key = { ...base, userId, sessionId };
        await subject.api.batchAppendEvents({ key, events: newEvents(3, name), createSession: true });
      }
      const places = (events: readonly Event[]) =>
        events.map(({ key, seq }) => `${key?.userId}/${key?.sessionId}/${seq}`);
      const expected = names.flatMap((name) => [1, 2, 3].map((seq) => `${name}/${seq}`));
      expect(places(await walk({ key: appOf(base), scope: EventScope.APP, pageSize: 2 }))).toEqual(expected);
      expect(places(await walk({ key: userOf(base), scope: EventScope.USER, pageSize: 4 }))).toEqual(
        expected.slice(0, 6),
      );
      const page = await subject.api.listEvents({ key: appOf(base), scope: EventScope.APP });
      expect(page).toMatchObject({ sessionUid: "", headSeq: 0n, firstSeq: 0n });
      expect(await walk({ key: { appName: `${base.appName} nobody` }, scope: EventScope.APP })).toEqual([]);
    });

    test("tells of a missing session and of another one's token or uid", async () => {
      const key = newKey();
      expect(await failureOf(subject.api.listEvents({ key }))).toMatchObject({
        code: "NOT_FOUND",
        reason: "SESSION_NOT_FOUND",
      });
      await subject.api.batchAppendEvents({ key, events: newEvents(3), createSession: true });
      const { nextPageToken, sessionUid } = await subject.api.listEvents({ key, pageSize: 1 });
      await subject.api.deleteSession({ key });
      await subject.api.batchAppendEvents({ key, events: newEvents(3), createSession: true });
      for (const stale of [{ pageToken: nextPageToken, pageSize: 1 }, { sessionUid }]) {
        expect(await failureOf(subject.api.listEvents({ key, ...stale }))).toMatchObject({
          code: "ABORTED",
          reason: "SESSION_RECREATED",
        });
      }
    });
  });
});
