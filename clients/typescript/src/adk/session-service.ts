/** The session service that ADK's runners use. */
import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import {
  type AppendEventRequest,
  BaseSessionService,
  type CreateSessionRequest,
  type DeleteSessionRequest,
  type Event,
  type GetSessionRequest,
  type ListSessionsRequest,
  type ListSessionsResponse,
  type Session,
  trimTempDeltaState,
} from "@google/adk";
import type { Session as StoredSession } from "../gen/sessiond/v1/session_pb.ts";
import { SessionOrder, StreamEventsRequestSchema } from "../gen/sessiond/v1/session_service_pb.ts";
import { defaultTarget, type Options, parseTarget } from "../grpc/options.ts";
import type { TailUpdate } from "../tail.ts";
import { Connection, type TailPlace } from "./connection.ts";
import {
  eventToProto,
  keyOf,
  type Marker,
  markerOf,
  millisOf,
  secondsOf,
  sessionFromProto,
  setMarker,
  stateFromProto,
  stateToProto,
} from "./conversion.ts";
import {
  appendError,
  InvalidRequestError,
  SessiondError,
  SessionNotFoundError,
  StaleSessionError,
} from "./errors.ts";
import { readHistory } from "./history.ts";
import { isPaged, paginate } from "./listing.ts";
import { Turns } from "./turns.ts";

const pageSize = 200;
const int32Max = 2 ** 31 - 1;
/** How many states of a page of a list are read at once. */
const statesAtOnce = 8;

/** What a session may be created with beyond what ADK knows. */
export interface CreateSessionOptions {
  /** Who owns the session outside of ADK. */
  readonly ownerId?: string;
  /** A title for people. */
  readonly displayName?: string;
  /** Small marks to filter by. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Which session is followed, from where, and how. */
export interface TailRequest extends Omit<TailPlace, "afterTime"> {
  readonly appName: string;
  readonly userId: string;
  readonly sessionId: string;
  /** Only events of the history with this timestamp or later, in ms. */
  readonly afterTimestamp?: number;
}

/**
 * Keeps the sessions of ADK agents in sessiond. It connects at the first call. Any number of calls may be made at
 * once: a hundred are under way, and the others wait in line.
 */
export class SessiondSessionService extends BaseSessionService {
  readonly #connection: Connection;
  readonly #turns = new Turns<Session>();

  /**
   * @param target `host:port`, `sessiond://host:port?option=value`, or any gRPC target (`dns:///`, `unix:`)
   * @param options see `Options`; they win over those of a URI
   * @throws TypeError for an option or a URI that is wrong
   */
  constructor(target: string = defaultTarget, options: Options = {}) {
    super();
    this.#connection = new Connection(parseTarget(target, options));
  }

  /**
   * Creates a session. `user:` and `app:` keys of the state go to the shared state, `temp:` keys nowhere. The id is
   * taken as it is; the server gives one where it is left out or empty.
   * @throws SessionAlreadyExistsError where the user has a session of this id in the app
   * @throws InvalidRequestError for an id, a key or a value that is not as the contract has it
   * @throws SessiondError for any other failure
   */
  override async createSession(request: CreateSessionRequest & CreateSessionOptions): Promise<Session> {
    const { appName, userId, sessionId = "", state, ownerId = "", displayName = "", labels = {} } = request;
    const message = {
      key: keyOf(appName, userId, sessionId),
      state: stateToProto(state),
      ownerId,
      displayName,
      labels: { ...labels },
      requestId: randomUUID(),
    };
    const { session } = await this.#connection.unary(
      "CreateSession",
      (client, options) => client.createSession(message, options),
      sessionId,
    );
    return sessionFromProto(present(session));
  }

