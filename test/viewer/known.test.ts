/** What the page may say of events that it has not loaded. */
import { describe, expect, test } from "vitest";
import { callState } from "../../viewer/src/model/call-state.ts";
import { CallIndex, type ToolCall } from "../../viewer/src/model/calls.ts";
import { dataFileName } from "../../viewer/src/model/file-name.ts";
import { Rewinds } from "../../viewer/src/model/rewinds.ts";
import { rowWindow } from "../../viewer/src/model/row-window.ts";
import { SeqRanges } from "../../viewer/src/model/seq-ranges.ts";
import { Random } from "../store/random.ts";
import { event } from "./support.ts";

describe("ranges of seqs", () => {
  test("know what was added, in whichever order", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = new Random(seed);
      const ranges = new SeqRanges();
      const added = new Set<number>();
      for (let step = 0; step < 60; step++) {
        const seq = 1 + random.below(40);
        ranges.add(seq);
        added.add(seq);
        const from = 1 + random.below(40);
        const through = from + random.below(6);
        const all = Array.from({ length: through - from + 1 }, (_, at) => from + at);
        expect(ranges.covers(from, through), `seed ${seed}, ${from} to ${through}`).toBe(
          all.every((one) => added.has(one)),
        );
      }
    }
    expect(new SeqRanges().covers(5, 4)).toBe(true);
  });
});

describe("a call", () => {
  const parts = [{ functionCall: { id: "a", name: "a", args: {} } }];

  test("is open only where everything up to the head is known", () => {
    const index = new CallIndex();
    index.add(event(3, { parts }));
    const call = index.get("a") as ToolCall;
    const known = new SeqRanges();
    for (const seq of [3, 4]) known.add(seq);
    expect(callState(call, known, 4)).toBe("open");
    expect(callState(call, known, 5)).toBe("unknown");
    call.longRunning = true;
    expect(callState(call, known, 4)).toBe("long-running");
    index.add(event(9, { parts: [{ functionResponse: { id: "a", name: "a", response: { error: "x" } } }] }));
    expect(callState(call, known, 20)).toBe("failed");
  });
});

describe("a rewind to before what is loaded", () => {
  test("takes back all that is known without a gap, and no more", () => {
    const known = new SeqRanges();
    const rewinds = new Rewinds(known);
    const add = (seq: number, actions?: object) => {
      known.add(seq);
      rewinds.add(event(seq, { invocationId: `i${seq}`, ...(actions === undefined ? {} : { actions }) }));
    };
    for (const seq of [4, 7, 8, 9]) add(seq);
    add(10, { rewindBeforeInvocationId: "i5" });
    add(11);
    expect([4, 7, 9, 10, 11].map((seq) => rewinds.isRewound(seq))).toEqual([false, true, true, false, false]);
    for (const seq of [6, 5]) add(seq);
    expect([4, 5, 9].map((seq) => rewinds.isRewound(seq))).toEqual([false, true, true]);
  });
});

test.each([
  ["all of a short session", [1, 50, undefined, 100], [1, 50]],
  ["all of it, whatever is looked for", [1, 50, 3, 100], [1, 50]],
  ["the newest of a long one", [1, 1_000, undefined, 100], [901, 1_000]],
  ["the newest, where that is among them", [1, 1_000, 901, 100], [901, 1_000]],
  ["what is around an older one", [1, 1_000, 500, 100], [450, 549]],
  ["the beginning", [1, 1_000, 3, 100], [1, 100]],
  ["the beginning that is stored", [201, 1_000, 201, 100], [201, 300]],
  ["nothing of an empty one", [1, 0, undefined, 100], [1, 0]],
] as const)("rows are %s", (_, [firstSeq, headSeq, anchor, max], [first, last]) =>
  expect(rowWindow(firstSeq, headSeq, anchor, max)).toEqual({ first, last }),
);

test.each([
  ["a/b.pdf", "a_b.pdf"],
  ["page.html", "page.html.bin"],
  ["../../x.png.exe", ".._.._x.png.exe.bin"],
  ["image/svg+xml", "image_svg_xml.bin"],
  ["plot.PNG", "plot.PNG"],
  ["", "session.bin"],
])("data called %j downloads as %j", (name, file) => expect(dataFileName(name)).toBe(file));
