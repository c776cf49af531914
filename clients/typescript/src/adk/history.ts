/** Reads of histories: a session with the events that are asked for. */
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import type { Event } from "@google/adk";
import type { Session } from "../gen/sessiond/v1/session_pb.ts";
import {
  GetSessionRequestSchema,
  type GetSessionResponse,
  HistorySelectionSchema,
  type StreamEventsRequest,
  StreamEventsRequestSchema,
} from "../gen/sessiond/v1/session_service_pb.ts";
import { addState } from "../state.ts";
import { type Connection, pauseBeforeRetry, type Read } from "./connection.ts";
import { eventFromProto } from "./conversion.ts";
import { fromCallError, SessiondError, SessionNotFoundError, TooLargeError } from "./errors.ts";

/** How often a read that breaks off is begun again. */
const readTries = 4;

/** A session as it was when its history was read. */
export interface History {
  readonly session: Session;
  readonly events: Event[];
}

/** The reasons for which a history cannot be read on from where its first events end. */
const begunAnew: ReadonlySet<string> = new Set(["SESSION_RECREATED", "EVENTS_TRIMMED"]);

/**
 * Reads a session and the events that were asked for; undefined where there is no such session. All or the first part
 * of a history comes with the session in one call, which costs half of what a stream does.
 * @throws SessiondError of the last try
 */
export async function readHistory(
  connection: Connection,
  request: StreamEventsRequest,
): Promise<History | undefined> {
  const { key, afterTime, numRecentEvents: newest } = request;
  // Where a history of a time begins is a query of its own, which only streams make.
  if (afterTime !== undefined && newest !== 0) return await readStream(connection, request);
  const message = create(GetSessionRequestSchema, { key });
  if (newest === undefined) message.history = create(HistorySelectionSchema);
  else if (newest > 0) message.history = create(HistorySelectionSchema, { numRecentEvents: newest });
  let first: GetSessionResponse;
  try {
    first = await connection.unary("GetSession", (client, options) => client.getSession(message, options));
  } catch (error) {
    if (error instanceof SessionNotFoundError) return undefined;
    // The state does not fit a message; a stream sends it in several.
    if (error instanceof TooLargeError) return await readStream(connection, request);
    throw error;
  }
  const { session, historyComplete } = first;
  if (session === undefined) throw new SessiondError("The server's answer lacks the session.");
  const events = first.events.map(eventFromProto);
  if (newest === 0 || historyComplete) return { session, events };
  const seq = first.events.at(-1)?.seq;
  // None is what a server gives whose first event is large, and one that does not know of histories here.
  if (seq === undefined) return await readStream(connection, request);
  try {
    const rest = create(StreamEventsRequestSchema, { key, sessionUid: session.uid, afterSeq: seq });
    const found = await readStream(connection, rest);
    if (found === undefined) return undefined;
    // What was appended meanwhile is there, too.
    const all = events.concat(found.events);
    return { session: found.session, events: newest === undefined ? all : all.slice(-newest) };
  } catch (error) {
    if (!begunAnew.has(fromCallError(error).reason)) throw error;
    return await readStream(connection, request);
  }
}

/**
 * The same by a stream alone. A read that breaks off is begun again, as a part of a history is never given for the
 * whole.
 */
function readStream(connection: Connection, request: StreamEventsRequest): Promise<History | undefined> {
  return connection.history(async (read) => {
    for (let tries = 0; ; tries++) {
      try {
        return await readOnce(read(request));
      } catch (error) {
        const failure = fromCallError(error);
        if (failure instanceof SessionNotFoundError) return undefined;
        // The session was deleted and made again while it was read: read the new one.
        const again = failure.reason === "SESSION_RECREATED" && request.sessionUid === "";
        const pauseMs = again ? 0 : pauseBeforeRetry(failure, tries);
        if (pauseMs === undefined || tries + 1 === readTries) throw failure;
        await sleep(pauseMs);
      }
    }
  });
}

async function readOnce(frames: ReturnType<Read>): Promise<History> {
  let session: Session | undefined;
  let complete = false;
  const events: Event[] = [];
  for await (const { frame } of frames) {
    if (frame.case === "opened") session = frame.value.session;
    else if (frame.case === "state" && session !== undefined) addState(session.state, frame.value.state);
    else if (frame.case === "events")
      for (const event of frame.value.events) events.push(eventFromProto(event));
    else if (frame.case === "caughtUp") complete = true;
  }
  if (session === undefined || !complete) {
    throw new SessiondError("The server ended a history before it was complete.");
  }
  return { session, events };
}
