/** What holds for a call of any method: deadlines, cancellation, load, health, requests by GET. */
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { describe, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/ts/health/v1/health_pb.ts";
import { ListEventsResponseSchema, SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import {
  failureOf,
  grpcTransport,
  type Key,
  lockWrites,
  newEvent,
  newEvents,
  newKey,
  overEveryClient,
  type Subject,
  storeNames,
  useServer,
} from "./harness.ts";

/** Runs `work` while no append to the key's app can be committed. */
async function whileLocked<T>(subject: Pick<Subject, "data">, key: Key, work: () => Promise<T>): Promise<T> {
  const unlock = await lockWrites(subject.data.url, key.appName);
  try {
    return await work();
  } finally {
    await unlock();
  }
}

overEveryClient((subject) => {
  async function newSession(): Promise<Key> {
    const key = newKey();
    await subject.api.createSession({ key });
    return key;
  }

  test("a call ends at its deadline, and its retry learns what became of it", async () => {
    const key = await newSession();
    const request = { key, event: newEvent() };
    await whileLocked(subject, key, async () => {
      const call = subject.api.appendEvent(request, { timeoutMs: 300 });
      expect(await failureOf(call)).toMatchObject({ code: "DEADLINE_EXCEEDED" });
      // Reads are not held up by what waits to be written.
      expect((await subject.api.getSession({ key })).session?.headSeq).toBe(0n);
    });
    expect((await subject.api.appendEvent(request)).event?.seq).toBe(1n);
    expect((await subject.api.listEvents({ key })).events).toHaveLength(1);
  });

  test("a call that is cancelled ends at once", async () => {
    const key = await newSession();
    await whileLocked(subject, key, async () => {
      const controller = new AbortController();
      const call = failureOf(
        subject.api.appendEvent({ key, event: newEvent() }, { signal: controller.signal }),
      );
      await subject.api.getSession({ key });
      controller.abort();
      expect(await call).toMatchObject({ code: "CANCELLED" });
    });
    const { event } = await subject.api.appendEvent({ key, event: newEvent({ id: "after" }) });
    expect([1n, 2n]).toContain(event?.seq);
  });
});

describe.each(storeNames)("%s: too much that waits", (store) => {
  const subject = useServer(store, ["--append-queue-calls", "1"]);

  test.each(["grpc-js", "Python grpcio", "connect-web JSON", "curl JSON"] as const)(
    "is refused over %s with the time to wait",
    async (kind) => {
      const key = newKey();
      const api = subject.client(kind);
      await api.createSession({ key });
      const waiting: Promise<unknown>[] = [];
      const refused = await whileLocked(subject, key, async () => {
        // One is committed, one waits for that commit, the rest is too much.
        const calls = newEvents(6).map((event) => api.appendEvent({ key, event }));
        waiting.push(...calls);
        return failureOf(Promise.all(calls));
      });
      expect(refused).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "SERVER_BUSY" });
      expect(refused.retryMs).toBeGreaterThan(0);
      const outcomes = await Promise.allSettled(waiting);
      const { session } = await api.getSession({ key });
      expect(Number(session?.headSeq)).toBe(outcomes.filter(({ status }) => status === "fulfilled").length);
    },
  );
});

describe("reads by GET", () => {
  const subject = useServer("sqlite");
  const pathOf = (method: string) => `${subject.server.httpUrl}/sessiond.v1.SessionService/${method}`;

  async function get(method: string, message: JsonValue, headers = {}): Promise<Response> {
    const query = new URLSearchParams({ connect: "v1", encoding: "json", message: JSON.stringify(message) });
    return fetch(`${pathOf(method)}?${query}`, { headers });
  }

  test("answer as POST does", async () => {
    const key = newKey();
    const api = subject.client("grpc-js");
    await api.batchAppendEvents({ key, events: newEvents(3), createSession: true });
    const transport = createConnectTransport({
      baseUrl: subject.server.httpUrl,
      useHttpGet: true,
      useBinaryFormat: true,
    });
    const byGet = createClient(SessionService, transport);
    expect(await byGet.getSession({ key })).toEqual(await api.getSession({ key }));
    expect(await byGet.listEvents({ key })).toEqual(await api.listEvents({ key }));
    expect(await byGet.listUsers({ key: { appName: key.appName } })).toMatchObject({ userIds: ["ana"] });
    expect(await failureOf(byGet.getSession({ key: newKey() }))).toMatchObject({
      reason: "SESSION_NOT_FOUND",
    });
  });

  test("may be kept for ever only where no append can change the page", async () => {
    const key = newKey();
    const api = subject.client("grpc-js");
    const { sessionUid } = await api.batchAppendEvents({ key, events: newEvents(5), createSession: true });
    const cacheOf = async (request: { [name: string]: JsonValue }) =>
      (await get("ListEvents", { key: { ...key }, ...request })).headers.get("cache-control");
    const forEver = /immutable/;
    expect(await cacheOf({ sessionUid, pageSize: 2 })).toMatch(forEver);
    expect(await cacheOf({ sessionUid, beforeSeq: "4" })).toMatch(forEver);
    expect(await cacheOf({ sessionUid, beforeSeq: "4", descending: true, pageSize: 2 })).toMatch(forEver);
    expect(await cacheOf({ sessionUid })).toBe("no-store");
    expect(await cacheOf({ sessionUid, beforeSeq: "9" })).toBe("no-store");
    expect(await cacheOf({ pageSize: 2 })).toBe("no-store");
    expect(await cacheOf({ sessionUid: "another", pageSize: 2 })).not.toMatch(forEver);
    const kept = await get("ListEvents", { key: { ...key }, sessionUid, pageSize: 2 });
    await api.appendEvent({ key, event: newEvent() });
    const again = await get("ListEvents", { key: { ...key }, sessionUid, pageSize: 2 });
    const eventsOf = async (response: Response) =>
      fromJson(ListEventsResponseSchema, (await response.json()) as JsonValue).events;
    expect(await eventsOf(again)).toEqual(await eventsOf(kept));
    const { headers } = await get("GetSession", { key: { ...key } });
    expect(headers.get("cache-control")).toBe("no-store");
  });

  test("are not to be had of methods that write", async () => {
    const response = await get("CreateSession", { key: { ...newKey() } });
    expect(response.status).toBe(405);
  });
});

describe("health", () => {
  const subject = useServer("sqlite");

  test("is told over both doors", async () => {
    const transport = grpcTransport(subject.server.grpcAddress);
    const health = createClient(Health, transport);
    for (const service of ["", SessionService.typeName]) {
      expect(await health.check({ service })).toMatchObject({
        status: HealthCheckResponse_ServingStatus.SERVING,
      });
    }
    expect(await failureOf(health.check({ service: "another" }))).toMatchObject({ code: "NOT_FOUND" });
    await transport.close();
    for (const probe of ["/healthz", "/readyz"]) {
      expect((await fetch(subject.server.httpUrl + probe)).status).toBe(200);
    }
  });
});
