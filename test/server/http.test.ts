import { request as httpRequest } from "node:http";
import { connect as http2Connect } from "node:http2";
import { connect as netConnect } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { RpcError } from "../../src/rpc/errors.ts";
import { cleanup, gate, type TestServer, testServer, untilAborted } from "./support.ts";

const key = { appName: "app", userId: "user", sessionId: "session" };

/** POSTs to an RPC and gives the status and the answer's text. */
async function post(
  server: TestServer,
  method: string,
  body: string | Uint8Array,
  headers: Record<string, string> = { "content-type": "application/json" },
) {
  const response = await fetch(`${server.httpUrl}/sessiond.v1.SessionService/${method}`, {
    method: "POST",
    headers,
    body: body as string,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** A request with headers that fetch does not let one set. */
function raw(server: TestServer, path: string, headers: Record<string, string>, method = "GET") {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    headers: Record<string, unknown>;
  }>();
  httpRequest(`${server.httpUrl}${path}`, { method, headers }, (response) => {
    response.resume();
    resolve({ status: response.statusCode ?? 0, headers: response.headers });
  })
    .on("error", reject)
    .end();
  return promise;
}

function reasonOf(error: unknown): string | undefined {
  return ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason;
}

describe("messages", () => {
  const echo = () =>
    testServer({
      createSession: async ({ state }) => ({ session: { state } }),
      streamEvents: async function* ({ key }) {
        yield { cursor: key?.appName ?? "" };
        yield { cursor: "second" };
      },
      listApps: async ({ pageToken }) => ({ appNames: [pageToken] }),
    });
  const state = { ["__proto__"]: "1", constructor: "2", "user:a": "3" };

  test.each([
    ["Connect with JSON", (server: TestServer) => server.connect()],
    ["Connect in binary", (server: TestServer) => server.connect({ useBinaryFormat: true })],
    ["Connect over HTTP/2 without TLS", (server: TestServer) => server.connect({ httpVersion: "2" })],
    ["gRPC-Web", (server: TestServer) => server.grpcWeb()],
  ])("pass through %s", async (_, clientOf) => {
    const server = await echo();
    const client = clientOf(server);
    const { session } = await client.createSession({ key, state });
    expect(Object.entries(session?.state ?? {}).sort()).toEqual(Object.entries(state).sort());
    const cursors: string[] = [];
    for await (const frame of client.streamEvents({ key })) cursors.push(frame.cursor);
    expect(cursors).toEqual(["app", "second"]);
  });

  test("of reads pass through GET, those of writes do not", async () => {
    const server = await echo();
    const message = encodeURIComponent('{"pageToken":"t"}');
    const read = await fetch(
      `${server.httpUrl}/sessiond.v1.SessionService/ListApps?encoding=json&message=${message}`,
    );
    expect(await read.json()).toEqual({ appNames: ["t"] });
    const write = await fetch(
      `${server.httpUrl}/sessiond.v1.SessionService/CreateSession?encoding=json&message=%7B%7D`,
    );
    expect(write.status).toBe(405);
  });

  test.each([
    ["an unknown field", '{"nonsense":1}'],
    ["text that is not JSON", "{"],
    ["a key that is given twice", '{"displayName":"a","displayName":"b"}'],
    ["a lone surrogate", '{"displayName":"\\ud800"}'],
    ["a lone surrogate in a state key", '{"state":{"\\udc00":"1"}}'],
    ["a byte that is not UTF-8", Buffer.from('{"displayName":"\xff"}', "latin1")],
  ])("with %s are refused as malformed, with details", async (_, body) => {
    const server = await echo();
    const { status, text, headers } = await post(server, "CreateSession", body);
    expect(status).toBe(400);
    expect(headers.get("x-request-id")).toBeTruthy();
    expect(JSON.parse(text)).toMatchObject({
      code: "invalid_argument",
      details: [{ type: "google.rpc.ErrorInfo", debug: { reason: "MALFORMED_MESSAGE" } }],
    });
  });

  test.each(["application/proto", "application/grpc-web+proto", "application/connect+proto"])(
    "in binary with bytes that are not UTF-8 are refused as malformed (%s)",
    async (type) => {
      const server = await echo();
      const message = Buffer.from([0x0a, 4, 0x0a, 2, 0xff, 0xfe]);
      const body =
        type === "application/proto" ? message : Buffer.concat([Buffer.from([0, 0, 0, 0, 6]), message]);
      const method = type === "application/connect+proto" ? "StreamEvents" : "CreateSession";
      const { text } = await post(server, method, body, { "content-type": type });
      expect(text).toMatch(/invalid_argument|grpc-status: 3/);
      const line = await server.logged((line) => line["method"] === method);
      expect(line).toMatchObject({ code: "invalid_argument", reason: "MALFORMED_MESSAGE" });
    },
  );

  test.each(["application/json", "application/proto", "application/grpc-web+proto"])(
    "over the limit are refused with it (%s)",
    async (type) => {
      const server = await testServer({}, { maxMessageBytes: 100_000 });
      const size = Buffer.alloc(5);
      size.writeUInt32BE(100_001, 1);
      const body = Buffer.concat([...(type.includes("web") ? [size] : []), Buffer.alloc(100_001, " ")]);
      const { text } = await post(server, "CreateSession", body, { "content-type": type });
      expect(text).toMatch(/resource_exhausted|grpc-status: 8/);
      const line = await server.logged((line) => line["method"] === "CreateSession");
      expect(line).toMatchObject({ code: "resource_exhausted", reason: "TOO_LARGE" });
    },
  );
});

test.each([
  ["HTTP/2 in pieces", ["P", "RI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\x04\0\0\0\0\0"], "0000..04"],
  [
    "HTTP/1.1 in pieces",
    ["P", "OST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"],
    Buffer.from("HTTP/1.1 405").toString("hex"),
  ],
])("a connection is told apart by its first bytes: %s", async (_, pieces, answer) => {
  const server = await testServer();
  const socket = netConnect({ port: server.httpPort, host: "127.0.0.1", noDelay: true });
  cleanup(() => socket.destroy());
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, "latin1", resolve));
    await fetch(`${server.httpUrl}/healthz`);
  }
  const first = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  expect(first.toString("hex")).toMatch(new RegExp(`^${answer}`));
});

