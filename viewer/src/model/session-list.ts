/** The live list of an app's or a user's sessions: the newest by a watch, older ones by pages. */
import { ConnectError } from "@connectrpc/connect";
import type { Session } from "../../../clients/typescript/src/gen/sessiond/v1/session_pb.ts";
import { type WatchUpdate, watch } from "../../../clients/typescript/src/watch.ts";
import type { SessionClient } from "../api.ts";
import { keyParts, keyText } from "./keys.ts";
import { Observable } from "./observable.ts";

/** What the list is narrowed to. */
export interface ListFilter {
  readonly ownerId?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Sessions of a page of older ones. */
const PAGE_SIZE = 50;

/** Sessions in order of their last change, newest first. */
export class SessionList extends Observable {
  readonly appName: string;
  readonly userId: string;
  readonly filter: ListFilter;
  /** Sorted; a new array after every change. */
  sessions: readonly Session[] = [];
  live = false;
  loading = false;
  /** Whether there are older ones than those shown. */
  more = true;
  error: string | undefined;
  readonly #byKey = new Map<string, Session>();
  /** Uids that are gone: a page that was read before must not bring them back. */
  readonly #deleted = new Set<string>();
  readonly #client: SessionClient;
  readonly #stop = new AbortController();
  #pageToken = "";

  constructor(client: SessionClient, appName: string, userId: string, filter: ListFilter) {
    super();
    this.#client = client;
    this.appName = appName;
    this.userId = userId;
    this.filter = filter;
  }

  open(): this {
    void this.#watch();
    void this.loadMore();
    return this;
  }

  close(): void {
    this.#stop.abort();
  }

  /** Loads the next page of older sessions. */
  async loadMore(): Promise<void> {
    if (this.loading || !this.more) return;
    this.loading = true;
    this.changed();
    try {
      const { ownerId, labels } = this.filter;
      const answer = await this.#client.listSessions(
        {
          key: { appName: this.appName, userId: this.userId },
          pageSize: PAGE_SIZE,
          pageToken: this.#pageToken,
          ...(ownerId === undefined ? {} : { ownerId }),
          ...(labels === undefined ? {} : { labels }),
        },
        { signal: this.#stop.signal },
      );
      for (const session of answer.sessions) this.#put(session);
      this.#pageToken = answer.nextPageToken;
      this.more = answer.nextPageToken !== "";
      this.error = undefined;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.error = ConnectError.from(error).rawMessage;
    }
    this.loading = false;
    this.#sort();
  }

  async #watch(): Promise<void> {
    const key = { appName: this.appName, userId: this.userId };
    try {
      for await (const update of watch(this.#client, { key, maxListed: 0, signal: this.#stop.signal })) {
        this.#take(update);
      }
    } catch (error) {
      this.live = false;
      this.error = ConnectError.from(error).rawMessage;
      this.changed();
    }
  }

  #take(update: WatchUpdate): void {
    switch (update.kind) {
      case "listed":
        for (const session of update.sessions) this.#put(session);
        break;
      case "created":
      case "changed":
        this.#put(update.session);
        break;
      case "deleted":
        this.#deleted.add(update.uid);
        for (const [key, session] of this.#byKey) if (session.uid === update.uid) this.#byKey.delete(key);
        break;
      case "reset":
        // What is listed is old by now; the pages are read again from the first.
        this.#byKey.clear();
        this.#pageToken = "";
        this.more = true;
        void this.loadMore();
        break;
      case "caughtUp":
        this.live = true;
        break;
      case "waiting":
        this.live = false;
        break;
    }
    this.#sort();
  }

  #put(session: Session): void {
    const key = keyText(keyParts(session.key));
    if (this.#deleted.has(session.uid)) return;
    const old = this.#byKey.get(key);
    if (old !== undefined && old.uid === session.uid && old.revision >= session.revision) return;
    if (this.#matches(session)) this.#byKey.set(key, session);
    else this.#byKey.delete(key);
  }

  #matches(session: Session): boolean {
    const { ownerId, labels = {} } = this.filter;
    if (ownerId !== undefined && session.ownerId !== ownerId) return false;
    return Object.entries(labels).every(([name, value]) => session.labels[name] === value);
  }

  #sort(): void {
    this.sessions = [...this.#byKey.values()].sort((a, b) => {
      const order = micros(b) - micros(a);
      return order > 0n ? 1 : order < 0n ? -1 : 0;
    });
    this.changed();
  }
}

function micros({ updateTime }: Session): bigint {
  if (updateTime === undefined) return 0n;
  return updateTime.seconds * 1_000_000n + BigInt(Math.trunc(updateTime.nanos / 1000));
}
