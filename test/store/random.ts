/** A small seeded generator for properties: a failure tells its seed and repeats. */

/** Pseudo-random choices that a seed fixes. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 32 random bits (mulberry32). */
  bits(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer from 0 to below `limit`. */
  below(limit: number): number {
    return this.bits() % limit;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Any finite double, by its bits: subnormals, both zeros and the extremes among them. */
  double(): number {
    const view = new DataView(new ArrayBuffer(8));
    for (;;) {
      view.setUint32(0, this.bits());
      view.setUint32(4, this.bits());
      const value = view.getFloat64(0);
      if (Number.isFinite(value)) return value;
    }
  }

  /** A text of well-formed characters from all planes, U+0000 among them unless told not. */
  text(maxLength: number, options: { nul?: boolean } = {}): string {
    const length = this.below(maxLength + 1);
    let text = "";
    for (let at = 0; at < length; at++) text += this.character(options.nul ?? true);
    return text;
  }

  /** A JSON text, as a writer might spell it. */
  json(depth = 3): string {
    const kind = this.below(depth > 0 ? 8 : 6);
    switch (kind) {
      case 0:
        return this.pick(["null", "true", "false"]);
      case 1:
        return this.pick(["0", "-0", "-0.0", "1.0", "1e0", "1E+400", "9223372036854775808", "0.1", "1e-400"]);
      case 2:
        return String(this.double());
      case 3:
        return this.pick(['"\\u0000"', '"\\ud800"', '"\\udc00 \\ud83d\\ude00"', '"\\/"', '"\\u00e9"']);
      case 4:
      case 5:
        return JSON.stringify(this.text(12));
      case 6:
        return `[${Array.from({ length: this.below(4) }, () => this.json(depth - 1)).join(this.pick([",", " , "]))}]`;
      default:
        return `{${Array.from(
          { length: this.below(4) },
          () => `${JSON.stringify(this.text(5))}${this.pick([":", " : "])}${this.json(depth - 1)}`,
        ).join(",")}}`;
    }
  }

  private character(nul: boolean): string {
    switch (this.below(8)) {
      case 0:
        return nul ? "\0" : "x";
      case 1:
        return this.pick(["\u00e9", "e\u0301", "\u00df", "\u0130", "\u200b", "\ufeff", "\uffff"]);
      case 2:
        return String.fromCodePoint(0x10000 + this.below(0x100000));
      case 3:
        return this.pick([" ", "'", '"', "\\", "%", "_", "\n", "\t", "\u007f"]);
      default:
        return String.fromCharCode(0x20 + this.below(0x5f));
    }
  }
}
