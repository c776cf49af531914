/** What a store tells of the changes that pass through it. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
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
