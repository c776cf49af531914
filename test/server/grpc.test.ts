import { once } from "node:events";
import { connect, constants } from "node:http2";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { RpcError } from "../../src/rpc/errors.ts";
import { cleanup, gate, stalledStream, type TestServer, testServer, untilAborted } from "./support.ts";

const { getSession, createSession } = SessionService.method;
const key = { appName: "app", userId: "user", sessionId: "session" };

describe("messages", () => {
  test("reach the handler and come back, with a state key of every kind", async () => {
    const seen: string[] = [];
    const server = await testServer({
      createSession: async (request) => {
        seen.push(...Object.keys(request.state));
        return { session: { state: request.state } };
      },
    });
    const state = { ["__proto__"]: "1", constructor: "2", "user:a": "3" };
    const { session } = await server.grpc().call(createSession, { key, state });
    expect(seen.sort()).toEqual(["__proto__", "constructor", "user:a"]);
    expect(Object.entries(session?.state ?? {}).sort()).toEqual(Object.entries(state).sort());
  });

  test.each([
    ["a string that is not UTF-8", [0x22, 2, 0xff, 0xfe]],
    ["a lone surrogate's bytes", [0x22, 3, 0xed, 0xa0, 0x80]],
    ["a map key that is not UTF-8", [0x12, 4, 0x0a, 2, 0xc3, 0x28]],
    ["a message that ends too early", [0x22, 9, 0x61]],
  ])("%s is refused as malformed", async (_, bytes) => {
    const server = await testServer({ createSession: async () => ({}) });
    const call = server.grpc().bytes("CreateSession", Uint8Array.from(bytes));
    await expect(call).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, reason: "MALFORMED_MESSAGE" });
  });

  test("a message over the limit is refused as too large, with the limit", async () => {
    const server = await testServer({ getSession: async () => ({}) }, { maxMessageBytes: 100_000 });
    await expect(server.grpc().bytes("GetSession", new Uint8Array(100_001))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: "TOO_LARGE",
      facts: { limit_bytes: "100000" },
      message: expect.stringContaining("100000 bytes"),
    });
  });

  test("a method that is not there is named", async () => {
    const server = await testServer();
    await expect(server.grpc().bytes("NoSuchMethod", new Uint8Array())).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
      reason: "UNIMPLEMENTED",
      message: expect.stringContaining("NoSuchMethod"),
    });
  });

  test("headers over the limit are refused and others are not", async () => {
    const server = await testServer({ getSession: async () => ({}) }, { maxHeaderBytes: 8 * 1024 });
    const client = server.grpc();
    await expect(
      client.call(getSession, { key }, { metadata: { big: "x".repeat(20_000) } }),
    ).rejects.toBeDefined();
    await expect(
      client.call(getSession, { key }, { metadata: { small: "x".repeat(1_000) } }),
    ).resolves.toBeDefined();
  });
});

