/** A client's live list, kept as the contract says, over a connection that is open. */
import { expect } from "vitest";
import type { Session, SessionKey } from "../../../gen/ts/sessiond/v1/session_pb.ts";
import type {
  WatchSessionsRequest,
  WatchSessionsResponse,
} from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Api } from "../../api/harness.ts";

type Request = Partial<Omit<WatchSessionsRequest, "key" | "$typeName">> & {
  readonly key: { readonly appName: string; readonly userId?: string };
};

/** Sessions by key, as one frame after another leaves them. */
export class ListState {
  readonly sessions: Map<string, Session>;

  constructor(sessions: ReadonlyMap<string, Session> = new Map()) {
    this.sessions = new Map(sessions);
  }

  apply({ frame }: WatchSessionsResponse): void {
    switch (frame.case) {
      case "reset":
        this.sessions.clear();
        break;
      case "listed":
        for (const session of frame.value.sessions) this.put(session);
        break;
      case "created":
      case "changed":
        if (frame.value.session !== undefined) this.put(frame.value.session);
        break;
      case "deleted": {
        const name = nameOf(frame.value.key);
        if (this.sessions.get(name)?.uid === frame.value.uid) this.sessions.delete(name);
      }
    }
  }

  private put(session: Session): void {
    const name = nameOf(session.key);
    const known = this.sessions.get(name);
    if (known?.uid === session.uid && known.revision >= session.revision) return;
    this.sessions.set(name, session);
  }

  /** What a list shows: each session's uid at its revision. */
  shown(): Record<string, string> {
    return shown(this.sessions.values());
  }
}

/** An open WatchSessions, read as it comes. */
export class LiveList {
  readonly frames: WatchSessionsResponse[] = [];
  readonly state: ListState;
  /** How the stream ended; undefined while it is open. */
  end: { readonly error: unknown } | undefined;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;

  constructor(api: Api, request: Request, sessions?: ReadonlyMap<string, Session>) {
    this.state = new ListState(sessions);
    this.#done = this.#read(api, request);
  }

  /** The kinds of the frames so far, heartbeats left out. */
  get kinds(): string[] {
    return this.frames.flatMap(({ frame }) => (frame.case === "heartbeat" ? [] : [frame.case ?? ""]));
  }

  /** Resolves when a frame of this kind has come. */
  async until(kind: string): Promise<this> {
    await expect.poll(() => this.frames.some(({ frame }) => frame.case === kind) || this.end).toBe(true);
    return this;
  }

  /** Resolves when the list shows what ListSessions gives. */
  async converged(api: Api, key: Request["key"]): Promise<void> {
    await expect
      .poll(async () => ({ of: this.state.shown(), end: this.end }))
      .toEqual({
        of: await listed(api, key),
        end: undefined,
      });
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  /** Resolves when the server has ended the stream. */
  ended(): Promise<void> {
    return this.#done;
  }

  async #read(api: Api, request: Request): Promise<void> {
    try {
      for await (const frame of api.watchSessions(request, { signal: this.#abort.signal })) {
        this.frames.push(frame);
        this.state.apply(frame);
      }
      this.end = { error: undefined };
    } catch (error) {
      this.end = { error };
    }
  }
}

/** The sessions of a scope by ListSessions, as `shown` has them. */
export async function listed(api: Api, key: Request["key"]): Promise<Record<string, string>> {
  const all: Session[] = [];
  let pageToken = "";
  do {
    const page = await api.listSessions({ key, pageSize: 1_000, pageToken });
    all.push(...page.sessions);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return shown(all);
}

function shown(sessions: Iterable<Session>): Record<string, string> {
  return Object.fromEntries(
    [...sessions].map(({ key, uid, revision }) => [nameOf(key), `${uid} at ${revision}`]),
  );
}

function nameOf(key: SessionKey | undefined): string {
  return `${key?.userId}/${key?.sessionId}`;
}
