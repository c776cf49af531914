/** Cuts a history into frames that are bounded in size and do not split an append without saying so. */
import { eventFieldBytes } from "../rpc/convert/event-fields.ts";
import type { StoredEvent } from "../store/stored-event.ts";

/** Events in the order of seq. */
export interface EventsFrame {
  readonly events: readonly StoredEvent[];
  /** The newest seq that the frames up to this one cover. */
  readonly seq: number;
  /** Where a resume goes on: after the newest append that was sent whole. */
  readonly resumeSeq: number;
  /** The frame ends within an append. */
  readonly continues: boolean;
}

/** Bounds of a frame; an append goes over `maxEvents`, and one event over `maxBytes`. */
export interface FrameBounds {
  readonly maxBytes: number;
  readonly maxEvents: number;
}

/** Takes events one by one and gives frames as they become full. */
export class FrameAssembler {
  private readonly bounds: FrameBounds;
  private events: StoredEvent[] = [];
  private bytes = 0;
  /** How many of `events` belong to appends that are whole, counted from the first. */
  private whole = 0;
  private resumeSeq: number;

  /** `startSeq` is where the history begins: everything up to it was sent or not asked for. */
  constructor(bounds: FrameBounds, startSeq: number) {
    this.bounds = bounds;
    this.resumeSeq = startSeq;
  }

  /** The frames that are complete now that this event follows. */
  add(event: StoredEvent): EventsFrame[] {
    const last = this.events.at(-1);
    // With a filter an append's last event may be missing; the next append's first one shows it.
    if (last !== undefined && event.seq > last.appendEndSeq) this.whole = this.events.length;
    const frames: EventsFrame[] = [];
    const bytes = eventFieldBytes(event);
    if (this.whole >= this.bounds.maxEvents || (this.whole > 0 && this.overflows(bytes))) {
      frames.push(this.cut(this.whole, false));
    }
    if (this.events.length > 0 && this.overflows(bytes)) frames.push(this.cut(this.events.length, true));
    this.events.push(event);
    this.bytes += bytes;
    if (event.seq === event.appendEndSeq) this.whole = this.events.length;
    return frames;
  }

  /** What is left where every append is whole: before a change, and at the end of a history. */
  finish(): EventsFrame[] {
    return this.events.length === 0 ? [] : [this.cut(this.events.length, false)];
  }

  /** What is left where a read ended anywhere: the last append may go on in the next one. */
  flush(): EventsFrame[] {
    const frames = this.whole === 0 ? [] : [this.cut(this.whole, false)];
    if (this.events.length > 0) frames.push(this.cut(this.events.length, true));
    return frames;
  }

  private overflows(bytes: number): boolean {
    return this.bytes + bytes > this.bounds.maxBytes;
  }

  private cut(count: number, continues: boolean): EventsFrame {
    const events = this.events.slice(0, count);
    this.events = this.events.slice(count);
    this.bytes = this.events.reduce((sum, event) => sum + eventFieldBytes(event), 0);
    this.whole = 0;
    const last = events[count - 1] as StoredEvent;
    if (!continues) this.resumeSeq = last.appendEndSeq;
    return { events, seq: continues ? last.seq : last.appendEndSeq, resumeSeq: this.resumeSeq, continues };
  }
}
