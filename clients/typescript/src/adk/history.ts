/** Reads of histories: a session with the events that are asked for. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Event } from "@google/adk";
import type { Session } from "../gen/sessiond/v1/session_pb.ts";
import type { StreamEventsRequest } from "../gen/sessiond/v1/session_service_pb.ts";
import { addState } from "../state.ts";
import { type Connection, pauseBeforeRetry, type Read } from "./connection.ts";
import { eventFromProto } from "./conversion.ts";
import { fromCallError, SessiondError, SessionNotFoundError } from "./errors.ts";

/** How often a read that breaks off is begun again. */
const readTries = 4;

/** A session as it was when its history was read. */
export interface History {
  readonly session: Session;
  readonly events: Event[];
}

/**
 * Reads a session and the events that were asked for; undefined where there is no such session. A read that breaks off
 * is begun again, as a part of a history is never given for the whole.
 * @throws SessiondError of the last try
 */
export function readHistory(
  connection: Connection,
  request: StreamEventsRequest,
): Promise<History | undefined> {
  return connection.history(async (read) => {
    for (let tries = 0; ; tries++) {
      try {
        return await readOnce(read(request));
      } catch (error) {
        const failure = fromCallError(error);
        if (failure instanceof SessionNotFoundError) return undefined;
        // The session was deleted and made again while it was read: read the new one.
        const again = failure.reason === "SESSION_RECREATED";
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
