import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { EventSchema } from "../../gen/ts/sessiond/v1/event_pb.ts";
import {
  EventsFrameSchema,
  ListEventsResponseSchema,
  StreamEventsResponseSchema,
} from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { type EventsFrame, FrameAssembler, type FrameBounds } from "../../src/reads/frames.ts";
import { encodeFrame, encodePage, eventFieldBytes } from "../../src/rpc/convert/event-fields.ts";
import type { StoredEvent } from "../../src/store/stored-event.ts";

const EVENT_BYTES = eventFieldBytes(stored(1, 1));

function stored(seq: number, appendEndSeq: number, bytes = 40): StoredEvent {
  return { seq, revision: seq + 1, appendEndSeq, message: new Uint8Array(bytes) };
}

/** The events of appends of these sizes, from seq `first` on. */
function appends(sizes: readonly number[], first = 1): StoredEvent[] {
  const events: StoredEvent[] = [];
  for (const size of sizes) {
    const end = first + events.length + size - 1;
    for (let n = 0; n < size; n++) events.push(stored(first + events.length, end));
  }
  return events;
}

function cut(events: readonly StoredEvent[], bounds: FrameBounds, startSeq = 0): EventsFrame[] {
  const frames = new FrameAssembler(bounds, startSeq);
  return [...events.flatMap((event) => frames.add(event)), ...frames.finish()];
}

/** What a frame says: its seqs, where a resume goes on, whether it continues. */
function shown(frames: readonly EventsFrame[]): string[] {
  return frames.map(
    ({ events, seq, resumeSeq, continues }) =>
      `${events.map((event) => event.seq).join(",")} seq ${seq} resume ${resumeSeq}${continues ? " continues" : ""}`,
  );
}

const eventsPerFrame = (count: number): FrameBounds => ({ maxBytes: count * EVENT_BYTES, maxEvents: 64 });

describe("frames", () => {
  it("hold what fits, whole appends only", () => {
    expect(shown(cut(appends([1, 1, 1, 1]), eventsPerFrame(3)))).toEqual([
      "1,2,3 seq 3 resume 3",
      "4 seq 4 resume 4",
    ]);
    expect(shown(cut(appends([2, 2, 2]), eventsPerFrame(3)))).toEqual([
      "1,2 seq 2 resume 2",
      "3,4 seq 4 resume 4",
      "5,6 seq 6 resume 6",
    ]);
  });

  it("split an append that is larger than a frame, and say so", () => {
    expect(shown(cut(appends([1, 5, 1, 1]), eventsPerFrame(2)))).toEqual([
      "1 seq 1 resume 1",
      "2,3 seq 3 resume 1 continues",
      "4,5 seq 5 resume 1 continues",
      "6,7 seq 7 resume 7",
      "8 seq 8 resume 8",
    ]);
  });

  it("end exactly with an append that fills them", () => {
    expect(shown(cut(appends([2, 4, 2]), eventsPerFrame(2)))).toEqual([
      "1,2 seq 2 resume 2",
      "3,4 seq 4 resume 2 continues",
      "5,6 seq 6 resume 6",
      "7,8 seq 8 resume 8",
    ]);
  });

  it("have one event that alone is larger than a frame", () => {
    const events = [stored(1, 1), stored(2, 2, 10_000), stored(3, 3)];
    expect(shown(cut(events, eventsPerFrame(2)))).toEqual([
      "1 seq 1 resume 1",
      "2 seq 2 resume 2",
      "3 seq 3 resume 3",
    ]);
  });

  it("end after so many events, but not within an append", () => {
    const bounds = { maxBytes: 1_000_000, maxEvents: 3 };
    expect(shown(cut(appends([1, 1, 1, 1]), bounds))).toEqual(["1,2,3 seq 3 resume 3", "4 seq 4 resume 4"]);
    expect(shown(cut(appends([2, 5, 1]), bounds))).toEqual([
      "1,2,3,4,5,6,7 seq 7 resume 7",
      "8 seq 8 resume 8",
    ]);
  });

  it("resume at the start of the history while its first append goes on", () => {
    // A client that asked for the events after 2, in the middle of an append of 1 to 6.
    const events = [3, 4, 5, 6].map((seq) => stored(seq, 6));
    expect(shown(cut(events, eventsPerFrame(3), 2))).toEqual([
      "3,4,5 seq 5 resume 2 continues",
      "6 seq 6 resume 6",
    ]);
  });

  it("know an append's end where a filter leaves its last event out", () => {
    // Appends 1 to 3 and 4 to 6, of which 3 and 6 are filtered out.
    const events = [stored(1, 3), stored(2, 3), stored(4, 6), stored(5, 6)];
    expect(shown(cut(events, eventsPerFrame(3)))).toEqual(["1,2 seq 3 resume 3", "4,5 seq 6 resume 6"]);
  });

  it("give every event once and never resume beyond what was sent, however they are cut", () => {
    for (let size = 1; size <= 7; size++) {
      const events = appends([1, 3, 2, 7, 1, 1, 12, 2]);
      const frames = cut(events, eventsPerFrame(size));
      expect(frames.flatMap((frame) => frame.events)).toEqual(events);
      for (const [at, frame] of frames.entries()) {
        const after = frames.slice(0, at + 1).flatMap((sent) => sent.events);
        const end = events.find((event) => event.seq === frame.resumeSeq)?.appendEndSeq ?? 0;
        expect(frame.resumeSeq).toBe(end);
        expect(frame.continues).toBe(frame.resumeSeq !== after.at(-1)?.seq);
        expect(frame.events.length).toBeLessThanOrEqual(size);
      }
      expect(frames.at(-1)?.resumeSeq).toBe(events.length);
    }
  });
});

describe("events in messages", () => {
  const messages = [0, 1, 127, 128, 16_383, 16_384, 300_000].map((bytes, at) => {
    const event = create(EventSchema, { id: `e${at}`, content: "é".repeat(bytes / 2), seq: BigInt(at + 1) });
    return { seq: at + 1, revision: at + 2, appendEndSeq: at + 1, message: toBinary(EventSchema, event) };
  });
  const events = messages.map(({ message }) => fromBinary(EventSchema, message));

  it("weigh what they are said to", () => {
    for (const event of messages) {
      const frame = create(EventsFrameSchema, { events: [fromBinary(EventSchema, event.message)] });
      expect(toBinary(EventsFrameSchema, frame)).toHaveLength(eventFieldBytes(event));
    }
  });

  it.each([true, false])("are a frame as the codec makes it, continued: %s", (continues) => {
    const place = { cursor: "c", seq: 7n, serverTime: { seconds: 1n, nanos: 2 } };
    const { bytes } = encodeFrame(messages, continues, place);
    expect(fromBinary(StreamEventsResponseSchema, bytes)).toEqual(
      create(StreamEventsResponseSchema, {
        ...place,
        frame: { case: "events", value: { events, continues } },
      }),
    );
  });

  it("are a page as the codec makes it", () => {
    const rest = { nextPageToken: "t", sessionUid: "u", firstSeq: 1n, headSeq: 9n };
    expect(fromBinary(ListEventsResponseSchema, encodePage(messages, rest).bytes)).toEqual(
      create(ListEventsResponseSchema, { ...rest, events }),
    );
    expect(encodePage([], {}).bytes).toHaveLength(0);
  });
});