describe("failures", () => {
  test("of an RPC come with their reason, facts and retry delay", async () => {
    const server = await testServer({
      getSession: async () => {
        throw new RpcError("SERVER_BUSY", "Busy.", { facts: { limit: "7" } });
      },
    });
    await expect(server.grpc().call(getSession, { key })).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      message: "Busy.",
      reason: "SERVER_BUSY",
      facts: { limit: "7" },
      details: ["ErrorInfo", "RetryInfo"],
    });
  });

  test.each(["thrown at once", "thrown later"])(
    "%s leak nothing and do not end the process",
    async (when) => {
      const server = await testServer({
        getSession: (): never | Promise<never> => {
          const fault = new Error("SECRET in the driver");
          if (when === "thrown at once") throw fault;
          return Promise.reject(fault);
        },
        listApps: async () => ({ appNames: ["still here"] }),
      });
      const client = server.grpc();
      const refused = await client
        .call(getSession, { key }, { metadata: { "x-request-id": "my-id" } })
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({
        code: status.INTERNAL,
        reason: "INTERNAL",
        facts: { request_id: "my-id" },
      });
      expect(JSON.stringify(refused)).not.toContain("SECRET");
      const line = await server.logged((line) => line["requestId"] === "my-id" && line["level"] === "error");
      expect(JSON.stringify(line["cause"])).toContain("SECRET");
      await expect(client.call(SessionService.method.listApps, {})).resolves.toMatchObject({
        appNames: ["still here"],
      });
    },
  );

  test("in the middle of a stream end it with their status after what was sent", async () => {
    const server = await testServer({
      streamEvents: async function* () {
        yield { cursor: "one" };
        throw new Error("SECRET");
      },
    });
    const stream = server.grpc().stream();
    const got: number[] = [];
    stream.on("data", (bytes: Buffer) => got.push(bytes.length));
    const { promise, resolve } = Promise.withResolvers<Error>();
    stream.on("error", resolve);
    expect(await promise).toMatchObject({ code: status.INTERNAL });
    expect(got).toHaveLength(1);
  });

  test("with many violations still fit into trailers", async () => {
    const fieldViolations = Array.from({ length: 500 }, (_, at) => ({
      field: `f${at}`,
      description: "x".repeat(50),
    }));
    const server = await testServer({
      getSession: async () => {
        throw new RpcError("INVALID_FIELD", "Bad\ud800.", { fieldViolations });
      },
    });
    await expect(server.grpc().call(getSession, { key })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: "INVALID_FIELD",
    });
  });
});

describe("time", () => {
  test("a call without a deadline gets the method's", async () => {
    const server = await testServer(
      { getSession: (_, { signal }) => untilAborted(signal) },
      { deadlines: new Map([["GetSession", 50]]) },
    );
    await expect(server.grpc().call(getSession, { key })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      reason: "DEADLINE_EXCEEDED",
    });
  });

  test("a handler that does not listen is left behind at the deadline, and keeps its place", async () => {
    const { opened, open } = gate();
    const server = await testServer(
      {
        getSession: async () => {
          await opened;
          return {};
        },
      },
      { deadlines: new Map([["GetSession", 50]]), maxConcurrentCalls: 1 },
    );
    const client = server.grpc();
    await expect(client.call(getSession, { key })).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await expect(client.call(getSession, { key })).rejects.toMatchObject({ reason: "SERVER_BUSY" });
    open();
    await expect(client.call(getSession, { key })).resolves.toBeDefined();
  });

  test("the caller's deadline counts within the cap, and one of a month is no deadline that has passed", async () => {
    const left: number[] = [];
    const server = await testServer(
      {
        getSession: async (_, { deadlineMs = 0 }) => {
          left.push(deadlineMs - Date.now());
          return {};
        },
      },
      { maxDeadline: 60_000 },
    );
    const client = server.grpc();
    await client.call(getSession, { key }, { deadline: Date.now() + 30_000 });
    await client.call(getSession, { key }, { deadline: Date.now() + 30 * 24 * 3_600_000 });
    expect(left[0]).toBeGreaterThan(5_000);
    expect(left[0]).toBeLessThanOrEqual(30_000);
    expect(left[1]).toBeGreaterThan(31_000);
    expect(left[1]).toBeLessThanOrEqual(60_000);
  });

  test("a timeout that cannot be read is refused", async () => {
    const server = await testServer({ getSession: async () => ({}) });
    const session = connect(`http://${server.grpcTarget}`);
    cleanup(() => session.destroy());
    const request = session.request({
      ":method": "POST",
      ":path": "/sessiond.v1.SessionService/GetSession",
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": "soon",
    });
    request.end(Buffer.alloc(5));
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    request.on("response", resolve);
    expect(await promise).toMatchObject({ "grpc-status": String(status.INVALID_ARGUMENT) });
  });

  test("a caller who goes away aborts the call", async () => {
    const began = gate();
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const server = await testServer({
      streamEvents: async function* (_, { signal }) {
        yield { cursor: "one" };
        began.open();
        await untilAborted(signal).catch(resolve);
      },
    });
    const stream = server.grpc().stream();
    stream.on("error", () => {});
    stream.resume();
    await began.opened;
    stream.cancel();
    expect(await promise).toMatchObject({ reason: "CANCELLED" });
    await server.logged((line) => line["method"] === "StreamEvents" && line["code"] === "canceled");
  });
});

