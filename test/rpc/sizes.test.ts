import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { SessionSchema } from "../../gen/ts/sessiond/v1/session_pb.ts";
import { StateFrameSchema } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import { splitState } from "../../src/reads/state-frames.ts";
import { toMapField, toSession } from "../../src/rpc/convert/session.ts";
import { sessionBytes } from "../../src/rpc/convert/session-bytes.ts";
import type { SessionRecord } from "../../src/store/store.ts";

const long = "é".repeat(191);
const largest = Number.MAX_SAFE_INTEGER;
const map = new Map(Array.from({ length: 64 }, (_, n) => [`é${n}`, "x".repeat(n)]));

const session: SessionRecord = {
  key: { appName: long, userId: long, sessionId: long },
  uid: long,
  revision: largest,
  headSeq: largest,
  firstSeq: largest,
  eventCount: largest,
  eventBytes: largest,
  ownerId: long,
  displayName: "é".repeat(512),
  labels: map,
  createMicros: largest,
  updateMicros: largest,
  lastEventTime: Math.PI,
  state: new Map([...map, ["large", "x".repeat(1_000_000)]]),
};

describe("sessionBytes", () => {
  it("is no less than what a session takes in an answer, and not much more", () => {
    const bytes = toBinary(SessionSchema, create(SessionSchema, toSession(session))).length;
    expect(sessionBytes(session)).toBeGreaterThanOrEqual(bytes);
    expect(sessionBytes(session)).toBeLessThan(bytes + 2_000);
  });
});

describe("splitState", () => {
  const state = new Map(Array.from({ length: 50 }, (_, n) => [`k${n}`, "x".repeat((n * 37) % 300)]));

  it("gives every entry once, in parts that fit", () => {
    for (const maxBytes of [100, 350, 1_000, 100_000]) {
      const parts = splitState(state, maxBytes / 2, maxBytes);
      expect(parts.flatMap((part) => [...part])).toEqual([...state]);
      for (const [at, part] of parts.entries()) {
        const frame = create(StateFrameSchema, { state: toMapField(part) });
        const limit = at === 0 ? maxBytes / 2 : maxBytes;
        if (part.size > 1) expect(toBinary(StateFrameSchema, frame).length).toBeLessThanOrEqual(limit);
        if (at > 0) expect(part.size).toBeGreaterThan(0);
      }
    }
  });

  it("has a first part even if nothing fits into it", () => {
    expect(splitState(new Map(), -5, 100)).toEqual([new Map()]);
    expect(splitState(new Map([["a", "1"]]), -5, 100)).toEqual([new Map(), new Map([["a", "1"]])]);
    expect(splitState(new Map([["a", "x".repeat(500)]]), 100, 100).map((part) => part.size)).toEqual([0, 1]);
  });
});
