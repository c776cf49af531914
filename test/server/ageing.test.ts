/** Connections that grow old: their client is told to connect anew, and no call fails by it. */
import { once } from "node:events";
import { type ClientHttp2Session, connect as http2Connect } from "node:http2";
import { fromBinary } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test, vi } from "vitest";
import { SessionService, StreamEventsResponseSchema } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { cleanup, gate, type TestServer, testServer, untilAborted } from "./support.ts";

const { createSession, getSession } = SessionService.method;
const key = { appName: "app", userId: "user", sessionId: "session" };

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

interface Peer {
  /** Which connection served the call. */
  connection(): Promise<string>;
  create(): Promise<unknown>;
  cursors(onFirst: () => void): Promise<string[]>;
}

function grpcPeer(server: TestServer): Peer {
  const client = server.grpc();
  return {
    connection: async () => (await client.call(getSession, { key })).session?.uid ?? "",
    create: () => client.call(createSession, { key }),
    async cursors(onFirst) {
      const cursors: string[] = [];
      for await (const bytes of client.stream()) {
        cursors.push(fromBinary(StreamEventsResponseSchema, bytes as Buffer).cursor);
        onFirst();
      }
      return cursors;
    },
  };
}

function http2Peer(server: TestServer): Peer {
  const client = server.connect({ httpVersion: "2" });
  return {
    connection: async () => (await client.getSession({ key })).session?.uid ?? "",
    create: () => client.createSession({ key }),
    async cursors(onFirst) {
      const cursors: string[] = [];
      for await (const { cursor } of client.streamEvents({ key })) {
        cursors.push(cursor);
        onFirst();
      }
      return cursors;
    },
  };
}

/** A bare connection; it is closed after the test. */
async function connectTo(url: string): Promise<ClientHttp2Session> {
  const session = http2Connect(url);
  session.on("error", () => {});
  cleanup(() => session.destroy());
  await once(session, "remoteSettings");
  return session;
}

const doors = [
  { door: "gRPC", peer: grpcPeer, url: (server: TestServer) => `http://${server.grpcTarget}` },
  { door: "HTTP", peer: http2Peer, url: (server: TestServer) => server.httpUrl },
];

describe.each(doors)("on the $door port", ({ peer: peerOf, url }) => {
  test("a unary call and a stream on an aged connection go on, and later calls take a new one", async () => {
    const streaming = gate();
    const { opened, open } = gate();
    const server = await testServer(
      {
        getSession: async (_, { caller }) => ({ session: { uid: caller.peer } }),
        createSession: async () => {
          await opened;
          return {};
        },
        streamEvents: async function* () {
          yield { cursor: "first" };
          await opened;
          yield { cursor: "last" };
        },
      },
      { maxConnectionAge: 300, maxConnectionAgeGrace: 60_000 },
    );
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const peer = peerOf(server);
    const cursors = peer.cursors(streaming.open);
    await streaming.opened;
    const created = peer.create();
    const before = await peer.connection();
    // It is younger than the peer's connection: when it is told, the other one has been.
    const [, lastStream] = await once(await connectTo(url(server)), "goaway");
    // A notice that refuses nothing: a call that was on its way is answered too.
    expect(lastStream).toBe(2 ** 31 - 1);
    expect(await peer.connection()).not.toBe(before);
    open();
    expect(await cursors).toEqual(["first", "last"]);
    await created;
  });

  test("connections of one moment do not age in one moment", async () => {
    const server = await testServer({}, { maxConnectionAge: 5_000 });
    const random = vi.spyOn(Math, "random");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    const told: string[] = [];
    const opened = async (name: string, drawn: number) => {
      random.mockReturnValue(drawn);
      const session = await connectTo(url(server));
      return {
        aged: once(session, "goaway").then(() => void told.push(name)),
        // What the server says comes before its answer to what it is asked afterwards.
        trip: () => new Promise((resolve) => session.ping(resolve)),
      };
    };
    const late = await opened("late", 0.99);
    const early = await opened("early", 0);
    // Nine tenths of the age at the earliest, eleven at the latest.
    await vi.advanceTimersByTimeAsync(4_400);
    await Promise.all([early.trip(), late.trip()]);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    await early.aged;
    await vi.advanceTimersByTimeAsync(800);
    await late.trip();
    expect(told).toEqual(["early"]);
    await vi.advanceTimersByTimeAsync(200);
    await late.aged;
  });

  test("a call that outlives the grace is cut", async () => {
    const server = await testServer(
      {
        streamEvents: async function* (_, { signal }) {
          yield { cursor: "first" };
          await untilAborted(signal);
        },
      },
      { maxConnectionAge: 100, maxConnectionAgeGrace: 100 },
    );
    await expect(peerOf(server).cursors(() => {})).rejects.toThrow();
    await server.logged((line) => line["method"] === "StreamEvents" && line["code"] === "canceled");
  });
});

test("without an age none is told to go", async () => {
  const server = await testServer(
    { getSession: async (_, { caller }) => ({ session: { uid: caller.peer } }) },
    { maxConnectionAge: 0 },
  );
  const peer = grpcPeer(server);
  expect(await peer.connection()).toBe(await peer.connection());
});
