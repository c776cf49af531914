/** A session's events by seq: pages of a fixed size, loaded when they come into sight, dropped when long unseen. */
import type { Event } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import type { SessionClient } from "../api.ts";
import type { SessionKeyParts } from "./keys.ts";

/** Events of a page. */
export const PAGE = 200;

/** Pages kept beyond those in sight. */
const MAX_PAGES = 100;

/** Bytes of payload kept at most, roughly, unless a single page has more. */
const MAX_BYTES = 96 * 1024 * 1024;

interface Page {
  /** By place in the page; missing ones are not loaded. */
  readonly events: (Event | undefined)[];
  bytes: number;
  loading: Promise<void> | undefined;
  lastUse: number;
}

/** Events that are loaded, and how to get others. */
export class EventPages {
  readonly #client: SessionClient;
  readonly #key: SessionKeyParts;
  readonly #uid: string;
  readonly #pages = new Map<number, Page>();
  readonly #onLoad: (events: readonly Event[]) => void;
  #bytes = 0;
  #clock = 0;

  constructor(
    client: SessionClient,
    key: SessionKeyParts,
    uid: string,
    onLoad: (events: readonly Event[]) => void,
  ) {
    this.#client = client;
    this.#key = key;
    this.#uid = uid;
    this.#onLoad = onLoad;
  }

  /** The event of a seq, if it is loaded. */
  get(seq: number): Event | undefined {
    const page = this.#pages.get(pageOf(seq));
    if (page === undefined) return undefined;
    page.lastUse = ++this.#clock;
    return page.events[placeOf(seq)];
  }

  /** Events that came by themselves. */
  add(events: readonly Event[]): void {
    for (const event of events) this.#put(event);
    this.#dropOldest();
  }

  /** Loads what is missing of a range, both ends included. @throws ConnectError */
  async load(from: number, through: number, signal?: AbortSignal): Promise<void> {
    const waits: Promise<void>[] = [];
    for (let index = pageOf(from); index <= pageOf(through); index++) {
      const page = this.#page(index);
      const first = Math.max(from, index * PAGE + 1);
      const last = Math.min(through, (index + 1) * PAGE);
      if (hasAll(page, first, last)) continue;
      page.loading ??= this.#fetch(index, page).finally(() => {
        page.loading = undefined;
      });
      waits.push(page.loading);
    }
    await Promise.all(waits);
    signal?.throwIfAborted();
  }

  /** All loaded events in order. */
  *loaded(): Generator<Event, void, undefined> {
    for (const index of [...this.#pages.keys()].sort((a, b) => a - b)) {
      for (const event of this.#pages.get(index)?.events ?? []) if (event !== undefined) yield event;
    }
  }

  async #fetch(index: number, page: Page): Promise<void> {
    // The same bounds for everybody who looks at this page: its answer can come from a cache.
    const request = {
      key: this.#key,
      sessionUid: this.#uid,
      afterSeq: BigInt(index * PAGE),
      beforeSeq: BigInt((index + 1) * PAGE + 1),
      pageSize: PAGE,
    };
    let pageToken = "";
    do {
      const answer = await this.#client.listEvents({ ...request, pageToken });
      for (const event of answer.events) this.#put(event);
      this.#onLoad(answer.events);
      pageToken = answer.nextPageToken;
    } while (pageToken !== "");
    page.lastUse = ++this.#clock;
    this.#dropOldest();
  }

  #put(event: Event): void {
    const seq = Number(event.seq);
    const page = this.#page(pageOf(seq));
    if (page.events[placeOf(seq)] !== undefined) return;
    page.events[placeOf(seq)] = event;
    const bytes = bytesOf(event);
    page.bytes += bytes;
    this.#bytes += bytes;
  }

  #page(index: number): Page {
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = { events: [], bytes: 0, loading: undefined, lastUse: 0 };
      this.#pages.set(index, page);
    }
    page.lastUse = ++this.#clock;
    return page;
  }

  /** Drops the pages that were not looked at for longest, but for the last few. */
  #dropOldest(): void {
    while (this.#pages.size > 4 && (this.#pages.size > MAX_PAGES || this.#bytes > MAX_BYTES)) {
      const idle = [...this.#pages].filter(([, page]) => page.loading === undefined);
      const oldest = idle.reduce((a, b) => (a[1].lastUse <= b[1].lastUse ? a : b));
      if (this.#clock - oldest[1].lastUse < 4) return;
      this.#pages.delete(oldest[0]);
      this.#bytes -= oldest[1].bytes;
    }
  }
}

function pageOf(seq: number): number {
  return Math.floor((seq - 1) / PAGE);
}

function placeOf(seq: number): number {
  return (seq - 1) % PAGE;
}

function hasAll(page: Page, first: number, last: number): boolean {
  for (let seq = first; seq <= last; seq++) if (page.events[placeOf(seq)] === undefined) return false;
  return true;
}

function bytesOf(event: Event): number {
  return 300 + event.content.length + event.actions.length + event.extra.length;
}
