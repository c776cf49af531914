/** An owner column of the operator's own: what a client hears of owners that it does not take. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serverTimeout } from "../support/databases/index.ts";
import {
  type Api,
  connect,
  type Data,
  doors,
  failureOf,
  newData,
  newEvent,
  newKey,
  present,
  runSql,
  type Server,
  startServer,
  storeNames,
} from "./harness.ts";

const COLUMN = "tenant_id INTEGER NOT NULL REFERENCES tenants(id) ON DELETE CASCADE";

describe.each(storeNames)("%s", (store) => {
  let data: Data | undefined;
  let server: Server | undefined;

  beforeAll(async () => {
    data = await newData(store);
    await runSql(data.url, [
      "CREATE TABLE tenants (id INTEGER NOT NULL PRIMARY KEY)",
      "INSERT INTO tenants (id) VALUES (7)",
    ]);
    server = await startServer({ store: data.url, args: ["--owner-column", COLUMN] });
  }, serverTimeout);

  afterAll(async () => {
    await server?.kill();
    await data?.drop();
  });

  describe.each(doors)("%s", (kind) => {
    let api: Api;

    beforeAll(() => {
      api = connect(kind, present(server));
    });

    afterAll(() => api.close());

    test.each([
      ["of nobody that the table has", "8", /must be known: tenant_id/],
      ["that is no number of the column's type", "seven", /whole number.*INTEGER/],
      ["that is missing", "", /must be given: tenant_id/],
    ])("an owner %s is an invalid field, and nothing is stored", async (_, ownerId, message) => {
      const key = newKey();
      const refused = { code: "INVALID_ARGUMENT", reason: "INVALID_FIELD", fields: ["owner_id"] };
      const create = await failureOf(
        api.createSession({ key, ownerId, requestId: "r", state: { "app:x": "1" } }),
      );
      expect(create).toMatchObject(refused);
      expect(create.message).toMatch(message);
      const appending = { key, event: newEvent(), createSession: true, ownerId };
      expect(await failureOf(api.appendEvent(appending))).toMatchObject(refused);
      expect(await failureOf(api.getSession({ key }))).toMatchObject({ reason: "SESSION_NOT_FOUND" });
      expect((await api.getAppState({ key: { appName: key.appName } })).state).toEqual({});
      // The mark of a refused request is free.
      const made = await api.createSession({ key, ownerId: "7", requestId: "r" });
      expect(made.session?.ownerId).toBe("7");
      const update = { key, ownerId, updateMask: { paths: ["owner_id"] } };
      expect(await failureOf(api.updateSession(update))).toMatchObject(refused);
      expect((await api.getSession({ key })).session).toMatchObject({ ownerId: "7", revision: 1n });
    });

    test("owners that are refused fail alone among creates at once", async () => {
      const keys = Array.from({ length: 30 }, () => newKey());
      const told = await Promise.all(
        keys.map((key, at) =>
          api.createSession({ key, ownerId: at % 3 === 0 ? "8" : "7" }).then(
            ({ session }) => session?.ownerId,
            () => "refused",
          ),
        ),
      );
      expect(told).toEqual(keys.map((_, at) => (at % 3 === 0 ? "refused" : "7")));
    });
  });
});
