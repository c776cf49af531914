/** The load of the tails benchmark. One process of it holds the tails, another appends. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { Setup } from "../lib/worker.ts";
import { LoadClient } from "../load/client.ts";
import { event } from "../load/event.ts";
import type { Round } from "../load/measure.ts";
import { serveOrders, type Work } from "../load/serve.ts";

/** Below the server's default limit of streams of one connection. */
const TAILS_PER_CHANNEL = 200;
/**
 * What may be on the way to a channel, as grpc-java has it. By HTTP/2's own 64 KiB all tails of a channel together
 * have some fifty frames on the way and then wait for this process's word: on a busy machine that measures little else.
 */
const CHANNEL_WINDOW_BYTES = 1024 * 1024;
/** A round of tails is over when nothing has come for so long after its seconds, in milliseconds. */
const QUIET_MS = 10_000;
/** How many streams are opened at a time. */
const OPENING_AT_ONCE = 100;
/** How often this process looks how late it is, in milliseconds. */
const DELAY_RESOLUTION_MS = 5;

/** Fields of the frames of StreamEvents; the rest is skipped, so that reading costs this process little. */
const frameFields = { events: 5, caughtUp: 6 } as const;
const EVENTS_EVENT = 1;
const EVENT_TIMESTAMP = 5;

/** The machine's monotonic clock in seconds: the same one in all its processes. */
function monotonicSeconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

function keyOf(parameters: Setup["parameters"], session: number) {
  return { appName: String(parameters["app"]), userId: `user-${session}`, sessionId: "s" };
}

/** Appends to all sessions in turn at a fixed rate, whether the ones before are answered or not. */
async function writer({ address, parameters }: Setup): Promise<Work> {
  const client = new LoadClient(address);
  const [sessions, rate] = [Number(parameters["sessions"]), Number(parameters["rate"])];
  for (let at = 0; at < sessions; at++) {
    const { appName, userId, sessionId } = keyOf(parameters, at);
    await client.createSession(appName, userId, sessionId);
  }
  let next = 0;
  return async (round: Round) => {
    const began = performance.now();
    const sent: Promise<void>[] = [];
    while (round.running()) {
      const due = Math.floor(((performance.now() - began) / 1_000) * rate);
      while (sent.length < due) {
        const key = keyOf(parameters, next++ % sessions);
        sent.push(round.timed(client.append({ key, event: event(monotonicSeconds()) })));
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(sent);
  };
}

/** Tails that wait for what comes, spread evenly over the sessions. A round's latencies are those from append to arrival. */
async function tails({ address, parameters }: Setup): Promise<Work> {
  const count = Number(parameters["tails"]);
  const sessions = Number(parameters["sessions"]);
  const channels = Math.ceil(count / TAILS_PER_CHANNEL);
  const clients = Array.from({ length: channels }, () => new LoadClient(address, CHANNEL_WINDOW_BYTES));
  let latencies: number[] = [];
  let lastArrival = 0;
  let ended = 0;
  let firstEnd = "";

  const openTail = (at: number) =>
    new Promise<void>((resolve, reject) => {
      const client = clients[at % clients.length] as LoadClient;
      const stream = client.stream({
        key: keyOf(parameters, at % sessions),
        numRecentEvents: 0,
        follow: true,
      });
      const end = (why: string) => {
        ended++;
        firstEnd ||= why;
        reject(new Error(`a tail ended: ${why}`));
      };
      stream.on("data", (bytes: Buffer) => {
        if (readFrame(bytes, latencies)) resolve();
        else lastArrival = performance.now();
      });
      stream.once("error", (error) => end(error.message));
      stream.once("end", () => end("by the server"));
    });

  for (let opened = 0; opened < count; opened += OPENING_AT_ONCE) {
    const some = Math.min(OPENING_AT_ONCE, count - opened);
    await Promise.all(Array.from({ length: some }, (_, at) => openTail(opened + at)));
  }
  return async (round: Round) => {
    const delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
    delays.enable();
    const began = performance.now();
    const timeIsUp = () => !round.running() && performance.now() - Math.max(lastArrival, began) > QUIET_MS;
    while (!timeIsUp()) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      // The quiet end would hide what there was.
      if (!round.running()) delays.disable();
    }
    for (const latency of latencies) round.latencies.push(latency);
    latencies = [];
    round.facts["tailsEnded"] = ended;
    round.facts["loopDelayMs"] = Math.max(0, delays.percentile(99) / 1e6 - DELAY_RESOLUTION_MS);
    if (firstEnd !== "") throw new Error(`${ended} tails ended, the first: ${firstEnd}`);
  };
}

/** Adds the milliseconds since each event of a frame was sent. Whether the frame is `caught_up`. */
function readFrame(bytes: Buffer, latencies: number[]): boolean {
  const now = monotonicSeconds();
  const reader = new BinaryReader(bytes);
  let caughtUp = false;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === frameFields.events) readEvents(new BinaryReader(reader.bytes()), now, latencies);
    else {
      caughtUp ||= field === frameFields.caughtUp;
      reader.skip(type, field);
    }
  }
  return caughtUp;
}

function readEvents(reader: BinaryReader, now: number, latencies: number[]): void {
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field !== EVENTS_EVENT) reader.skip(type, field);
    else latencies.push((now - timestampOf(new BinaryReader(reader.bytes()))) * 1_000);
  }
}

function timestampOf(reader: BinaryReader): number {
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === EVENT_TIMESTAMP) return reader.double();
    reader.skip(type, field);
  }
  throw new Error("an event without a timestamp");
}

const roles: Readonly<Record<string, (setup: Setup) => Promise<Work>>> = { writer, tails };

await serveOrders(async (setup) => {
  const open = roles[setup.setup];
  if (open === undefined) throw new Error(`the load of tails has no part ${setup.setup}`);
  return { facts: {}, work: await open(setup) };
});