  /**
   * Reads a session with its merged state and its events, a short history in one call. Of the configuration, `afterTimestamp` keeps the
   * events of that time (in ms) or later, `numRecentEvents` the newest n of those; 0 is none.
   * @returns undefined where there is no such session
   * @throws InvalidRequestError where `numRecentEvents` is negative or no whole number
   * @throws SessiondError for any other failure
   */
  override async getSession({
    appName,
    userId,
    sessionId,
    config,
  }: GetSessionRequest): Promise<Session | undefined> {
    const request = create(StreamEventsRequestSchema, { key: keyOf(appName, userId, sessionId) });
    if (config?.afterTimestamp !== undefined) request.afterTime = secondsOf(config.afterTimestamp);
    if (config?.numRecentEvents !== undefined) request.numRecentEvents = count(config.numRecentEvents);
    const found = await readHistory(this.#connection, request);
    return found === undefined ? undefined : sessionFromProto(found.session, found.events);
  }

  /**
   * Lists an app's sessions, of one user or of all, with merged state and without events. Every call walks over all of
   * them, since ADK wants their number; where only a page is asked for, the walk carries no state, and those of the
   * page are read one by one.
   * @returns with `order`, by last update time and id; else in the order of creation
   * @throws SessiondError where a call failed
   */
  override async listSessions(request: ListSessionsRequest): Promise<ListSessionsResponse> {
    paginate(request, 0); // wrong numbers need no walk
    const paged = isPaged(request);
    const all = await this.#walk(request, !paged);
    const { order } = request;
    if (order !== undefined) all.sort(byLastUpdate(order));
    const { start, end, ...counts } = paginate(request, all.length);
    const chosen = all.slice(start, end);
    const sessions = paged
      ? await this.#withState(chosen)
      : chosen.map((message) => sessionFromProto(message));
    return { sessions, ...counts };
  }

  /**
   * Deletes a session, its events and its own state. One that is not there is no error.
   * @throws SessiondError where the call failed
   */
  override async deleteSession({ appName, userId, sessionId }: DeleteSessionRequest): Promise<void> {
    const message = { key: keyOf(appName, userId, sessionId), requestId: randomUUID() };
    await this.#connection.unary("DeleteSession", (client, options) =>
      client.deleteSession(message, options),
    );
  }

