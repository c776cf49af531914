import { expect } from "vitest";
import {
  ANY,
  append,
  appendInput,
  createInput,
  createSession,
  deleteInput,
  eventOf,
  failsWith,
  keyOf,
  mustGet,
  NOW,
  readHistory,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

export const idempotency = {
  "the same event again is answered as the first time": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const event = eventOf({ set: { a: "1" } });
    const expected = { ...ANY, revision: 1 };
    const first = await append(store, appendInput(key, [event], { expected }));
    await append(store, appendInput(key, [eventOf({ set: { a: "2" } })]));
    const before = await mustGet(store, key);
    const again = await append(store, appendInput(key, [event], { expected, nowMicros: NOW + 1_000 }));
    expect(again.events).toEqual(first.events);
    expect([first.repeated, again.repeated]).toEqual([false, true]);
    expect(again.uid).toBe(first.uid);
    expect(await mustGet(store, key)).toEqual(before);
  },

  "the same batch again is answered as the first time": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const events = [eventOf(), eventOf(), eventOf()];
    const first = await append(store, appendInput(key, events));
    await store.updateSession(updateInput(key, { displayName: "x" }));
    const again = await append(store, appendInput(key, events, { expected: { ...ANY, revision: 1 } }));
    expect(again.events).toEqual(first.events);
    expect(await readHistory(store, key)).toHaveLength(3);
  },

  "the same id with other bytes is a conflict": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    await append(store, appendInput(key, [eventOf(), eventOf({ id: "taken" })]));
    const other = eventOf({ id: "taken", content: '{"other":true}', set: { a: "1" } });
    const error = await failsWith(append(store, appendInput(key, [other])), "EVENT_ID_CONFLICT");
    expect(error.facts).toEqual({ event_id: "taken", seq: "2" });
    expect(await mustGet(store, key)).toMatchObject({ headSeq: 2, state: new Map() });
  },

  "a batch of which only a part is stored says so": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const known = eventOf({ id: "known" });
    await append(store, appendInput(key, [known]));
    const error = await failsWith(append(store, appendInput(key, [eventOf(), known])), "BATCH_PARTLY_STORED");
    expect(error.facts).toEqual({ event_id: "known", seq: "1" });
    expect(await readHistory(store, key)).toHaveLength(1);
  },

  "the same id in another session is another event": async ({ store, app }) => {
    const keys = [keyOf(app, "a"), keyOf(app, "b"), keyOf(app, "a", "v")];
    for (const key of keys) {
      await createSession(store, createInput(key));
      const appended = await append(
        store,
        appendInput(key, [eventOf({ id: "same", author: key.sessionId })]),
      );
      expect(appended.headSeq).toBe(1);
    }
  },

  "a whole group again is answered as the first time": async ({ store, app }) => {
    const keys = [keyOf(app, "a"), keyOf(app, "b")];
    await createSession(store, createInput(keyOf(app, "a")));
    const group = [
      appendInput(keyOf(app, "a"), [eventOf({ set: { n: "1" } })]),
      appendInput(keyOf(app, "missing"), [eventOf()]),
      appendInput(keyOf(app, "b"), [eventOf(), eventOf()], { createUid: "made" }),
      appendInput(keyOf(app, "a"), [eventOf({ set: { n: "2" } })], { expected: { ...ANY, revision: 2 } }),
    ];
    const first = await store.append(group);
    const sessions = await Promise.all(keys.map((key) => mustGet(store, key)));
    const again = await store.append(group);
    const told = (outcomes: typeof first) =>
      outcomes.map((outcome) => (outcome.ok ? [outcome.uid, outcome.events] : outcome.error.reason));
    expect(told(again)).toEqual(told(first));
    expect(await Promise.all(keys.map((key) => mustGet(store, key)))).toEqual(sessions);
  },

  "the same event from many at once is one event": async ({ store, app }) => {
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const event = eventOf({ set: { a: "1" } });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => append(store, appendInput(key, [event]))),
    );
    for (const answer of answers) expect(answer.events).toEqual(answers[0]?.events);
    expect(await mustGet(store, key)).toMatchObject({ headSeq: 1, revision: 2, eventCount: 1 });
  },

  "an event of a deleted namesake is not this session's": async ({ store, app }) => {
    const key = keyOf(app);
    const first = await createSession(store, createInput(key));
    const event = eventOf();
    await append(store, appendInput(key, [event]));
    await store.deleteSession(deleteInput(key));
    await createSession(store, createInput(key));
    const expected = { uid: first.uid, revision: undefined };
    await failsWith(append(store, appendInput(key, [event], { expected })), "STALE_SESSION");
    expect((await append(store, appendInput(key, [event]))).headSeq).toBe(1);
  },
} satisfies Cases;
