/** Which events were rewound and which ranges compacted, as far as events are loaded. */
import type { Event } from "../../../clients/typescript/src/gen/sessiond/v1/event_pb.ts";
import { viewOf } from "./parts.ts";
import type { SeqRanges } from "./seq-ranges.ts";

/** A part of the conversation that an event stands for from then on. */
export interface Compaction {
  /** The event that has the summary. */
  readonly seq: number;
  /** Timestamps of the events that it stands for, in seconds since 1970, both inclusive. */
  readonly start: number;
  readonly end: number;
}

const decoder = new TextDecoder();

/** Index of rewinds and compactions. */
export class Rewinds {
  /** The first loaded seq of each invocation. */
  readonly #begins = new Map<string, number>();
  /** Rewinding events: seq to the invocation before which they go back. */
  readonly #rewinds = new Map<number, string>();
  readonly #compactions = new Map<number, Compaction>();
  readonly #known: SeqRanges;

  /** `known`: the seqs that were added, which is up to the caller. */
  constructor(known: SeqRanges) {
    this.#known = known;
  }

  add(event: Event): void {
    const seq = Number(event.seq);
    const invocation = event.invocationId ?? "";
    const begin = this.#begins.get(invocation);
    if (begin === undefined || seq < begin) this.#begins.set(invocation, seq);
    if (event.actions.length === 0) return;
    const text = decoder.decode(event.actions);
    if (!text.includes("rewindBeforeInvocationId") && !text.includes("compaction")) return;
    const { rewindBefore, compaction } = viewOf(event).actions;
    if (rewindBefore !== undefined) this.#rewinds.set(seq, rewindBefore);
    if (compaction !== undefined) {
      this.#compactions.set(seq, { seq, start: compaction.start, end: compaction.end });
    }
  }

  /** Whether a later event took this one back. */
  isRewound(seq: number): boolean {
    for (const [at, invocation] of this.#rewinds) {
      if (seq >= at) continue;
      const begin = this.#begins.get(invocation);
      // An invocation of which nothing was met on the way from there begins before all of it.
      if (begin === undefined ? this.#known.covers(seq, at) : begin <= seq) return true;
    }
    return false;
  }

  /** The compaction that stands for an event, if there is one. */
  compactionOf(event: Event): Compaction | undefined {
    const time = event.timestamp;
    if (time === undefined) return undefined;
    for (const compaction of this.#compactions.values()) {
      if (compaction.seq > Number(event.seq) && compaction.start <= time && time <= compaction.end) {
        return compaction;
      }
    }
    return undefined;
  }
}
