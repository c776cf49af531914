/** Checks of JSON text that is stored and given back unchanged. */

/** Why a text is not JSON that the store takes. */
export type JsonProblem = "lone surrogate" | "too deep" | "syntax";

/** A checked text's value, or why it is refused. */
export type JsonCheck =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: JsonProblem };

/**
 * Parses `text` within `maxDepth` levels of arrays and objects. Lone surrogates must be
 * escapes: a raw one has no UTF-8 form and would be replaced on the way.
 */
export function checkJson(text: string, maxDepth: number): JsonCheck {
  if (!text.isWellFormed()) return { ok: false, problem: "lone surrogate" };
  if (depthOf(text) > maxDepth) return { ok: false, problem: "too deep" };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, problem: "syntax" };
  }
}

/** How deep arrays and objects are nested in `text`, which need not be valid. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // a string: go to its closing quote
        at = endOfString(text, at);
        break;
      case 0x5b:
      case 0x7b:
        depth++;
        if (depth > deepest) deepest = depth;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
  }
  return deepest;
}

/**
 * Whether an engine's JSON functions take the value: at most `maxDepth` levels, no
 * escaped lone surrogate, no number beyond a double, nor a zero that is written with an
 * exponent beyond one (`0e309`, which MySQL refuses by the exponent). Engines that refuse a
 * cast stop the whole query, so a view must know before.
 */
export function isEngineJson(text: string, maxDepth: number): boolean {
  if (depthOf(text) > maxDepth) return false;
  // Only texts that could hold such a thing are parsed.
  if (!/\\u[dD][89a-fA-F]|\d[eE][+-]?\d{3}|\d{300}/.test(text)) return true;
  let fine = true;
  try {
    JSON.parse(text, ((key, value, context?: { source?: string }) => {
      if (typeof value === "number" && !Number.isFinite(value)) fine = false;
      if (value === 0 && LARGE_EXPONENT.test(context?.source ?? "")) fine = false;
      if (typeof value === "string" && !value.isWellFormed()) fine = false;
      if (!key.isWellFormed()) fine = false;
      return value;
    }) as (this: unknown, key: string, value: unknown) => unknown);
  } catch {
    return false;
  }
  return fine;
}

const LARGE_EXPONENT = /[eE]\+?\d{3}/;

function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close !== -1) {
    let slashes = 0;
    while (text.charCodeAt(close - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return close;
    close = text.indexOf('"', close + 1);
  }
  return text.length;
}
