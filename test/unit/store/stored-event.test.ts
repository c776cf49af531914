import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { EventSchema } from "../../../gen/ts/sessiond/v1/event_pb.ts";
import { EventPacker, unpack } from "../../../src/store/sqlite/packed-events.ts";
import { type EventRow, toScopeEvent, toStoredEvent } from "../../../src/store/stored-event.ts";
import { WireWriter } from "../../../src/store/wire-writer.ts";

const empty: EventRow = {
  app_name: "app",
  user_id: "user",
  session_id: "session",
  seq: 1,
  revision: 2,
  id: "e1",
  timestamp: 1.5,
  create_time: 1_700_000_000_123_456,
  append_end_seq: 3,
  bytes: 10,
  partial: null,
  turn_complete: null,
  interrupted: null,
  invocation_id: null,
  author: null,
  branch: null,
  error_code: null,
  error_message: null,
  long_running_tool_ids_json: null,
  actions: null,
  content: null,
  grounding_metadata: null,
  custom_metadata: null,
  extra: null,
  state_delta: null,
  removed_state_keys: null,
  writer_language: "",
  writer_adk_version: "",
};

/** Texts whose lengths lie around those where a length takes one more byte. */
const lengths = [0, 1, 41, 42, 43, 64, 126, 127, 128, 5_461, 16_383, 16_384, 100_000];
const texts = ["x", "é", "語", "𝄞", "\0"].flatMap((character) =>
  lengths.map((length) => character.repeat(length)),
);

type Expected = MessageInitShape<typeof EventSchema>;

/** Both ways of one event: as it is encoded here, and as the codec makes it. */
function expectEvent(row: Partial<EventRow>, more: Expected): void {
  const given = { ...empty, ...row };
  const seconds = Math.floor(given.create_time / 1e6);
  const expected = create(EventSchema, {
    id: given.id,
    timestamp: 1.5,
    seq: BigInt(given.seq),
    revision: BigInt(given.revision),
    createTime: create(TimestampSchema, {
      seconds: BigInt(seconds),
      nanos: (given.create_time - seconds * 1e6) * 1e3,
    }),
    ...more,
  });
  const stored = toStoredEvent(given);
  expect(fromBinary(EventSchema, stored.message)).toEqual(expected);
  expect(Buffer.compare(stored.message, toBinary(EventSchema, expected))).toBe(0);
  expect([stored.seq, stored.revision, stored.appendEndSeq]).toEqual([
    given.seq,
    given.revision,
    given.append_end_seq,
  ]);
}

describe("a stored event", () => {
  test("is what the codec would make, absent apart from empty", () => {
    expectEvent({}, {});
    expectEvent(
      {
        invocation_id: "",
        author: "a",
        branch: "",
        error_code: "",
        error_message: "m",
        partial: 0,
        turn_complete: 1,
        interrupted: 0,
        long_running_tool_ids_json: "[]",
        writer_language: "python",
      },
      {
        invocationId: "",
        author: "a",
        branch: "",
        errorCode: "",
        errorMessage: "m",
        partial: false,
        turnComplete: true,
        interrupted: false,
        longRunningToolIds: { ids: [] },
        writer: { language: "python" },
      },
    );
  });

  test("has every text byte for byte, whatever its length", () => {
    for (const text of texts.filter((text) => text !== "")) {
      expectEvent(
        { actions: text, content: text, grounding_metadata: text, custom_metadata: text, extra: text },
        {
          actions: Buffer.from(text),
          content: text,
          groundingMetadata: text,
          customMetadata: text,
          extra: text,
        },
      );
    }
  });

  test("has every entry of its lists and of its delta", () => {
    for (const text of texts) {
      const many = [text, "", "b"];
      expectEvent(
        {
          long_running_tool_ids_json: JSON.stringify(many),
          removed_state_keys: JSON.stringify(many),
          state_delta: JSON.stringify({ [text]: text, ["__proto__"]: "1" }),
        },
        {
          longRunningToolIds: { ids: many },
          removedStateKeys: many,
          stateDelta: Object.fromEntries([
            [text, text],
            ["__proto__", "1"],
          ]),
        },
      );
    }
  });

  test("may have megabytes", () => {
    for (const length of [2_097_140, 2_097_152, 5_000_000]) {
      const text = "x".repeat(length);
      const tools = { ids: [text, "b"] };
      expectEvent({ long_running_tool_ids_json: JSON.stringify(tools.ids) }, { longRunningToolIds: tools });
    }
  });

  test("has exact numbers and times", () => {
    const most = Number.MAX_SAFE_INTEGER;
    for (const whole of [1, 127, 128, 2 ** 31, 2 ** 32 + 1, 2 ** 52, most]) {
      expectEvent({ seq: whole, revision: whole, create_time: whole }, {});
    }
    for (const micros of [0, -1, -1_500_000, -62_135_596_800_000_000])
      expectEvent({ create_time: micros }, {});
    for (const time of [0, 1e-300, -5e15, Number.MAX_VALUE, 0.1]) {
      expectEvent({ timestamp: time }, { timestamp: time });
    }
    expectEvent({ timestamp: null }, { timestamp: -0 });
  });

  test("names its session where it is one of several", () => {
    const event = toScopeEvent({ ...empty, app_name: "ä".repeat(191) });
    const key = { appName: "ä".repeat(191), userId: "user", sessionId: "session" };
    expect(event.key).toEqual(key);
    expect(fromBinary(EventSchema, event.message).key).toMatchObject(key);
  });

  test("is packed with others and comes out again", () => {
    const packer = new EventPacker();
    const rows = [0, 5, 300_000].map((length, at) => ({
      ...empty,
      seq: at + 1,
      content: "é".repeat(length),
    }));
    for (const row of rows) packer.add(row);
    expect(packer.count).toBe(3);
    const packed = packer.finish();
    expect(packed.bytes.buffer.byteLength).toBe(packed.bytes.length);
    expect(
      unpack(packed).map(({ message, ...place }) => ({ ...place, message: Buffer.from(message) })),
    ).toEqual(
      rows.map(toStoredEvent).map(({ message, ...place }) => ({ ...place, message: Buffer.from(message) })),
    );
    expect(unpack(new EventPacker().finish())).toEqual([]);
  });
});

test("a writer gives up memory that one large text made it take", () => {
  const writer = new WireWriter();
  const large = "x".repeat(5_000_000);
  writer.text(1, large);
  const first = writer.take();
  writer.text(1, "small");
  const second = writer.take();
  expect(first.length).toBe(large.length + 5);
  expect(Buffer.from(second)).toEqual(Buffer.from("\x0a\x05small"));
  expect(second.buffer.byteLength).toBeLessThan(100_000);
});
