/**
 * I4 at its worst moment: the server has committed, is killed, and its answer never arrives. The retry, against the
 * server that comes after it on the same data, gets the first answer, and nothing is there twice.
 */
import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EventScope } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { serverTimeout } from "../support/databases/index.ts";
import {
  type Api,
  connect,
  type Data,
  deafProxy,
  failureOf,
  newData,
  newEvent,
  newEvents,
  newKey,
  present,
  type Server,
  startServer,
  storeNames,
} from "./harness.ts";

describe.each(storeNames)("%s", (store) => {
  let data: Data;
  const servers: Server[] = [];
  const clients: Api[] = [];

  beforeEach(async () => {
    data = await newData(store);
  }, serverTimeout);

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    for (const server of servers.splice(0)) await server.kill();
    await data.drop();
  });

  async function start(): Promise<Server> {
    const server = await startServer({ store: data.url });
    servers.push(server);
    return server;
  }

  function client(kind: Parameters<typeof connect>[0], server: Server): Api {
    const api = connect(kind, server);
    clients.push(api);
    return api;
  }

  test.each(["grpc-js", "curl JSON"] as const)(
    "a retry over %s gets the answer that was lost",
    async (kind) => {
      const server = await start();
      const observer = client("grpc-js", server);
      const door = kind === "grpc-js" ? server.grpcPort : server.httpPort;
      const proxy = await deafProxy(door);
      const behindProxy: Server = {
        ...server,
        grpcAddress: `127.0.0.1:${proxy.port}`,
        httpUrl: `http://127.0.0.1:${proxy.port}`,
      };
      const cutOff = client(kind, behindProxy);

      const { appName } = newKey();
      const keys = {
        append: { appName, userId: "u", sessionId: "append" },
        batch: { appName, userId: "u", sessionId: "batch" },
        update: { appName, userId: "u", sessionId: "update" },
      };
      for (const key of Object.values(keys)) await cutOff.createSession({ key });
      const { uid } = present((await cutOff.getSession({ key: keys.append })).session);
      const event = newEvent({ stateDelta: { n: "1" } });
      const requests = {
        append: { key: keys.append, event, sessionUid: uid, expectedRevision: 1n },
        batch: { key: keys.batch, events: newEvents(3, "e", { stateDelta: { n: "1" } }) },
        create: { key: { appName, userId: "new" }, state: { n: "1" }, requestId: randomUUID() },
        update: { key: keys.update, stateDelta: { n: "1" }, displayName: "once", requestId: randomUUID() },
        shared: { key: { appName, userId: "u" }, stateDelta: { n: "1" }, requestId: randomUUID() },
      };
      const sendAll = (api: Api) => ({
        append: api.appendEvent(requests.append),
        batch: api.batchAppendEvents(requests.batch),
        create: api.createSession(requests.create),
        update: api.updateSession(requests.update),
        shared: api.updateUserState(requests.shared),
      });

      proxy.dropAnswers();
      const lost = Object.values(sendAll(cutOff)).map((call) => failureOf(call));
      const committed = await vi.waitUntil(
        async () => {
          const { events: appended } = await observer.listEvents({ key: keys.append });
          const { events: batch } = await observer.listEvents({ key: keys.batch });
          const { sessions } = await observer.listSessions({
            key: { appName, userId: "new" },
            includeState: true,
          });
          const { session: updated } = await observer.getSession({ key: keys.update });
          const { state: shared } = await observer.getUserState({ key: { appName, userId: "u" } });
          const all = appended.length + batch.length + sessions.length + Object.keys(shared).length === 6;
          return all && updated?.displayName === "once" && { appended, batch, sessions, updated };
        },
        { timeout: 30_000, interval: 5 },
      );
      await server.kill();
      for (const failure of await Promise.all(lost)) expect(failure.code).toBe("UNAVAILABLE");
      await proxy.close();

      const successor = await start();
      const retrying = client(kind, successor);
      const answers = await all(sendAll(retrying));
      const place = ({ id, timestamp, seq, revision, createTime }: (typeof committed.batch)[number]) => ({
        id,
        timestamp,
        seq,
        revision,
        createTime,
      });
      expect(answers.append).toMatchObject({ event: place(present(committed.appended[0])), sessionUid: uid });
      expect(answers.append.event).toMatchObject({ seq: 1n, revision: 2n });
      expect(answers.batch.events).toMatchObject(committed.batch.map(place));
      expect(answers.create.session).toEqual(committed.sessions[0]);
      // Its shared state has been written since, by one of the lost calls itself.
      const { "user:n": _, ...own } = present(answers.update.session).state;
      const { "user:n": __, ...ownBefore } = committed.updated.state;
      expect({ ...answers.update.session, state: own }).toEqual({ ...committed.updated, state: ownBefore });

      // Once more, over the other door: still the first answers.
      const other = client(kind === "grpc-js" ? "curl JSON" : "grpc-js", successor);
      expect(await all(sendAll(other))).toEqual(answers);
      expect((await other.listEvents({ key: { appName }, scope: EventScope.APP })).events).toHaveLength(4);
      expect((await other.listSessions({ key: { appName } })).sessions).toHaveLength(4);
      expect((await other.getSession({ key: keys.update })).session?.revision).toBe(2n);
    },
  );
});

/** All of an object's promises. */
async function all<T extends object>(promises: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const names = Object.keys(promises) as (keyof T)[];
  const values = await Promise.all(names.map((name) => promises[name]));
  return Object.fromEntries(names.map((name, at) => [name, values[at]])) as T;
}