  /**
   * Reads the state that all of a user's sessions share, by keys without `user:`; empty if there is none.
   * @throws SessiondError where the call failed
   */
  async getUserState({
    appName,
    userId,
  }: {
    appName: string;
    userId: string;
  }): Promise<Record<string, unknown>> {
    const message = { key: keyOf(appName, userId) };
    const { state } = await this.#connection.unary("GetUserState", (client, options) =>
      client.getUserState(message, options),
    );
    return stateFromProto(state);
  }

  /**
   * Stores an event with its state delta, and brings the session object up to it. A partial event is given back
   * untouched. Appends to the same session object take their turns. When the call fails, neither the session nor the
   * event has changed, and the same event can safely be appended again.
   * @returns the same event, without its `temp:` state
   * @throws StaleSessionError where the session was changed since the object was loaded
   * @throws SessionNotFoundError where the session is not there
   * @throws EventIdConflictError where the session has another event of this id
   * @throws InvalidRequestError where the event is not as the contract has it
   * @throws SessiondError for any other failure
   */
  override async appendEvent({ session, event }: AppendEventRequest): Promise<Event> {
    if (event.partial) return event;
    return this.#turns.run(session, () => this.#append(session, event));
  }

  /**
   * Follows a session as `tail` does, over this service's connection for tails; `eventFromProto` makes ADK's events
   * of those in the updates. Closing the service ends the tail.
   * @throws SessionNotFoundError where there is no such session
   * @throws SessiondError for any other failure that no reconnect would change
   */
  async *tail(request: TailRequest): AsyncGenerator<TailUpdate, void, undefined> {
    const { appName, userId, sessionId, afterTimestamp, ...place } = request;
    const afterTime = afterTimestamp === undefined ? {} : { afterTime: secondsOf(afterTimestamp) };
    yield* this.#connection.tail(keyOf(appName, userId, sessionId), { ...place, ...afterTime });
  }

  /** Closes the connections; calls that run end in an error. A later call connects anew. */
  async close(): Promise<void> {
    this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #append(session: Session, event: Event): Promise<Event> {
    const stored = eventToProto(event);
    const known = markerOf(session);
    const message = {
      key: keyOf(session.appName, session.userId, session.id),
      event: stored,
      ...(await this.#expected(session, known)),
    };
    const answer = await this.#connection.unary(
      "AppendEvent",
      (client, options) => client.appendEvent(message, options),
      session.id,
    );
    const { id, timestamp, revision } = present(answer.event);

    if (!event.id) event.id = id;
    event.timestamp ??= millisOf(timestamp);
    if (known !== undefined && known.uid === answer.sessionUid && revision <= known.revision) {
      // The object was loaded when this event was stored already, and stands for it and for what came after.
      return trimTempDeltaState(event);
    }
    session.lastUpdateTime = millisOf(timestamp);
    setMarker(session, { uid: answer.sessionUid, revision });
    return await super.appendEvent({ session, event });
  }

  /** What the stored session has to be for an append. */
  async #expected(
    session: Session,
    known: Marker | undefined,
  ): Promise<{ sessionUid?: string; expectedRevision?: bigint }> {
    if (this.#connection.settings.onStale === "reject") {
      const { uid, revision } = known ?? (await this.#markerOfAMatch(session));
      return { sessionUid: uid, expectedRevision: revision };
    }
    // Still not to be appended to: another session that now has the same key.
    return known === undefined ? {} : { sessionUid: known.uid };
  }

  /** The marker for an object that has none: that of the stored session, if that ends in the same event. */
  async #markerOfAMatch(session: Session): Promise<Marker> {
    const key = keyOf(session.appName, session.userId, session.id);
    const found = await readHistory(
      this.#connection,
      create(StreamEventsRequestSchema, { key, numRecentEvents: 1 }),
    );
    if (found === undefined) throw appendError(SessionNotFoundError, "SESSION_NOT_FOUND", session.id);
    if (found.events.at(-1)?.id !== session.events.at(-1)?.id) {
      throw appendError(StaleSessionError, "STALE_SESSION", session.id);
    }
    return { uid: found.session.uid, revision: found.session.revision };
  }

  /** All sessions that match, in the order of creation: the one that no append changes. */
  async #walk({ appName, userId }: ListSessionsRequest, includeState: boolean): Promise<StoredSession[]> {
    // On the wire an empty user means all users; here it is a user that cannot be.
    if (userId === "") return [];
    const key = keyOf(appName, userId ?? "");
    const order = SessionOrder.CREATE_TIME_ASC;
    const found = new Map<string, StoredSession>();
    let pageToken = "";
    do {
      const message = { key, pageSize, order, includeState, pageToken };
      const page = await this.#connection.unary("ListSessions", (client, options) =>
        client.listSessions(message, options),
      );
      for (const session of page.sessions) {
        // One that is deleted and made again during the walk comes twice; the later one is there now.
        const name = JSON.stringify([session.key?.userId, session.key?.sessionId]);
        found.delete(name);
        found.set(name, session);
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return [...found.values()];
  }

  /** Reads sessions again with their state; one that is gone by now is left out. */
  async #withState(light: readonly StoredSession[]): Promise<Session[]> {
    const found: (Session | undefined)[] = Array.from({ length: light.length });
    const rest = light.entries();
    const reader = async () => {
      for (const [index, { key }] of rest) {
        if (key === undefined) continue;
        const { appName, userId, sessionId } = key;
        found[index] = await this.getSession({ appName, userId, sessionId, config: { numRecentEvents: 0 } });
      }
    };
    await Promise.all(Array.from({ length: statesAtOnce }, reader));
    return found.filter((session) => session !== undefined);
  }
}

function byLastUpdate(order: "asc" | "desc"): (one: StoredSession, other: StoredSession) => number {
  const sign = order === "asc" ? 1 : -1;
  return (one, other) =>
    sign * (one.lastEventTime - other.lastEventTime) || compare(one.key?.sessionId, other.key?.sessionId);
}

/** By code units: the same on every machine, unlike a locale's order. */
function compare(one = "", other = ""): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** As the wire has it. */
function count(numRecentEvents: number): number {
  if (!(numRecentEvents >= 0) || (numRecentEvents !== Infinity && !Number.isInteger(numRecentEvents))) {
    throw new InvalidRequestError(`numRecentEvents is ${numRecentEvents}; it is a whole number from 0`);
  }
  return Math.min(numRecentEvents, int32Max);
}

/** A message that the protocol says is there. */
function present<T>(message: T | undefined): T {
  if (message === undefined) throw new SessiondError("The server's answer lacks a part.");
  return message;
}
