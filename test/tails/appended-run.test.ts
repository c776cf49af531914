/** Which of the events that a process appended a tail may take without a read. */
import { expect, test } from "vitest";
import type { StoredEvent } from "../../src/store/stored-event.ts";
import { AppendedRun } from "../../src/tails/appended-run.ts";

const event = (seq: number, revision = seq + 1): StoredEvent => ({
  ...{ seq, revision, appendEndSeq: seq },
  message: new Uint8Array(100),
});
const after = (seq: number, revision = seq + 1, uid = "uid") => ({ uid, seq, resumeSeq: seq, revision });
const seqs = (events: readonly StoredEvent[] | undefined) => events?.map(({ seq }) => seq);

test("all that follows a place is taken once", () => {
  const run = new AppendedRun(1_000);
  run.add("uid", [event(3), event(4)]);
  run.add("uid", [event(5)]);
  expect(seqs(run.take(after(3)))).toEqual([4, 5]);
  expect(run.take(after(2))).toBeUndefined();
});

test("nothing is taken at a place that something else may follow", () => {
  const run = new AppendedRun(1_000);
  expect(run.take(after(2))).toBeUndefined();
  run.add("uid", [event(3)]);
  // Before it, after it, of the session that had this id before, and with a change between them.
  for (const place of [after(1), after(3), after(2, 3, "other"), after(2, 2), after(2, 4)]) {
    expect(run.take(place)).toBeUndefined();
  }
  expect(seqs(run.take(after(2)))).toEqual([3]);
});

test("what does not follow on what is there takes its place", () => {
  const run = new AppendedRun(1_000);
  run.add("uid", [event(3)]);
  // Another server appended one, and changed something.
  run.add("uid", [event(5, 7)]);
  expect(run.take(after(2))).toBeUndefined();
  expect(seqs(run.take(after(4, 6)))).toEqual([5]);
  run.add("uid", [event(3)]);
  // The same seqs after a change without an event.
  run.add("uid", [event(4, 6)]);
  expect(run.take(after(2))).toBeUndefined();
  run.add("other", [event(5, 7)]);
  expect(run.take(after(3, 5))).toBeUndefined();
  expect(seqs(run.take(after(4, 6, "other")))).toEqual([5]);
});

test("more than its bound is not kept", () => {
  const run = new AppendedRun(250);
  run.add("uid", [event(1), event(2)]);
  run.add("uid", [event(3)]);
  expect(run.take(after(0))).toBeUndefined();
  run.add("uid", [event(4)]);
  expect(seqs(run.take(after(3)))).toEqual([4]);
});
