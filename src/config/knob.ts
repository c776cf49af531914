/** The kinds of settings: how each is written, read and shown. */

/** A setting as the table in src/config.ts declares it. */
export interface Knob<T> {
  readonly group: Group;
  /** One line for `--help` and the reference: what it is for, and what happens at the limit. */
  readonly doc: string;
  /** The form of a value, for `--help`: `BYTES`, `DURATION`. Undefined for a switch. */
  readonly form: string | undefined;
  /** What it is where nobody says otherwise. */
  readonly fallback: T;
  /** Whether it may be given several times on the command line. */
  readonly many: boolean;
  /** Whether its value may hold a password and is never shown. */
  readonly secret: boolean;
  /** @throws Error that says what form the text should have */
  parse(text: string): T;
  /** The text that `parse` reads as this value. */
  show(value: T): string;
}

/** The headings of `--help` and of the reference, in their order. */
export const groups = [
  "Store",
  "Listening",
  "Security",
  "Logging",
  "Time",
  "Connections",
  "Limits of requests",
  "Limits of answers",
  "Live streams",
  "Load",
] as const;

/** A heading. */
export type Group = (typeof groups)[number];

interface Common<T> {
  readonly group: Group;
  readonly doc: string;
  readonly fallback: T;
}

/** Any text; `check` refuses one by throwing. */
export function text(
  options: Common<string> & { form: string; secret?: boolean; check?: (value: string) => void },
): Knob<string> {
  return {
    ...options,
    many: false,
    secret: options.secret ?? false,
    parse(value) {
      options.check?.(value);
      return value;
    },
    show: (value) => value,
  };
}

/** One of a few words. */
export function choice<const W extends string>(
  options: Common<NoInfer<W>> & { words: readonly W[] },
): Knob<W> {
  return {
    ...options,
    form: options.words.join("|"),
    many: false,
    secret: false,
    parse(value) {
      const word = options.words.find((known) => known === value);
      if (word === undefined) throw new Error(`is one of ${options.words.join(", ")}`);
      return word;
    },
    show: (value) => value,
  };
}

/**
 * On or off; on the command line `--name` and `--no-name`. `doc` tells of the one that is not
 * the default.
 */
export function toggle(options: Common<boolean>): Knob<boolean> {
  return {
    ...options,
    form: undefined,
    many: false,
    secret: false,
    parse(value) {
      if (/^(true|1|yes|on)$/i.test(value)) return true;
      if (/^(false|0|no|off)$/i.test(value)) return false;
      throw new Error("is true or false");
    },
    show: String,
  };
}

/** Several texts: repeated on the command line, or separated by commas. */
export function list(
  options: Common<readonly string[]> & { form: string; check?: (value: string) => void },
): Knob<readonly string[]> {
  return {
    ...options,
    many: true,
    secret: false,
    parse(value) {
      const parts = value.split(",").map((part) => part.trim());
      for (const part of parts) {
        if (part === "") throw new Error("is a list without empty entries");
        options.check?.(part);
      }
      return parts;
    },
    show: (value) => value.join(","),
  };
}

/** A whole number between two others, both included. */
export function count(options: Common<number> & { form?: string; min: number; max: number }): Knob<number> {
  return {
    ...options,
    form: options.form ?? "N",
    many: false,
    secret: false,
    parse(value) {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return within(number, options, String, "is a whole number");
    },
    show: String,
  };
}

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
};

/** A size: a number with B, KiB, MiB or GiB; held in bytes. */
export function bytes(options: Common<number> & { min: number; max: number }): Knob<number> {
  return {
    ...options,
    form: "SIZE",
    many: false,
    secret: false,
    parse(value) {
      const [, digits, unit = ""] = /^(\d{1,12})\s*([a-z]*)$/i.exec(value) ?? [];
      const size = Number(digits) * (byteUnits[unit.toUpperCase()] ?? Number.NaN);
      return within(size, options, showBytes, "is a size such as 512KiB or 16MiB");
    },
    show: showBytes,
  };
}

const timeUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time: a number with ms, s, m or h; held in milliseconds. */
export function duration(options: Common<number> & { min: number; max: number }): Knob<number> {
  return {
    ...options,
    form: "TIME",
    many: false,
    secret: false,
    parse: (value) =>
      within(parseDuration(value), options, showDuration, "is a time such as 500ms, 10s or 5m"),
    show: showDuration,
  };
}

/** A time for each of some names, `name=time` separated by commas; what is not named keeps its default. */
export function durations(
  options: Common<ReadonlyMap<string, number>> & { min: number; max: number },
): Knob<ReadonlyMap<string, number>> {
  const names = [...options.fallback.keys()];
  return {
    ...options,
    form: "METHOD=TIME,…",
    many: false,
    secret: false,
    parse(value) {
      const result = new Map(options.fallback);
      for (const part of value.split(",")) {
        const [name = "", time = ""] = part.split("=", 2).map((side) => side.trim());
        if (!options.fallback.has(name)) throw new Error(`names methods: ${names.join(", ")}`);
        result.set(
          name,
          within(parseDuration(time), options, showDuration, `wants ${name}=TIME such as ${name}=10s`),
        );
      }
      return result;
    },
    show: (value) => [...value].map(([name, time]) => `${name}=${showDuration(time)}`).join(","),
  };
}

function parseDuration(value: string): number {
  if (value === "0") return 0;
  const [, digits, unit = "?"] = /^(\d{1,10})\s*(ms|s|m|h)$/.exec(value) ?? [];
  return Number(digits) * (timeUnits[unit] ?? Number.NaN);
}

/** A size in its largest whole unit: `16MiB`. */
export function showBytes(value: number): string {
  if (value >= 1024 ** 3 && value % 1024 ** 3 === 0) return `${value / 1024 ** 3}GiB`;
  if (value >= 1024 ** 2 && value % 1024 ** 2 === 0) return `${value / 1024 ** 2}MiB`;
  if (value >= 1024 && value % 1024 === 0) return `${value / 1024}KiB`;
  return `${value}B`;
}

/** A time in its largest whole unit: `10s`. */
export function showDuration(value: number): string {
  if (value === 0) return "0";
  if (value % 3_600_000 === 0) return `${value / 3_600_000}h`;
  if (value % 60_000 === 0) return `${value / 60_000}m`;
  if (value % 1000 === 0) return `${value / 1000}s`;
  return `${value}ms`;
}

function within(
  value: number,
  range: { readonly min: number; readonly max: number },
  show: (value: number) => string,
  form: string,
): number {
  if (!Number.isSafeInteger(value)) throw new Error(form);
  if (value < range.min || value > range.max) {
    throw new Error(`is between ${show(range.min)} and ${show(range.max)}`);
  }
  return value;
}
