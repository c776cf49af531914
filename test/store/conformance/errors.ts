import { expect } from "vitest";
import {
  appendInput,
  createInput,
  createSession,
  deleteInput,
  eventOf,
  failsWith,
  keyOf,
  listInput,
  mustGet,
  rangeOf,
  readRange,
  refusesStart,
  updateInput,
} from "../build.ts";
import type { Cases } from "../harness.ts";

export const errors = {
  "a store answers a ping": async ({ store }) => {
    await store.ping();
  },

  "a closed store refuses every call": async ({ app, openAnother }) => {
    const store = await openAnother();
    const key = keyOf(app);
    const session = await createSession(store, createInput(key));
    await store.close();
    await store.close();
    const calls = [
      store.ping(),
      createSession(store, createInput(keyOf(app, "other"))),
      store.getSession(key),
      store.getSessionRow(key),
      store.updateSession(updateInput(key)),
      store.deleteSession(deleteInput(key)),
      store.listSessions(listInput(app)),
      store.listApps(undefined, 1),
      store.listUsers(app, undefined, 1),
      store.append([appendInput(key, [eventOf()])]),
      readRange(store, rangeOf(session)),
      store.listChanges(key, 1),
      store.getSharedState(app, undefined),
      store.sweepRequests(1),
    ];
    for (const call of calls) await failsWith(call, "STORE_CLOSED");
  },

  "close waits for what runs": async ({ app, openAnother, store }) => {
    const closing = await openAnother();
    const key = keyOf(app);
    await createSession(store, createInput(key));
    const appends = Array.from({ length: 5 }, () => closing.append([appendInput(key, [eventOf()])]));
    const closed = closing.close();
    for (const outcomes of await Promise.all(appends)) expect(outcomes).toMatchObject([{ ok: true }]);
    await closed;
    expect((await mustGet(store, key)).headSeq).toBe(5);
  },

  "an abort before the work began rejects with its reason and does nothing": async ({ store, app }) => {
    const key = keyOf(app);
    const reason = new Error("the caller went away");
    const signal = AbortSignal.abort(reason);
    await expect(createSession(store, createInput(key), signal)).rejects.toBe(reason);
    await expect(store.getSession(key, signal)).rejects.toBe(reason);
    expect(await store.getSession(key)).toBeUndefined();
    await createSession(store, createInput(key));
    await expect(store.append([appendInput(key, [eventOf()])], signal)).rejects.toBe(reason);
    await expect(store.deleteSession(deleteInput(key), signal)).rejects.toBe(reason);
    expect((await mustGet(store, key)).headSeq).toBe(0);
  },

  "a failure carries nothing of the database": async ({ store, app }) => {
    const key = keyOf(app, "secret-id");
    await createSession(store, createInput(key));
    const error = await failsWith(createSession(store, createInput(key)), "SESSION_ALREADY_EXISTS");
    expect(error.message).not.toMatch(/secret-id|adk_|SQL|constraint/i);
  },

  "a malformed URL says what the form is": async ({ harness }) => {
    const [scheme = ""] = harness.engine.schemes;
    const error = await refusesStart(harness.engine.open(`${scheme}:`, harness.options), /./);
    expect(error.message).toContain(harness.engine.urlForm);
  },

  "what it can do is told": async ({ store }) => {
    const { description, maxEventBytes, maxAppendBytes, durability } = store.capabilities;
    expect(description).toMatch(/\d+\.\d+/);
    // 16 MiB, but for what a server keeps of its packet of that size: MariaDB's default.
    expect(maxEventBytes).toBeGreaterThanOrEqual(15 * 1024 * 1024);
    expect(maxAppendBytes).toBeGreaterThanOrEqual(maxEventBytes);
    expect(durability.settings.size).toBeGreaterThan(0);
  },
} satisfies Cases;
