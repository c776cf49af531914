/** What the page may say of events that it has not loaded. */
import { describe, expect, test } from "vitest";
import { callState } from "../../viewer/src/model/call-state.ts";
import { CallIndex, type ToolCall } from "../../viewer/src/model/calls.ts";
import { dataFileName } from "../../viewer/src/model/file-name.ts";
import { Rewinds } from "../../viewer/src/model/rewinds.ts";
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
  ["a/b.pdf", "a_b.pdf"],
  ["page.html", "page.html.bin"],
  ["../../x.png.exe", ".._.._x.png.exe.bin"],
  ["image/svg+xml", "image_svg_xml.bin"],
  ["plot.PNG", "plot.PNG"],
  ["", "session.bin"],
])("data called %j downloads as %j", (name, file) => expect(dataFileName(name)).toBe(file));
