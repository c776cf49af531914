/**
 * Events on their way out of a worker: two buffers that are moved, since a copy of each
 * event's object cost more than to read it.
 */
import { type EventRow, type StoredEvent, writeEvent } from "../stored-event.ts";
import { WireWriter } from "../wire-writer.ts";

/** Events, one message after the other. */
export interface PackedEvents {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For each event its seq, its revision, its `appendEndSeq`, and where its message ends in `bytes`. */
  readonly places: Float64Array<ArrayBuffer>;
}

const PLACES = 4;

const writer = new WireWriter();

/** Packs events; one at a time in a thread. */
export class EventPacker {
  private readonly places: number[] = [];

  constructor() {
    writer.reset();
  }

  /** How many there are. */
  get count(): number {
    return this.places.length / PLACES;
  }

  /** The event of a row. */
  add(row: EventRow): void {
    writeEvent(writer, row);
    this.places.push(row.seq, row.revision, row.append_end_seq, writer.length);
  }

  /** All of them, in memory of their own. */
  finish(): PackedEvents {
    return { bytes: writer.takeOwn(), places: Float64Array.from(this.places) };
  }
}

/** The events, whose messages are parts of the one buffer. */
export function unpack({ bytes, places }: PackedEvents): StoredEvent[] {
  const events: StoredEvent[] = [];
  let from = 0;
  for (let at = 0; at < places.length; at += PLACES) {
    const end = places[at + 3] as number;
    events.push({
      seq: places[at] as number,
      revision: places[at + 1] as number,
      appendEndSeq: places[at + 2] as number,
      message: bytes.subarray(from, end),
    });
    from = end;
  }
  return events;
}
