/**
 * Counters and histograms for the hot path. prom-client's own sort and join their labels at every
 * step, some microseconds each; these find theirs in a map and are put into its form when somebody reads.
 */
import type { Registry } from "prom-client";
import { register, type Sample } from "./read-metric.ts";

/** What separates label values in a key: no label has it. */
const separator = "\n";

/** A counter, by the values of its labels. */
export class Tally {
  readonly #labels: readonly string[];
  readonly #counts = new Map<string, number>();

  constructor(registry: Registry, name: string, help: string, labels: readonly string[] = []) {
    this.#labels = labels;
    register(registry, { kind: "counter", name, help, read: () => this.#read() });
    if (labels.length === 0) this.#counts.set("", 0);
  }

  /** Adds to the counter of these label values, given in the order of the labels. */
  add(by: number, first = "", second?: string, third?: string): void {
    let key = first;
    if (second !== undefined) key += separator + second;
    if (third !== undefined) key += separator + third;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  #read(): Sample[] {
    return [...this.#counts].map(([key, value]) => {
      const values = key.split(separator);
      return {
        labels: Object.fromEntries(this.#labels.map((label, at) => [label, values[at] ?? ""])),
        value,
      };
    });
  }
}

/** A histogram, by the value of its one label or without one. */
export class Distribution {
  readonly #label: string | undefined;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  /** `bounds` are the upper ends of the buckets, ascending; a last bucket has no end. */
  constructor(registry: Registry, name: string, help: string, bounds: readonly number[], label?: string) {
    this.#label = label;
    this.#bounds = bounds;
    register(registry, { kind: "histogram", name, help, read: () => this.#read() });
    if (label === undefined) this.#seriesOf("");
  }

  /** Counts a value under a value of the label. */
  observe(value: number, label = ""): void {
    const series = this.#seriesOf(label);
    const { length } = this.#bounds;
    let bucket = 0;
    while (bucket < length && value > (this.#bounds[bucket] as number)) bucket++;
    series.buckets[bucket] = (series.buckets[bucket] as number) + 1;
    series.sum += value;
  }

  #seriesOf(label: string): Series {
    let series = this.#series.get(label);
    if (series === undefined) {
      series = { buckets: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#series.set(label, series);
    }
    return series;
  }

  #read(): Sample[] {
    return [...this.#series].flatMap(([value, { buckets, sum }]) =>
      histogramSamples(this.#label === undefined ? {} : { [this.#label]: value }, this.#bounds, buckets, sum),
    );
  }
}

interface Series {
  /** Of each bucket alone, one more than there are bounds. */
  readonly buckets: number[];
  sum: number;
}

/** The lines of a histogram. `buckets` are those of each bucket alone, one more than there are bounds. */
export function histogramSamples(
  labels: Sample["labels"],
  bounds: readonly number[],
  buckets: readonly number[],
  sum: number,
): Sample[] {
  let below = 0;
  const lines = [...bounds, "+Inf"].map((le, at): Sample => {
    below += buckets[at] ?? 0;
    return { suffix: "_bucket", labels: { ...labels, le: String(le) }, value: below };
  });
  return [...lines, { suffix: "_sum", labels, value: sum }, { suffix: "_count", labels, value: below }];
}
