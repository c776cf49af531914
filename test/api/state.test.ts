/** The shared scopes: GetAppState, GetUserState, UpdateAppState, UpdateUserState. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { appOf, failureOf, newEvent, newKey, overEveryClient, userOf } from "./harness.ts";

overEveryClient((subject) => {
  const scopes = {
    app: {
      prefix: "app:",
      keyOf: appOf,
      get: (key: object) => subject.api.getAppState({ key }),
      update: (request: object) => subject.api.updateAppState(request),
    },
    user: {
      prefix: "user:",
      keyOf: userOf,
      get: (key: object) => subject.api.getUserState({ key }),
      update: (request: object) => subject.api.updateUserState(request),
    },
  };

  describe.each(["app", "user"] as const)("the state of one %s", (name) => {
    const scope = scopes[name];

    test("is empty before anything was written", async () => {
      expect({ ...(await scope.get(scope.keyOf(newKey()))).state }).toEqual({});
    });

    test("is set and removed key by key, and seen by sessions with its prefix", async () => {
      const key = newKey();
      const own = scope.keyOf(key);
      const { updateTime } = await scope.update({ key: own, stateDelta: { a: "1.0", "b:c": "null" } });
      expect(updateTime).toBeDefined();
      await scope.update({ key: own, stateDelta: { c: "[ ]" }, removedStateKeys: ["a", "never there"] });
      expect({ ...(await scope.get(own)).state }).toEqual({ c: "[ ]", "b:c": "null" });
      const { session } = await subject.api.createSession({ key });
      expect({ ...session?.state }).toEqual({
        [`${scope.prefix}c`]: "[ ]",
        [`${scope.prefix}b:c`]: "null",
      });
    });

    test("is written by the sessions' events, without touching other sessions' revisions", async () => {
      const key = newKey();
      await subject.api.createSession({ key });
      const other = { ...key, sessionId: "s2" };
      await subject.api.createSession({ key: other });
      const event = newEvent({ stateDelta: { [`${scope.prefix}k`]: '"from an event"' } });
      await subject.api.appendEvent({ key, event });
      expect({ ...(await scope.get(scope.keyOf(key))).state }).toEqual({ k: '"from an event"' });
      expect((await subject.api.getSession({ key: other })).session).toMatchObject({
        revision: 1n,
        state: { [`${scope.prefix}k`]: '"from an event"' },
      });
    });

    test("gives a retry the first answer", async () => {
      const own = scope.keyOf(newKey());
      const request = { key: own, stateDelta: { n: "1" }, requestId: randomUUID() };
      const first = await scope.update(request);
      await scope.update({ key: own, stateDelta: { n: "2" } });
      expect(await scope.update(request)).toEqual(first);
      expect({ ...(await scope.get(own)).state }).toEqual({ n: "2" });
      expect(await failureOf(scope.update({ ...request, stateDelta: { n: "3" } }))).toMatchObject({
        code: "INVALID_ARGUMENT",
        reason: "REQUEST_ID_CONFLICT",
      });
    });
  });
});