describe("failures", () => {
  test("to keep an answer within the limit come as too large", async () => {
    const server = await testServer(
      { getSession: async () => ({ session: { displayName: "x".repeat(100_000) } }) },
      { maxMessageBytes: 100_000 },
    );
    for (const client of [server.connect(), server.connect({ useBinaryFormat: true }), server.grpcWeb()]) {
      const error = ConnectError.from(await client.getSession({ key }).catch((error: unknown) => error));
      expect(error.code).toBe(Code.ResourceExhausted);
      expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
        reason: "TOO_LARGE",
        metadata: { limit_bytes: "100000" },
      });
    }
    const lines = server.log.filter((line) => line["method"] === "GetSession");
    expect(lines.map((line) => line["reason"])).toEqual(["TOO_LARGE", "TOO_LARGE", "TOO_LARGE"]);
    const refused = server.grpc().call(SessionService.method.getSession, { key });
    await expect(refused).rejects.toMatchObject({ reason: "TOO_LARGE", facts: { limit_bytes: "100000" } });
  });

  test.each(["connect", "grpcWeb"] as const)("carry the same details as on gRPC (%s)", async (protocol) => {
    const server = await testServer({
      getSession: async () => {
        throw new RpcError("SERVER_BUSY", "Busy.", { facts: { limit: "7" } });
      },
    });
    const error = ConnectError.from(
      await server[protocol]()
        .getSession({ key })
        .catch((error: unknown) => error),
    );
    expect(error).toMatchObject({ code: Code.ResourceExhausted, rawMessage: "Busy." });
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: "SERVER_BUSY",
      metadata: { limit: "7" },
    });
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
  });

  test("that nobody foresaw leak nothing", async () => {
    const server = await testServer({
      getSession: () => {
        throw new Error("SECRET");
      },
      streamEvents: async function* () {
        yield { cursor: "one" };
        throw new Error("SECRET");
      },
    });
    const { status, text } = await post(server, "GetSession", "{}", {
      "content-type": "application/json",
      "x-request-id": "my-id",
    });
    expect(status).toBe(500);
    expect(text).toContain("my-id");
    expect(text).not.toContain("SECRET");
    const frames: string[] = [];
    const broken = (async () => {
      for await (const frame of server.connect().streamEvents({ key })) frames.push(frame.cursor);
    })();
    const error = await broken.catch((error: unknown) => error);
    expect(reasonOf(error)).toBe("INTERNAL");
    expect(String(error)).not.toContain("SECRET");
    expect(frames).toEqual(["one"]);
  });

  test("of a busy server come before the message is read", async () => {
    const running = gate();
    const { opened, open } = gate();
    const server = await testServer(
      {
        getSession: async () => {
          running.open();
          await opened;
          return {};
        },
      },
      { maxConcurrentCalls: 1 },
    );
    const first = server.connect().getSession({ key });
    await running.opened;
    const { status, text } = await post(server, "GetSession", "not JSON");
    expect(status).toBe(429);
    expect(text).toContain("SERVER_BUSY");
    open();
    await first;
  });
});

