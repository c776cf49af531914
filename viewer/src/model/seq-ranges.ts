/** Which seqs are known, as ranges: a history is loaded in few pieces, however many events it has. */
export class SeqRanges {
  /** In order; no two touch. */
  readonly #ranges: { from: number; through: number }[] = [];

  add(seq: number): void {
    const ranges = this.#ranges;
    const at = ranges.findIndex(({ through }) => through >= seq - 1);
    const range = ranges[at];
    if (range === undefined) {
      ranges.push({ from: seq, through: seq });
      return;
    }
    if (seq < range.from - 1) {
      ranges.splice(at, 0, { from: seq, through: seq });
      return;
    }
    range.from = Math.min(range.from, seq);
    range.through = Math.max(range.through, seq);
    const next = ranges[at + 1];
    if (next === undefined || next.from > range.through + 1) return;
    range.through = next.through;
    ranges.splice(at + 1, 1);
  }

  /** Whether all of a range is known, both ends included; true of an empty one. */
  covers(from: number, through: number): boolean {
    if (from > through) return true;
    return this.#ranges.some((range) => range.from <= from && through <= range.through);
  }
}
