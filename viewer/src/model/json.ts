/** JSON read without loss: numbers keep their source text, since 2^53 + 1 and `1.0` must show as they were stored. */

/** A number as it was written. */
export class JsonNumber {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
  valueOf(): number {
    return Number(this.source);
  }
}

export type Json = null | boolean | string | JsonNumber | readonly Json[] | { readonly [key: string]: Json };

/** Parses JSON text; undefined where it is none. The empty text is none. */
export function parseJson(text: string): Json | undefined {
  if (text === "") return undefined;
  try {
    return JSON.parse(text, function reviveNumber(_, value: unknown, context?: { source?: string }) {
      return typeof value === "number" ? new JsonNumber(context?.source ?? String(value)) : value;
    } as (key: string, value: unknown) => unknown) as Json;
  } catch {
    return undefined;
  }
}

/** The object's value of a key, if it is an object that has it. */
export function field(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** A text at a key; undefined for anything else. */
export function textField(value: Json | undefined, key: string): string | undefined {
  const found = field(value, key);
  return typeof found === "string" ? found : undefined;
}

/** A number at a key; undefined for anything else. */
export function numberField(value: Json | undefined, key: string): number | undefined {
  const found = field(value, key);
  return found instanceof JsonNumber ? Number(found.source) : undefined;
}

export function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
  );
}

/**
 * JSON text with line breaks and indentation, every token as it was written. Text that is not JSON comes back as it
 * is. At most about `limit` characters, since nobody reads more and a page must not freeze over them.
 */
export function prettyJson(text: string, limit = Number.POSITIVE_INFINITY): string {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gsy;
  const whitespace = /\s*/gy;
  let out = "";
  let depth = 0;
  let at = 0;
  let before = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (;;) {
    whitespace.lastIndex = at;
    whitespace.exec(text);
    at = whitespace.lastIndex;
    if (at >= text.length) return out;
    if (out.length > limit) return `${out}…`;
    tokens.lastIndex = at;
    const token = tokens.exec(text)?.[0];
    if (token === undefined) return text;
    at += token.length;
    if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      if (before !== "{" && before !== "[") out += line();
    } else if (before === "{" || before === "[" || before === ",") out += line();
    out += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth++;
    before = token;
  }
}

/** Text as a JSON string; lone surrogates come out escaped. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