describe("time", () => {
  test("a call without a timeout gets the method's, one with a timeout gets its own within the cap", async () => {
    const server = await testServer(
      { getSession: (_, { signal }) => untilAborted(signal) },
      { deadlines: new Map([["GetSession", 50]]), maxDeadline: 100 },
    );
    const client = server.connect();
    expect(reasonOf(await client.getSession({ key }).catch((error: unknown) => error))).toBe(
      "DEADLINE_EXCEEDED",
    );
    const { text } = await post(server, "GetSession", "{}", {
      "content-type": "application/json",
      "connect-timeout-ms": "9999999999",
    });
    expect(text).toContain("DEADLINE_EXCEEDED");
  });

  test("a timeout of a month is one within the cap", async () => {
    let left = 0;
    const server = await testServer({
      getSession: async (_, { deadlineMs = 0 }) => {
        left = deadlineMs - Date.now();
        return {};
      },
    });
    const headers = { "content-type": "application/json", "connect-timeout-ms": "2592000000" };
    expect((await post(server, "GetSession", "{}", headers)).status).toBe(200);
    expect(left).toBeGreaterThan(50_000);
  });

  test("a timeout that cannot be read is refused", async () => {
    const server = await testServer({ getSession: async () => ({}) });
    const headers = { "content-type": "application/json", "connect-timeout-ms": "soon" };
    const { status, text } = await post(server, "GetSession", "{}", headers);
    expect(status).toBe(400);
    expect(text).toContain("MALFORMED_MESSAGE");
  });

  test.each(["1.1", "2"] as const)(
    "a caller who goes away frees the stream's iterator (HTTP/%s)",
    async (version) => {
      const began = gate();
      const freed = gate();
      const { promise, resolve } = Promise.withResolvers<unknown>();
      const server = await testServer({
        streamEvents: async function* (_, { signal }) {
          try {
            yield { cursor: "one" };
            began.open();
            await untilAborted(signal).catch(resolve);
          } finally {
            freed.open();
          }
        },
      });
      const abort = new AbortController();
      const client = server.connect({ httpVersion: version });
      const reading = (async () => {
        for await (const _ of client.streamEvents({ key }, { signal: abort.signal }));
      })().catch(() => {});
      await began.opened;
      abort.abort();
      expect(await promise).toMatchObject({ reason: "CANCELLED" });
      await freed.opened;
      await reading;
      await server.logged((line) => line["method"] === "StreamEvents" && line["code"] === "canceled");
    },
  );

  test.each(["goes away", "never reads"])(
    "a reader who takes nothing and %s costs a bounded number of frames",
    async (end) => {
      let asked = 0;
      const full = gate();
      const freed = gate();
      const server = await testServer(
        {
          listApps: async () => ({}),
          streamEvents: async function* () {
            try {
              for (; asked < 1_000; asked++) {
                if (asked === 3) full.open();
                yield { cursor: "x".repeat(1024 * 1024) };
              }
            } finally {
              freed.open();
            }
          },
        },
        { stallTimeout: end === "never reads" ? 500 : 60_000 },
      );
      const socket = netConnect(server.httpPort, "127.0.0.1");
      cleanup(() => socket.destroy());
      socket.on("error", () => {});
      socket.pause();
      const body = Buffer.concat([Buffer.from([0, 0, 0, 0, 2]), Buffer.from("{}")]);
      socket.write(
        `POST /sessiond.v1.SessionService/StreamEvents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/connect+json\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      socket.write(body);
      await full.opened;
      const client = server.connect();
      for (let trip = 0; trip < 50; trip++) await client.listApps({});
      // What the kernel's buffers of both ends hold, and one frame more.
      expect(asked).toBeLessThan(20);
      if (end === "goes away") socket.destroy();
      await freed.opened;
    },
  );
});

describe("pages", () => {
  test("tell what runs, safely", async () => {
    const server = await testServer();
    const response = await fetch(`${server.httpUrl}/about`);
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).toContain(server.grpcTarget);
    expect(text).toContain("a &#60;store&#62;");
    expect(response.headers.get("content-security-policy")).toMatch(/default-src 'none'; style-src 'sha256-/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect((await fetch(`${server.httpUrl}/nothing`)).status).toBe(404);
    expect((await fetch(`${server.httpUrl}/about`, { method: "POST" })).status).toBe(405);
  });

  test("for probes tell of the process and of the store", async () => {
    let answers: () => Promise<void> = async () => {};
    const server = await testServer({}, { readyTimeout: 50 }, { ping: () => answers() });
    expect((await fetch(`${server.httpUrl}/readyz`)).status).toBe(200);
    answers = () => Promise.reject(new Error("SECRET"));
    const refused = await fetch(`${server.httpUrl}/readyz`);
    expect(refused.status).toBe(503);
    expect(await refused.text()).not.toContain("SECRET");
    answers = () => new Promise(() => {});
    expect((await fetch(`${server.httpUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${server.httpUrl}/healthz`)).status).toBe(200);
  });
});

describe("origins", () => {
  test("on loopback a foreign host name is refused, known ones are not", async () => {
    const server = await testServer({}, { allowHost: ["dev.test"] });
    for (const host of ["evil.test", "evil.test:80", "127.0.0.1.evil.test", "localhost.evil.test"]) {
      expect((await raw(server, "/healthz", { host })).status, host).toBe(403);
    }
    for (const host of ["localhost", "127.0.0.1:1", "[::1]:1", "DEV.test:9", "LOCALHOST"]) {
      expect((await raw(server, "/healthz", { host })).status, host).toBe(200);
    }
  });

  test("over HTTP/2 the authority is checked in the same way", async () => {
    const server = await testServer();
    const session = http2Connect(server.httpUrl);
    cleanup(() => session.destroy());
    const request = session.request({ ":path": "/healthz", ":authority": "evil.test" });
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    request.on("response", resolve);
    expect(await promise).toMatchObject({ ":status": 403 });
  });

  test("are refused and have no CORS headers unless they are named exactly", async () => {
    const server = await testServer({ listApps: async () => ({}) }, { allowOrigin: ["https://viewer.test"] });
    const path = "/sessiond.v1.SessionService/ListApps";
    const preflight = { origin: "https://viewer.test", "access-control-request-method": "POST" };
    const allowed = await raw(server, path, preflight, "OPTIONS");
    expect(allowed.status).toBe(204);
    expect(allowed.headers).toMatchObject({ "access-control-allow-origin": "https://viewer.test" });
    expect(String(allowed.headers["access-control-allow-headers"])).toMatch(
      /Connect-Protocol-Version.*X-Grpc-Web.*X-Request-Id/i,
    );
    const called = await raw(server, `${path}?encoding=json&message=%7B%7D`, {
      origin: "https://viewer.test",
    });
    expect(called.status).toBe(200);
    expect(String(called.headers["access-control-expose-headers"])).toMatch(/Grpc-Status-Details-Bin/i);
    for (const origin of ["https://evil.test", "http://viewer.test", "https://viewer.test:444", "null"]) {
      const refused = await raw(server, path, { ...preflight, origin }, "OPTIONS");
      expect(refused.status, origin).toBe(403);
      expect(refused.headers["access-control-allow-origin"]).toBeUndefined();
    }
    expect((await raw(server, "/healthz", { origin: server.httpUrl })).status).toBe(200);
  });
});

test("a client that speaks something else is told so", async () => {
  const server = await testServer();
  const socket = netConnect(server.httpPort, "127.0.0.1");
  cleanup(() => socket.destroy());
  socket.end("HELLO\r\n\r\n");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 400/);
});
