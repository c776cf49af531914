/** Asks the database which of the watched sessions moved, for what other servers change. */

import { keyText } from "../store/append-plan.ts";
import type { SessionKey, Store } from "../store/store.ts";
import type { TailObserver } from "./observer.ts";
import type { TailOptions } from "./options.ts";
import type { WatchedSession } from "./watched-session.ts";

/** Sessions of one query. */
const MAX_SESSIONS = 1_000;
/** Of the time of one connection, polling takes at most one part in so many. */
const SHARE = 10;
/** The least of so many polls counts: one that waited for a busy process or pool says nothing of the database. */
const COSTS = 3;
/** However slow the database is, nobody waits longer for what others wrote. */
const MAX_STRETCH_MS = 2_000;
/** How much longer each quiet round waits than the one before. */
const SLOWING = 1.5;
/** After a failure: the database has other worries. */
const FAILED_MS = 1_000;

/** One for all sessions of a process. At rest while nothing is watched. */
export class HeadPoller {
  readonly #store: Pick<Store, "sessionHeads">;
  readonly #watched: ReadonlyMap<string, WatchedSession>;
  readonly #options: Pick<TailOptions, "tailPoll" | "tailPollBusy">;
  readonly #observer: TailObserver;
  #running = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #waitMs: number;
  #beganAt: number | undefined;
  /** How long the last polls took, in ms. */
  readonly #costs: number[] = [];

  constructor(
    store: Pick<Store, "sessionHeads">,
    watched: ReadonlyMap<string, WatchedSession>,
    options: Pick<TailOptions, "tailPoll" | "tailPollBusy">,
    observer: TailObserver,
  ) {
    this.#store = store;
    this.#watched = watched;
    this.#options = options;
    this.#observer = observer;
    this.#waitMs = options.tailPoll;
  }

  /** Polls from now on, for as long as something is watched. */
  start(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#waitMs = this.#options.tailPoll;
    this.#schedule(this.#waitMs);
  }

  /** Never again. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => void this.#round(), ms).unref();
  }

  async #round(): Promise<void> {
    if (this.#watched.size === 0) {
      this.#running = false;
      this.#beganAt = undefined;
      return;
    }
    const began = performance.now();
    const gapSeconds = this.#beganAt === undefined ? undefined : (began - this.#beganAt) / 1000;
    this.#beganAt = began;
    let next: number;
    try {
      const moved = await this.#ask();
      this.#observer.polled({ seconds: (performance.now() - began) / 1000, gapSeconds, moved });
      const { tailPoll, tailPollBusy } = this.#options;
      this.#waitMs = moved > 0 ? tailPollBusy : Math.min(tailPoll, this.#waitMs * SLOWING);
      next = Math.max(this.#waitMs, this.#stretch(performance.now() - began));
    } catch (cause) {
      this.#observer.pollFailed(cause);
      next = FAILED_MS;
    }
    if (!this.#stopped) this.#schedule(next);
  }

  /** How long to wait for polling's share of a connection to stay small, in ms. */
  #stretch(cost: number): number {
    this.#costs.push(cost);
    if (this.#costs.length > COSTS) this.#costs.shift();
    return Math.min((SHARE - 1) * Math.min(...this.#costs), MAX_STRETCH_MS);
  }

  /** How many of them moved. */
  async #ask(): Promise<number> {
    const sessions = [...this.#watched.values()];
    let moved = 0;
    for (let at = 0; at < sessions.length; at += MAX_SESSIONS) {
      const asked = sessions.slice(at, at + MAX_SESSIONS);
      const before = asked.map((session) => session.news);
      const heads = await this.#store.sessionHeads(asked.map(({ key }): SessionKey => key));
      const byKey = new Map(heads.map((head) => [keyText(head.key), head]));
      for (const [index, session] of asked.entries()) {
        const head = byKey.get(keyText(session.key));
        if (head !== undefined) moved += Number(session.found(head));
        // Unless it was made after the question.
        else if (session.news === before[index]) moved += Number(session.deleted());
      }
    }
    return moved;
  }
}
