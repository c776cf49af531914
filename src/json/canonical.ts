/** One form for all texts of a JSON value, so that values can be compared. */
import { hash } from "node:crypto";

/** How many bytes `canonicalHash` gives. */
export const CANONICAL_HASH_BYTES = 16;

/**
 * A hash that two JSON texts share exactly if they are the same value: 1, 1.0 and 1e0
 * are, the order of keys does not count, and numbers are compared as decimals, not as
 * doubles. Of a repeated key the last counts. @throws SyntaxError if it is not JSON
 */
export function canonicalHash(text: string): Uint8Array {
  return hash("sha256", canonicalJson(text), "buffer").subarray(0, CANONICAL_HASH_BYTES);
}

/** The canonical text behind `canonicalHash`. @throws SyntaxError if it is not JSON */
export function canonicalJson(text: string): string {
  // A double tells decimals of up to 15 digits apart; longer ones need their source.
  const value = /\d[eE]|[\d.]{16}/.test(text)
    ? JSON.parse(text, ((_key, parsed, context?: { source?: string }) =>
        typeof parsed === "number" ? new Decimal(context?.source ?? String(parsed)) : parsed) as (
        this: unknown,
        key: string,
        value: unknown,
      ) => unknown)
    : JSON.parse(text);
  return write(value);
}

class Decimal {
  readonly text: string;
  constructor(source: string) {
    this.text = decimal(source);
  }
}

function write(value: unknown): string {
  if (typeof value === "number") return decimal(String(value));
  if (value instanceof Decimal) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = value as Record<string, unknown>;
    const texts = Object.keys(members)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${write(members[key])}`);
    return `{${texts.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Exponents of more digits are compared as written: to calculate with them takes too long. */
const MAX_EXPONENT_DIGITS = 20;

/** A JSON number as its significant digits and a power of ten. */
function decimal(source: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source);
  if (parts === null) throw new SyntaxError("not a JSON number");
  const [, sign, whole, fraction = "", exponent = "0"] = parts;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = withoutTrailingZeros(digits);
  if (significant === "") return "0";
  const shift = digits.length - significant.length - fraction.length;
  if (exponent.length > MAX_EXPONENT_DIGITS)
    return `${sign}${significant}e${exponent}${shift < 0 ? "" : "+"}${shift}`;
  return `${sign}${significant}e${BigInt(exponent) + BigInt(shift)}`;
}

/** A regular expression would look again from every zero within: the square of a long number's length. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end--;
  return digits.slice(0, end);
}
