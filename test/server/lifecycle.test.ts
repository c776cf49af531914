import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as http2Connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect as netConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { fromBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../gen/ts/health/v1/health_pb.ts";
import { SessionService } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { createLog } from "../../src/log.ts";
import { KeyPairFiles } from "../../src/server/tls.ts";
import { StartError } from "../../src/store/errors.ts";
import { cleanup, gate, RawClient, refusal, testServer, untilAborted } from "./support.ts";

const { getSession } = SessionService.method;
const key = { appName: "app", userId: "user", sessionId: "session" };
const fixtures = join(import.meta.dirname, "fixtures");

describe("shutting down", () => {
  test("tells probes, streams and new calls, lets a unary call finish, then closes", async () => {
    const running = gate();
    const streaming = gate();
    const { opened, open } = gate();
    const server = await testServer({
      getSession: async () => {
        running.open();
        await opened;
        return { session: { uid: "finished" } };
      },
      streamEvents: async function* (_, { signal }) {
        yield { cursor: "one" };
        streaming.open();
        await untilAborted(signal);
      },
    });
    const client = server.grpc();
    const unary = client.call(getSession, { key });
    await running.opened;
    const stream = client.stream();
    const moved = new Promise<unknown>((resolve) =>
      stream.on("error", (error) => resolve(refusal(error as never))),
    );
    stream.resume();
    await streaming.opened;
    const webStreaming = gate();
    const webMoved = (async () => {
      for await (const _ of server.connect().streamEvents({ key })) webStreaming.open();
    })().catch((error: unknown) => error);
    await webStreaming.opened;
    const health: number[] = [];
    const watch = client.client.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      (value: Buffer) => value,
      (bytes) => fromBinary(HealthCheckResponseSchema, bytes),
      Buffer.alloc(0),
    );
    const serving = gate();
    watch.on("data", ({ status }: { status: number }) => {
      health.push(status);
      serving.open();
    });
    const watchEnded = new Promise((resolve) => watch.on("end", resolve));
    watch.on("error", () => {});
    await serving.opened;

    const closed = server.close(10_000);
    expect(await moved).toMatchObject({
      code: status.UNAVAILABLE,
      reason: "SHUTTING_DOWN",
      details: ["ErrorInfo", "RetryInfo"],
    });
    expect(String(await webMoved)).toContain("[unavailable] This server is going down");
    // The connection that is open still answers: with a refusal that a client may retry elsewhere.
    await expect(client.call(SessionService.method.listApps, {})).rejects.toMatchObject({
      reason: "SHUTTING_DOWN",
    });
    await new Promise<void>((resolve) => {
      const refused = netConnect(server.grpcPort, "127.0.0.1");
      refused.on("error", () => resolve());
      refused.on("connect", () => refused.destroy(new Error("still accepts")));
    });
    open();
    expect(await unary).toMatchObject({ session: { uid: "finished" } });
    await closed;
    await watchEnded;
    expect(health).toEqual([ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
  });

  test("ends within its bound whatever the handlers and readers do", async () => {
    const running = gate();
    const server = await testServer({
      getSession: () => {
        running.open();
        return new Promise(() => {});
      },
    });
    const call = server
      .grpc()
      .call(getSession, { key })
      .catch((error: unknown) => error);
    await running.opened;
    const idle = netConnect(server.httpPort, "127.0.0.1");
    cleanup(() => idle.destroy());
    await new Promise((resolve) => idle.on("connect", resolve));
    const began = performance.now();
    await server.close(300);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(await call).toMatchObject({ code: status.UNAVAILABLE, reason: "SHUTTING_DOWN" });
  });

  test("waits for no idle connection", async () => {
    const server = await testServer({ getSession: async () => ({}), listApps: async () => ({}) });
    await server.grpc().call(getSession, { key });
    await server.connect().listApps({});
    const session = http2Connect(server.httpUrl);
    cleanup(() => session.destroy());
    await new Promise((resolve) => session.on("remoteSettings", resolve));
    const began = performance.now();
    await server.close(30_000);
    expect(performance.now() - began).toBeLessThan(15_000);
  });
});

describe("health", () => {
  test("follows the store, by service", async () => {
    let down = false;
    const server = await testServer(
      {},
      {},
      { ping: async () => (down ? Promise.reject(new Error("down")) : undefined) },
    );
    const check = async (service: string) => {
      const request = Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
      const bytes = await server.grpc().bytes("/grpc.health.v1.Health/Check", request);
      return fromBinary(HealthCheckResponseSchema, bytes).status;
    };
    expect(HealthCheckRequestSchema.fields[0]?.number).toBe(1);
    expect(await check("")).toBe(ServingStatus.SERVING);
    expect(await check(SessionService.typeName)).toBe(ServingStatus.SERVING);
    await expect(check("nobody")).rejects.toMatchObject({ code: status.NOT_FOUND });
    down = true;
    expect(await check("")).toBe(ServingStatus.NOT_SERVING);
  });
});

describe("TLS", () => {
  function files(): { cert: string; key: string; use(name: "first" | "second", parts?: string[]): void } {
    const folder = mkdtempSync(join(tmpdir(), "sessiond-tls-"));
    cleanup(() => rmSync(folder, { recursive: true }));
    const use = (name: string, parts = ["crt", "key"]): void => {
      for (const part of parts) copyFileSync(join(fixtures, `${name}.${part}`), join(folder, `tls.${part}`));
    };
    use("first");
    return { cert: join(folder, "tls.crt"), key: join(folder, "tls.key"), use };
  }

  /** The name in the certificate that a new connection is shown. */
  function shownBy(port: number): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = tlsConnect(
      { port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      },
    );
    socket.on("error", reject);
    return promise;
  }

  test("serves both ports, and a new pair serves new connections while old ones go on", async () => {
    const pair = files();
    const server = await testServer(
      { getSession: async () => ({ session: { uid: "u" } }) },
      { tlsCert: pair.cert, tlsKey: pair.key },
    );
    const ports = [server.grpcPort, server.httpPort];
    expect(await Promise.all(ports.map(shownBy))).toEqual(["first.test", "first.test"]);
    const session = http2Connect(server.httpUrl, { rejectUnauthorized: false });
    cleanup(() => session.destroy());
    await new Promise((resolve) => session.on("remoteSettings", resolve));

    pair.use("second");
    await server.logged((line) => line["msg"] === "TLS certificate reloaded");
    expect(await Promise.all(ports.map(shownBy))).toEqual(["second.test", "second.test"]);
    const again = session.request({ ":path": "/healthz", ":authority": "localhost" });
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    again.on("response", resolve);
    expect(await promise).toMatchObject({ ":status": 200 });
  });

  test("a pair that does not fit is logged once and the old one stays", async () => {
    const pair = files();
    const lines: string[] = [];
    const log = createLog({ logLevel: "info" }, { write: (line: string) => void lines.push(line) });
    const tls = await KeyPairFiles.open(pair.cert, pair.key, log);
    cleanup(() => tls.close());
    const before = tls.current;
    const told: unknown[] = [];
    tls.onChange((next) => told.push(next));
    pair.use("second", ["crt"]);
    await tls.reload();
    await tls.reload();
    expect(tls.current).toBe(before);
    expect(lines.filter((line) => line.includes('"error"'))).toHaveLength(1);
    pair.use("second");
    await tls.reload();
    expect(told).toHaveLength(1);
    writeFileSync(pair.cert, "not PEM");
    await tls.reload();
    expect(told).toHaveLength(1);
    expect(lines.filter((line) => line.includes('"error"'))).toHaveLength(2);
  });

  test("headers over the limit are refused over HTTP/1.1 and HTTP/2, others are not", async () => {
    const pair = files();
    const server = await testServer({}, { tlsCert: pair.cert, tlsKey: pair.key, maxHeaderBytes: 8 * 1024 });
    const http1 = (size: number) => {
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
      const headers = { host: "localhost", big: "x".repeat(size) };
      httpsRequest(`${server.httpUrl}/healthz`, { headers, rejectUnauthorized: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
      return promise;
    };
    expect(await http1(6_000)).toBe(200);
    expect(await http1(10_000)).toBe(431);
    const session = http2Connect(server.httpUrl, { rejectUnauthorized: false });
    cleanup(() => session.destroy());
    const http2 = (size: number) => {
      const request = session.request({
        ":path": "/healthz",
        ":authority": "localhost",
        big: "x".repeat(size),
      });
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      request.on("response", (headers) => resolve(headers[":status"]));
      request.on("error", reject);
      return promise;
    };
    expect(await http2(6_000)).toBe(200);
    const refused = await http2(10_000).catch((error: unknown) => error);
    expect(refused).not.toBe(200);
  });

  test("a pair that cannot be used stops the start", async () => {
    const pair = files();
    pair.use("second", ["key"]);
    const start = testServer({}, { tlsCert: pair.cert, tlsKey: pair.key });
    await expect(start).rejects.toThrow(StartError);
    await expect(testServer({}, { tlsCert: "/nowhere", tlsKey: pair.key })).rejects.toThrow(
      /--tls-cert \/nowhere/,
    );
  });
});

test("a port that is taken stops the start with its name, and the other is given back", async () => {
  const first = await testServer();
  const start = testServer({}, { httpPort: first.httpPort });
  await expect(start).rejects.toThrow(
    `cannot listen on 127.0.0.1:${first.httpPort}: another process has it (--http-port)`,
  );
});

test("over the limit of connections new ones are closed", async () => {
  const server = await testServer({ getSession: async () => ({}) }, { maxConnections: 1 });
  const first = new RawClient(server.grpcTarget);
  cleanup(() => first.client.close());
  await first.call(getSession, { key });
  const second = netConnect(server.grpcPort, "127.0.0.1");
  second.on("error", () => {});
  await new Promise((resolve) => second.on("close", resolve));
});
