/** A tail that resumes from its last cursor whenever its connection ends, and keeps what it received. */
import { ConnectError } from "@connectrpc/connect";
import type { Event } from "../../gen/ts/sessiond/v1/event_pb.ts";
import { ClosingReason, type StreamEventsResponse } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type Api, type Key, toFailure } from "../api/harness.ts";
import { eventText } from "../model/texts.ts";
import type { Random } from "../store/random.ts";
import { type Connection, changeText, type Frame, type SeenEvent, type TailLog } from "./log.ts";

/** How a tail behaves. */
export interface TailOptions {
  readonly key: Key;
  /** A client for the next connection: of any server, over any door. */
  readonly api: () => Api;
  readonly random: Random;
  /** Whether it leaves now and then by itself. */
  readonly restless: boolean;
  /** How it stops reading its first connection, a few frames after it was caught up. */
  readonly stall?: Stall | undefined;
  /** The request id of its calls; the servers' own where left out. */
  readonly requestId?: string;
}

/** A reader that stops, with its connection open. */
export interface Stall {
  /** Until when it takes nothing. */
  readonly over: Promise<void>;
  /** Whether it then reads on what it left lying, or leaves and resumes from its cursor. */
  readonly afterwards: "reads on" | "leaves";
}

/** Why a tail came to its end. */
export type TailEnd = "stopped" | "deleted" | "recreated";

/** A tail that runs. */
export interface Tail {
  readonly log: TailLog & { readonly uid: string | undefined };
  /** Resolves once the events up to this seq and the changes up to this revision came. */
  reached(seq: number, revision: number): Promise<void>;
  /** Resolves once it had all that there was. */
  caughtUp(): Promise<void>;
  /** Ends it; also resolves when it ended by itself. */
  stop(): Promise<TailEnd>;
}

interface MutableConnection {
  readonly cursor: string;
  readonly frames: Frame[];
}

/** Starts a tail at a random place. */
export function startTail(options: TailOptions): Tail {
  const connections: MutableConnection[] = [];
  const stop = new AbortController();
  const waiting = new Set<() => void>();
  const state = { uid: undefined as string | undefined, seq: 0, revision: 0, caughtUp: false };
  const ended = run(options, connections, state, stop.signal, () => {
    for (const check of waiting) check();
  });
  ended.catch(() => {
    for (const check of waiting) check();
  });
  /** Resolves when it is so, or the tail has ended. */
  const until = async (isSo: () => boolean): Promise<void> => {
    const arrived = new Promise<void>((resolve) => {
      const check = () => {
        if (!isSo()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
    await Promise.race([arrived, ended]);
  };
  return {
    log: {
      connections,
      get uid() {
        return state.uid;
      },
    },
    reached: (seq, revision) => until(() => state.seq >= seq && state.revision >= revision),
    caughtUp: () => until(() => state.caughtUp),
    async stop() {
      stop.abort();
      return ended;
    },
  };
}

async function run(
  { key, api, random, restless, stall, requestId }: TailOptions,
  connections: Connection[],
  state: { uid: string | undefined; seq: number; revision: number; caughtUp: boolean },
  stop: AbortSignal,
  arrived: () => void,
): Promise<TailEnd> {
  let cursor = "";
  const start = startOf(random);
  let framesToStall = stall === undefined ? Number.POSITIVE_INFINITY : 1 + random.below(4);
  while (!stop.aborted) {
    const frames: Frame[] = [];
    connections.push({ cursor, frames });
    const connection = new AbortController();
    const leaveAfter = restless && random.below(3) === 0 ? 1 + random.below(12) : Number.POSITIVE_INFINITY;
    try {
      const request = { key, follow: true, ...(cursor === "" ? start : { cursor }) };
      const signal = AbortSignal.any([stop, connection.signal]);
      const headers = requestId === undefined ? {} : { "x-request-id": requestId };
      for await (const message of api().streamEvents(request, { signal, headers })) {
        const frame = toFrame(message);
        if (frame === undefined) continue;
        frames.push(frame);
        cursor = frame.cursor;
        state.seq = Math.max(state.seq, frame.seq);
        if (frame.kind === "opened") {
          state.uid ??= frame.uid;
          state.revision = Math.max(state.revision, cursor === "" ? frame.revision : 0);
          if (connections.length === 1) state.revision = frame.revision;
        } else if (frame.kind === "events") {
          state.revision = Math.max(state.revision, ...frame.events.map(({ revision }) => revision));
        } else if (frame.kind === "changed") state.revision = Math.max(state.revision, frame.revision);
        state.caughtUp ||= frame.kind === "caughtUp";
        arrived();
        if (frame.kind === "closing") {
          if (frame.reason === ClosingReason.SESSION_DELETED) return "deleted";
          if (frame.reason === ClosingReason.SESSION_RECREATED) return "recreated";
        }
        if (frames.length >= leaveAfter) connection.abort();
        if (stall !== undefined && frames.some(({ kind }) => kind === "caughtUp") && --framesToStall === 0) {
          await stall.over;
          if (stall.afterwards === "leaves") connection.abort();
        }
      }
    } catch (error) {
      if (stop.aborted) break;
      const { code, reason } = toFailure(ConnectError.from(error));
      if (reason === "SESSION_NOT_FOUND") return "deleted";
      if (reason === "SESSION_RECREATED") return "recreated";
      if (code === "INVALID_ARGUMENT" || code === "OUT_OF_RANGE") throw error;
    } finally {
      connection.abort();
    }
    // Nothing came: the server is away, and a loop would only take its processor.
    if (frames.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return "stopped";
}

function startOf(random: Random) {
  const place = random.below(4);
  if (place === 0) return { numRecentEvents: random.below(6) };
  return place === 1 ? { afterSeq: 0n } : {};
}

function toFrame({ frame, cursor, seq: covered }: StreamEventsResponse): Frame | undefined {
  const place = { cursor, seq: Number(covered) };
  switch (frame.case) {
    case "opened": {
      const { uid = "", headSeq = 0n, revision = 0n } = frame.value.session ?? {};
      return { ...place, kind: "opened", uid, headSeq: Number(headSeq), revision: Number(revision) };
    }
    case "events":
      return {
        ...place,
        kind: "events",
        events: frame.value.events.map(seenEvent),
        continues: frame.value.continues,
      };
    case "changed": {
      const { revision, afterSeq } = frame.value;
      const text = changeText(frame.value);
      return { ...place, kind: "changed", revision: Number(revision), afterSeq: Number(afterSeq), text };
    }
    case "caughtUp":
      return { ...place, kind: "caughtUp" };
    case "heartbeat":
      return { ...place, kind: "heartbeat" };
    case "closing":
      return { ...place, kind: "closing", reason: frame.value.reason };
    default:
      return undefined;
  }
}

/** An event as a log has it. */
export function seenEvent(event: Event): SeenEvent {
  return { seq: Number(event.seq), revision: Number(event.revision), id: event.id, text: eventText(event) };
}
