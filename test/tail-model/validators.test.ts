/** The validators catch what they are for: a log without a fault passes, each kind of fault is told. */
import { describe, expect, test } from "vitest";
import { ClosingReason } from "../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Frame, SeenEvent, TailLog, Truth } from "./log.ts";
import { validators } from "./validators.ts";

/** Appends of 1, 2, 3, [4 5 6], 7 and a change after 3: revisions 2, 3, 4, 6, 7, 8, 9 and 5. */
function event(seq: number): SeenEvent {
  return { seq, revision: seq <= 3 ? seq + 1 : seq + 2, id: `e${seq}`, text: `event ${seq}` };
}

const truth: Truth = {
  uid: "u",
  headSeq: 7,
  revision: 9,
  events: new Map([1, 2, 3, 4, 5, 6, 7].map((seq) => [seq, event(seq)])),
  appendEnds: new Set([1, 2, 3, 6, 7]),
  changes: new Map([[5, { afterSeq: 3, text: "x" }]]),
};

const opened = (seq: number, headSeq = 3, revision = 4): Frame => ({
  kind: "opened",
  uid: "u",
  cursor: `c${seq}`,
  seq,
  headSeq,
  revision,
});
const events = (seqs: readonly number[], continues = false, cursorSeq = seqs.at(-1) ?? 0): Frame => ({
  kind: "events",
  events: seqs.map(event),
  continues,
  cursor: `c${cursorSeq}`,
  seq: seqs.at(-1) ?? 0,
});
const change: Frame = { kind: "changed", revision: 5, afterSeq: 3, text: "x", cursor: "c3+", seq: 3 };
const caughtUp = (seq: number): Frame => ({ kind: "caughtUp", cursor: `c${seq}`, seq });
const closing: Frame = { kind: "closing", reason: ClosingReason.MAX_AGE, cursor: "c7", seq: 7 };

const good: TailLog = {
  connections: [
    {
      cursor: "",
      frames: [opened(0), events([1, 2]), events([3]), caughtUp(3), change, events([4, 5], true, 3)],
    },
    { cursor: "c3+", frames: [opened(3, 6, 8), events([4, 5, 6]), caughtUp(6), events([7]), closing] },
  ],
};

/** The log with one frame of one connection replaced by others. */
function changed(connection: number, frame: number, ...by: Frame[]): TailLog {
  return {
    connections: good.connections.map((one, at) =>
      at === connection ? { ...one, frames: one.frames.toSpliced(frame, 1, ...by) } : one,
    ),
  };
}

test.each(Object.entries(validators))("%s finds nothing in a log without a fault", (_, validate) => {
  expect(validate(good, truth)).toEqual([]);
});

describe.each([
  ["a dropped event", changed(0, 1, events([1])), ["reliable", "resumable"]],
  ["a dropped frame", changed(1, 3), ["bookmarkable", "reliable"]],
  ["a dropped change", changed(0, 4), ["reliable"]],
  ["a doubled event", changed(0, 2, events([2, 3])), ["ordered", "unique", "resumable"]],
  ["a frame that comes again after a resume", changed(1, 1, events([3, 4, 5, 6])), ["unique", "resumable"]],
  ["a doubled change", changed(0, 4, change, change), ["ordered", "unique"]],
  ["two events in the wrong order", changed(0, 1, events([2, 1])), ["ordered", "resumable"]],
  ["a change in the wrong place", changed(0, 1, change, events([1, 2])), ["ordered"]],
  ["an append that is split without a word", changed(0, 5, events([4, 5])), ["atomic"]],
  ["a resume in the middle of an append", changed(1, 0, opened(4, 6, 8)), ["atomic", "resumable"]],
  ["a resume after the place of its cursor", changed(1, 0, opened(6, 6, 8)), ["resumable"]],
  [
    "an event with other content",
    changed(0, 2, { ...events([3]), events: [{ ...event(3), text: "?" }] } as Frame),
    ["resumable"],
  ],
  ["a bookmark ahead of what was told", changed(0, 3, caughtUp(5)), ["bookmarkable"]],
  ["a head that was not reached", changed(0, 0, opened(0, 4)), ["bookmarkable"]],
  ["a frame without a cursor", changed(1, 4, { ...closing, cursor: "" }), ["bookmarkable"]],
] as const)("%s", (_, log, guarantees) => {
  test.each(guarantees)("is told by: %s", (guarantee) => {
    expect(validators[guarantee](log, truth)).not.toEqual([]);
  });
});