describe.each([
  ["gRPC", (server: TestServer) => `http://${server.grpcTarget}`, "application/grpc"],
  ["HTTP", (server: TestServer) => server.httpUrl, "application/grpc-web+proto"],
])("%s: a connection goes on", (_, addressOf, contentType) => {
  function open(server: TestServer) {
    const session = connect(addressOf(server));
    cleanup(() => session.destroy());
    return (name: string) => {
      const request = session.request({
        ":method": "POST",
        ":path": `/${SessionService.typeName}/${name}`,
        "content-type": contentType,
        te: "trailers",
      });
      request.on("error", () => {});
      return { request, closed: new Promise((resolve) => request.once("close", resolve)) };
    };
  }

  async function answers(call: ReturnType<typeof open>) {
    const answered = async () => {
      const { request } = call("ListApps");
      request.end(Buffer.alloc(5));
      request.resume();
      const [headers] = await once(request, "response");
      return headers;
    };
    // One that comes with those given up may be refused as these were; on a connection that is closed all are.
    await expect.poll(answered).toMatchObject({ ":status": 200 });
  }

  test("of which many calls are given up", async () => {
    const call = open(await testServer({ listApps: async () => ({}) }));
    // In portions of less than the streams that may be open, and more than Node would take by itself.
    for (let portion = 0; portion < 40; portion++) {
      const given = Array.from({ length: 50 }, () => call("GetSession"));
      for (const { request } of given) request.close(constants.NGHTTP2_CANCEL);
      await Promise.all(given.map(({ closed }) => closed));
    }
    await answers(call);
  });

  test("on which as many calls as it takes are given up and others begun together", async () => {
    const streams = 256;
    let running = 0;
    const full = gate();
    const server = await testServer(
      {
        listApps: async () => ({}),
        getSession: async (_, { signal }) => {
          if (++running === streams) full.open();
          return untilAborted(signal);
        },
      },
      { maxStreamsPerConnection: streams },
    );
    const call = open(server);
    const begin = () =>
      Array.from({ length: streams }, () => {
        const begun = call("GetSession");
        begun.request.end(Buffer.alloc(5));
        return begun;
      });
    const first = begin();
    await full.opened;
    for (const { request } of first) request.close(constants.NGHTTP2_CANCEL);
    const second = begin();
    await Promise.all(first.map(({ closed }) => closed));
    for (const { request } of second) request.close(constants.NGHTTP2_CANCEL);
    await Promise.all(second.map(({ closed }) => closed));
    await answers(call);
  });
});

