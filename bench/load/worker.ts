/** The gRPC load generator: a process that runs rounds of appends or streams. */
import { randomUUID } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { StreamEventsResponseSchema } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Setup } from "../lib/worker.ts";
import { AppendCalls } from "./append-calls.ts";
import { LoadClient } from "./client.ts";
import { event } from "./event.ts";
import type { Round } from "./measure.ts";
import { serveOrders, type Work } from "./serve.ts";

/** Most calls of one HTTP/2 connection stay below the server's limit of them. */
const WRITERS_PER_CHANNEL = 64;

const app = `load-${randomUUID().slice(0, 12)}`;

/** Writers on sessions of their own, with a call for each append unless they share calls. */
async function appends(setup: Setup): Promise<Work> {
  const writers = Number(setup.parameters["writers"]);
  const clients = Array.from(
    { length: Math.ceil(writers / WRITERS_PER_CHANNEL) },
    () => new LoadClient(setup.address),
  );
  const keys = Array.from({ length: writers }, (_, writer) => ({
    appName: app,
    userId: `user-${writer}`,
    sessionId: "s",
  }));
  for (const { appName, userId, sessionId } of keys) {
    await (clients[0] as LoadClient).createSession(appName, userId, sessionId);
  }
  const appenders =
    setup.parameters["share"] === true ? clients.map((each) => new AppendCalls(each)) : clients;
  return async (round: Round) => {
    await Promise.all(
      keys.map(async (key, writer) => {
        const client = appenders[writer % appenders.length] as (typeof appenders)[number];
        while (round.running()) await round.timed(client.append({ key, event: event() }));
      }),
    );
  };
}

/** A session with so many events. */
async function sessionWith(client: LoadClient, events: number): Promise<{ key: object }> {
  const key = { appName: app, userId: "reader", sessionId: `s${events}` };
  await client.createSession(key.appName, key.userId, key.sessionId);
  for (let done = 0; done < events; done += 1_000) {
    const count = Math.min(1_000, events - done);
    await client.appendBatch({ key, events: Array.from({ length: count }, () => event()) });
  }
  return { key };
}

/** The whole history once in a round, by several readers at a time. */
async function streams(setup: Setup): Promise<Work> {
  const client = new LoadClient(setup.address);
  const events = Number(setup.parameters["events"]);
  const readers = Number(setup.parameters["readers"]);
  const request = await sessionWith(client, events);
  return async (round) => {
    let bytes = 0;
    const read = async () => {
      let last = 0n;
      for await (const frame of client.stream(request)) {
        bytes += (frame as Buffer).byteLength;
        last = fromBinary(StreamEventsResponseSchema, frame as Buffer).seq;
      }
      if (last !== BigInt(events)) throw new Error(`a stream of ${events} events ended at ${last}`);
    };
    await Promise.all(Array.from({ length: readers }, () => round.timed(read())));
    round.facts["streamedMiB"] = bytes / 2 ** 20;
  };
}

/** The time to the first frame, over and over; the stream is dropped then. */
async function firstFrame(setup: Setup): Promise<Work> {
  const client = new LoadClient(setup.address);
  const request = await sessionWith(client, Number(setup.parameters["events"]));
  return async (round) => {
    while (round.running()) {
      const stream = client.stream(request);
      stream.on("error", () => {});
      await round.timed(new Promise((resolve, reject) => stream.once("data", resolve).once("error", reject)));
      stream.cancel();
    }
  };
}

const cases: Readonly<Record<string, (setup: Setup) => Promise<Work>>> = {
  append: appends,
  stream: streams,
  "first-frame": firstFrame,
};

await serveOrders(async (setup) => {
  const open = cases[setup.setup];
  if (open === undefined) throw new Error(`the load generator has no case ${setup.setup}`);
  return { facts: {}, work: await open(setup) };
});
