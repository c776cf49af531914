/** What this process appended to a session and no tail has taken yet. */
import { eventFieldBytes } from "../rpc/convert/event-fields.ts";
import type { StoredEvent } from "../store/stored-event.ts";
import type { TailPlace } from "./step.ts";

/** The newest events of one session, one revision after the other: nothing lies between them. */
export class AppendedRun {
  readonly #maxBytes: number;
  #uid = "";
  #events: StoredEvent[] = [];
  #bytes = 0;

  /** Of more than `maxBytes` none are kept: nobody takes them, or not soon enough. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds the events of one append. What does not follow on what is here takes its place. */
  add(uid: string, events: readonly StoredEvent[]): void {
    const [first, last] = [events[0], this.#events.at(-1)];
    if (first === undefined) return;
    if (last === undefined || uid !== this.#uid || !follows(first, last)) this.clear();
    this.#uid = uid;
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += eventFieldBytes(event);
    }
    if (this.#bytes > this.#maxBytes) this.clear();
  }

  /** All events after a place, which are then forgotten; undefined if it is not known what comes next there. */
  take(place: TailPlace): readonly StoredEvent[] | undefined {
    const [first] = this.#events;
    if (first === undefined || place.uid !== this.#uid) return undefined;
    const from = place.seq + 1 - first.seq;
    const next = this.#events[from];
    if (next === undefined || !follows(next, place)) return undefined;
    const events = this.#events.slice(from);
    this.clear();
    return events;
  }

  /** Forgets all of it. */
  clear(): void {
    this.#events = [];
    this.#bytes = 0;
  }
}

/** Whether an event is the very next change: every revision is an event or a change without one. */
function follows(event: StoredEvent, { seq, revision }: Pick<StoredEvent, "seq" | "revision">): boolean {
  return event.seq === seq + 1 && event.revision === revision + 1;
}
