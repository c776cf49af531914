/** WatchSessions where others write: another server, and transactions that end late. */
import mysql from "mysql2/promise";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  type Api,
  connect,
  type Data,
  newData,
  newEvent,
  newKey,
  type Server,
  startServer,
  storeNames,
} from "../api/harness.ts";
import { serverTimeout } from "../support/databases/index.ts";
import { LiveList } from "./support/live-list.ts";
import { metric } from "./support/metric.ts";

describe.each(storeNames)("%s: two servers", (store) => {
  let data: Data;
  let servers: Server[] = [];
  let apis: Api[] = [];
  const open: LiveList[] = [];

  beforeAll(async () => {
    data = await newData(store);
    // One after the other, since the first migrates.
    for (let at = 0; at < 2; at++) servers.push(await startServer({ store: data.url }));
    apis = servers.map((server) => connect("grpc-js", server));
  }, serverTimeout);

  afterEach(async () => {
    await Promise.all(open.splice(0).map((list) => list.close()));
  });

  afterAll(async () => {
    await Promise.all(apis.map((api) => api.close()));
    await Promise.all(servers.map((server) => server.kill()));
    servers = [];
    await data?.drop();
  });

  async function watch(
    api: Api | undefined,
    request: ConstructorParameters<typeof LiveList>[1],
  ): Promise<LiveList> {
    if (api === undefined) throw new Error("no such server");
    const list = new LiveList(api, request);
    open.push(list);
    return list.until("caughtUp");
  }

  test("what one writes the other one's watchers are told", async () => {
    const [writer, reader] = apis as [Api, Api];
    const { appName } = newKey();
    const list = await watch(reader, { key: { appName } });
    const user = await watch(reader, { key: { appName, userId: "ben" } });
    for (let at = 0; at < 10; at++) {
      const key = { appName, userId: at % 2 === 0 ? "ana" : "ben", sessionId: `s${at}` };
      await (at % 3 === 0 ? reader : writer).createSession({ key });
      await writer.appendEvent({ key, event: newEvent() });
      if (at % 4 === 1) await writer.deleteSession({ key });
    }
    await list.converged(writer, { appName });
    await user.converged(writer, { appName, userId: "ben" });
    expect(list.state.sessions.size).toBe(7);
    const counted = (name: string, labels?: RegExp) => metric(servers[1] as Server, name, labels);
    expect(await counted("sessiond_lists_open")).toBe(2);
    expect(await counted("sessiond_list_feeds")).toBe(1);
    expect(await counted("sessiond_list_reads_total", /reason="listing"/)).toBe(2);
    // Each session was made, most were appended to, three deleted.
    expect(await counted("sessiond_list_look_found_total")).toBeGreaterThanOrEqual(10);
    // Before the queries: the looks go on meanwhile.
    const looks = await counted("sessiond_list_look_duration_seconds_count");
    expect(await counted("sessiond_list_look_queries_total")).toBeGreaterThanOrEqual(2 * looks);
    expect(await counted("sessiond_list_look_rows_total")).toBeGreaterThanOrEqual(10);
    expect(await counted("sessiond_list_look_failures_total")).toBe(0);
  });

  test("a cursor of one goes on at the other", async () => {
    const [one, other] = apis as [Api, Api];
    const key = newKey();
    const { appName } = key;
    await one.createSession({ key });
    const first = await watch(one, { key: { appName } });
    const cursor = first.frames.at(-1)?.cursor ?? "";
    await one.deleteSession({ key });
    await one.createSession({ key: { ...key, sessionId: "s2" } });
    const resumed = new LiveList(other, { key: { appName }, cursor }, first.state.sessions);
    open.push(resumed);
    await resumed.until("caughtUp");
    await resumed.converged(other, { appName });
    expect(resumed.kinds).not.toContain("listed");
  });

  // SQLite has one writer at a time: nothing can end before a transaction that began earlier.
  if (store === "sqlite") return;

  test("a transaction that began before others and ends after them is told", async () => {
    const [writer, reader] = apis as [Api, Api];
    const { appName } = newKey();
    const early = { appName, userId: "ana", sessionId: "early" };
    const gone = { appName, userId: "ana", sessionId: "gone" };
    await writer.createSession({ key: early });
    const goneUid = (await writer.createSession({ key: gone })).session?.uid ?? "";
    const list = await watch(reader, { key: { appName } });
    const slow = await mysql.createConnection(data.url.replace(/^mariadb:/, "mysql:"));
    try {
      // As a server writes them, with the time at which the call came: half a minute ago.
      const came = (Date.now() - 30_000) * 1_000;
      await slow.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await slow.query("START TRANSACTION");
      await slow.query(
        "UPDATE adk_sessions SET revision = revision + 1, display_name = 'late', update_time = ? WHERE app_name = ? AND user_id = 'ana' AND id = 'early'",
        [came, appName],
      );
      await slow.query("DELETE FROM adk_sessions WHERE app_name = ? AND user_id = 'ana' AND id = 'gone'", [
        appName,
      ]);
      await slow.query(
        "INSERT INTO adk_session_tombstones (app_name, user_id, session_id, uid, delete_time) VALUES (?, 'ana', 'gone', ?, ?)",
        [appName, goneUid, came],
      );
      for (let at = 0; at < 5; at++) {
        await writer.createSession({ key: { appName, userId: "ben", sessionId: `s${at}` } });
      }
      await list.converged(reader, { appName });
      expect(list.state.sessions.get("ana/early")?.displayName).toBe("");
      // A cursor from before the commit, by which all later times were told.
      const { cursor } = list.frames.at(-1) ?? { cursor: "" };
      await slow.query("COMMIT");
      await list.converged(reader, { appName });
      expect(list.state.sessions.get("ana/early")?.displayName).toBe("late");
      expect(list.state.sessions.has("ana/gone")).toBe(false);
      const resumed = await watch(writer, { key: { appName }, cursor });
      const told = resumed.frames.flatMap(({ frame }) =>
        frame.case === "changed" ? [frame.value.session?.displayName] : [],
      );
      expect(told).toContain("late");
      expect(resumed.kinds).toContain("deleted");
    } finally {
      slow.destroy();
    }
  });
});
