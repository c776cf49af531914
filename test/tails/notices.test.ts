/** What a store tells of the changes that pass through it. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { StoredEvent } from "../../src/store/stored-event.ts";
import type { SessionListener } from "../../src/tails/notices.ts";
import { withNotices } from "../../src/tails/notices.ts";
import { Service } from "../rpc/support.ts";
import { appendInput, createInput, deleteInput, eventOf, keyOf, updateInput } from "../store/build.ts";

let service: Service;
let told: string[];
const listener: SessionListener = {
  moved: ({ key, uid, revision }) => void told.push(`${key.sessionId} of ${uid} at ${revision}`),
  deleted: (key) => void told.push(`${key.sessionId} deleted`),
};
const placeOf = ({ seq, revision, appendEndSeq }: StoredEvent) => [seq, revision, appendEndSeq];

beforeAll(async () => {
  service = await Service.open();
});

afterAll(() => service.close());

beforeEach(() => {
  told = [];
});

test("every change is told once it is committed, with where the session is; a failure is not", async () => {
  const store = withNotices(service.opened, listener);
  const key = keyOf("app");
  await store.createSessions([createInput(key, { uid: "u1" }), createInput(key, { uid: "u2" })]);
  const other = keyOf("app", "other");
  await store.append([
    appendInput(key, [eventOf(), eventOf()]),
    appendInput(keyOf("app", "missing"), [eventOf()]),
    appendInput(other, [eventOf()], { createUid: "u3" }),
  ]);
  await store.updateSession(updateInput(key, { displayName: "name" }));
  const refused = updateInput(key, { expected: { uid: undefined, revision: 1 }, displayName: "other" });
  await expect(store.updateSession(refused)).rejects.toMatchObject({ reason: "STALE_SESSION" });
  expect(await store.deleteSession(deleteInput(key))).toBe(true);
  expect(await store.deleteSession(deleteInput(key))).toBe(false);
  expect(told).toEqual(["s of u1 at 1", "s of u1 at 3", "other of u3 at 2", "s of u1 at 4", "s deleted"]);
});

test("what an append stored is told with it; of a repeated one, which may be a part of an append, it is not", async () => {
  const appended: (number[][] | undefined)[] = [];
  const store = withNotices(service.opened, {
    moved: (_session, events) => void appended.push(events?.().map(placeOf)),
    deleted: () => {},
  });
  const key = keyOf("app", "appended");
  const events = [eventOf(), eventOf()];
  await store.createSessions([createInput(key)]);
  await store.append([appendInput(key, events), appendInput(key, [eventOf()])]);
  await store.append([appendInput(key, events.slice(0, 1)), appendInput(key, events)]);
  await store.updateSession(updateInput(key, { displayName: "name" }));
  const first = [
    [1, 2, 2],
    [2, 3, 2],
  ];
  expect(appended).toEqual([undefined, first, [[3, 4, 3]], undefined, undefined, undefined]);
});

test("everything else is the store's own", async () => {
  const store = withNotices(service.opened, listener);
  expect(store.capabilities).toBe(service.opened.capabilities);
  expect(await store.getSession(keyOf("app", "nobody"))).toBeUndefined();
  for (let level = Object.getPrototypeOf(service.opened); level !== Object.prototype; ) {
    const names = Object.getOwnPropertyNames(level).filter((name) => name !== "constructor");
    expect(Object.keys(store)).toEqual(expect.arrayContaining(names));
    level = Object.getPrototypeOf(level);
  }
});
