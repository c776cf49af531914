/** Checks of strings. Lone surrogates have no UTF-8 form and would be replaced on their way. */
import type { Violations } from "./violations.ts";

/** The most characters (code points) of an id. */
export const MAX_ID_CHARACTERS = 191;

/** Any text that can be stored and given back as it is. */
export function checkText(violations: Violations, field: string, text: string): void {
  if (!text.isWellFormed()) violations.add(field, "has a lone surrogate, which has no UTF-8 form");
}

/** An id of 1 to 191 characters without U+0000. */
export function checkId(violations: Violations, field: string, id: string): void {
  if (id === "") violations.add(field, `is empty; it must have 1 to ${MAX_ID_CHARACTERS} characters`);
  else checkOptionalId(violations, field, id);
}

/** The same, or empty. */
export function checkOptionalId(violations: Violations, field: string, id: string): void {
  checkText(violations, field, id);
  checkNoNul(violations, field, id);
  const characters = codePoints(id);
  if (characters > MAX_ID_CHARACTERS) {
    violations.add(field, `has ${characters} characters; the limit is ${MAX_ID_CHARACTERS}`);
  }
}

/** Text that some engines' columns cannot hold with U+0000 in it. */
export function checkNoNul(violations: Violations, field: string, text: string): void {
  if (text.includes("\0")) violations.add(field, "has the character U+0000");
}

/** A text of at least `minBytes` (0 if absent) and at most `maxBytes` bytes of UTF-8. */
export function checkSizedText(
  violations: Violations,
  field: string,
  text: string,
  maxBytes: number,
  minBytes = 0,
): void {
  checkText(violations, field, text);
  const bytes = Buffer.byteLength(text);
  if (bytes < minBytes) violations.add(field, `is empty; it must have 1 to ${maxBytes} bytes`);
  if (bytes > maxBytes) violations.add(field, `has ${bytes} bytes; the limit is ${maxBytes}`);
}

function codePoints(text: string): number {
  // A pair of surrogates is one character; short texts, which most are, need no count.
  if (text.length <= MAX_ID_CHARACTERS) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
}