describe("streams", () => {
  const frame = { cursor: "x".repeat(200 * 1024) };

  test("send at most the configured bytes ahead of a reader who stops, and all once he reads", async () => {
    let asked = 0;
    const full = gate();
    const server = await testServer(
      {
        getSession: async () => ({}),
        streamEvents: async function* () {
          while (asked < 60) {
            asked++;
            if (asked === 6) full.open();
            yield frame;
          }
        },
      },
      { streamBytesInFlight: 1024 * 1024 },
    );
    const stream = stalledStream(server);
    await full.opened;
    // Six of 200 KiB are the first to reach 1 MiB. Round trips give the server its chance to ask for more.
    const client = server.grpc();
    for (let trip = 0; trip < 50; trip++) await client.call(getSession, { key });
    expect(asked).toBe(6);
    let got = 0;
    for await (const bytes of stream) got += (bytes as Buffer).length;
    expect(asked).toBe(60);
    expect(got).toBeGreaterThan(60 * frame.cursor.length);
  });

  test.each(["that waits for its next event", "whose reader does not read"])(
    "cancelling a stream %s frees its iterator at once",
    async (how) => {
      const began = gate();
      const freed = gate();
      let waits = false;
      const iterator = {
        async next() {
          if (how === "that waits for its next event" && waits) return new Promise<never>(() => {});
          waits = true;
          setImmediate(began.open);
          return { done: false as const, value: frame };
        },
        async return() {
          freed.open();
          return { done: true as const, value: undefined };
        },
      };
      const server = await testServer({ streamEvents: () => ({ [Symbol.asyncIterator]: () => iterator }) });
      const stream = server.grpc().stream();
      stream.on("error", () => {});
      if (how === "that waits for its next event") stream.resume();
      await began.opened;
      stream.cancel();
      await freed.opened;
    },
  );

  test("whose reader takes nothing for too long ends as a slow reader's", async () => {
    const freed = gate();
    const server = await testServer(
      {
        streamEvents: async function* () {
          try {
            for (;;) yield frame;
          } finally {
            freed.open();
          }
        },
      },
      { stallTimeout: 300 },
    );
    stalledStream(server);
    await freed.opened;
    await server.logged((line) => line["reason"] === "SLOW_READER");
  });
});

describe("load", () => {
  test("calls over the limit are told to retry, streams apart from unary calls", async () => {
    const running = gate();
    const { opened, open } = gate();
    const server = await testServer(
      {
        getSession: async () => {
          running.open();
          await opened;
          return {};
        },
        streamEvents: async function* () {
          yield { cursor: "one" };
        },
      },
      { maxConcurrentCalls: 1 },
    );
    const client = server.grpc();
    const first = client.call(getSession, { key });
    await running.opened;
    const refused = await client.call(getSession, { key }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      reason: "SERVER_BUSY",
      details: ["ErrorInfo", "RetryInfo"],
    });
    const frames: unknown[] = [];
    for await (const one of client.stream()) frames.push(one);
    expect(frames).toHaveLength(1);
    open();
    await first;
    await expect(client.call(getSession, { key })).resolves.toBeDefined();
  });
});

describe("the log", () => {
  test("has one line of each call, with sizes and facts, ids hashed and nothing of the content", async () => {
    const server = await testServer({
      createSession: async (_, context) => {
        context.annotate({ keys: 1, note: "a\u202eb\n" });
        return { session: { uid: "u" } };
      },
    });
    await server
      .grpc()
      .call(createSession, { key, state: { a: '"CONTENT"' } }, { metadata: { "x-request-id": "r1" } });
    const line = await server.logged((line) => line["requestId"] === "r1");
    expect(line).toMatchObject({
      level: "info",
      method: "CreateSession",
      code: "ok",
      keys: 1,
      note: "a\\u{202e}b\\u{a}",
      protocol: "grpc",
      app: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(line["ms"]).toBeTypeOf("number");
    expect(line["requestBytes"]).toBeGreaterThan(20);
    expect(line["responseBytes"]).toBeGreaterThan(2);
    expect(JSON.stringify(server.log)).not.toMatch(/CONTENT|"app":"app"|"user":"user"/);
    expect(server.log.filter((line) => line["requestId"] === "r1")).toHaveLength(1);
  });

  test.each([
    ["plain", "app"],
    ["none", undefined],
  ] as const)("has ids %s where it is told so", async (logIds, app) => {
    const server = await testServer({ getSession: async () => ({}) }, { logIds });
    await server.grpc().call(getSession, { key });
    const line = await server.logged((line) => line["method"] === "GetSession");
    expect(line["app"]).toBe(app);
  });

  test("does not take a request id that is not sane", async () => {
    const server = await testServer({ getSession: async () => ({}) });
    await server.grpc().call(getSession, { key }, { metadata: { "x-request-id": "a b" } });
    const line = await server.logged((line) => line["method"] === "GetSession");
    expect(line["requestId"]).toMatch(/^[0-9a-f-]{36}$/);
  });
});
