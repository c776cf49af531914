/** JSON whose numbers keep their digits: 1.0 is not 1, and 9223372036854775807 is itself. */

/** A number as it was written. */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A number by its digits. */
export function digits(text: string): Digits {
  return new Digits(text);
}

/** Reads JSON; every number is a `Digits`. */
export function parse(text: string): unknown {
  const reviver = (_key: string, value: unknown, at: { readonly source: string }) =>
    typeof value === "number" ? new Digits(at.source) : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}

/** Writes JSON. A lone surrogate is an escape. */
export function stringify(value: unknown): string {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(stringify).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, each]) => each !== undefined);
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${stringify(each)}`).join()}}`;
}

/**
 * What differs between two values, by path. A plain number that is expected is met by any digits of its value; `Digits`
 * only by the same ones.
 */
export function differences(expected: unknown, got: unknown, path = ""): string[] {
  if (isObject(expected) && isObject(got)) {
    return [...new Set([...Object.keys(expected), ...Object.keys(got)])].flatMap((name) =>
      differences(expected[name], got[name], path === "" ? name : `${path}.${name}`),
    );
  }
  if (Array.isArray(expected) && Array.isArray(got) && expected.length === got.length) {
    return expected.flatMap((each, index) => differences(each, got[index], `${path}[${index}]`));
  }
  const same =
    typeof expected === "number" && got instanceof Digits
      ? Number(got.text) === expected
      : shown(expected) === shown(got);
  return same ? [] : [`${path}: ${shown(got)} instead of ${shown(expected)}`];
}

/** Whether a value has members. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Digits);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : stringify(value);
}
