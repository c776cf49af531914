/** The text literals of a TypeScript file, found by a lexer that knows comments, strings and templates. */

/** A literal: its texts, and between them the code of what is spliced in. */
export interface Literal {
  readonly texts: readonly string[];
  readonly spliced: readonly string[];
  /** Line in the file, from 1. */
  readonly line: number;
}

/** After these a `/` begins a regular expression and not a division. */
const BEFORE_REGEX = /(?:^|[=(,:;!&|?{}[\n+*%~^<>-]|\b(?:return|case|of|in|typeof))\s*$/;

/** All string and template literals of a file, those inside of what templates splice in too. */
export function literalsOf(code: string): Literal[] {
  const found: Literal[] = [];
  lex(code, 0, undefined, found, code);
  return found;
}

/** Lexes until `end` closes what is open, or to the end of the code; gives where it stopped. */
function lex(code: string, from: number, end: string | undefined, found: Literal[], whole: string): number {
  let depth = 0;
  for (let at = from; at < code.length; at++) {
    const char = code[at] as string;
    if (end !== undefined && char === end && depth === 0) return at;
    if (char === "{") depth++;
    else if (char === "}") depth--;
    else if (code.startsWith("//", at)) at = skipTo(code, "\n", at);
    else if (code.startsWith("/*", at)) at = skipTo(code, "*/", at + 2) + 1;
    else if (char === "/" && BEFORE_REGEX.test(code.slice(Math.max(0, at - 40), at)))
      at = skipRegex(code, at);
    else if (char === '"' || char === "'") {
      const close = skipString(code, at, char);
      found.push({ texts: [code.slice(at + 1, close)], spliced: [], line: lineOf(whole, at) });
      at = close;
    } else if (char === "`") at = template(code, at, found, whole);
  }
  return code.length;
}

function template(code: string, from: number, found: Literal[], whole: string): number {
  const texts: string[] = [];
  const spliced: string[] = [];
  let begin = from + 1;
  for (let at = begin; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === "`") {
      texts.push(code.slice(begin, at));
      found.push({ texts, spliced, line: lineOf(whole, from) });
      return at;
    } else if (code.startsWith("${", at)) {
      texts.push(code.slice(begin, at));
      const close = lex(code, at + 2, "}", found, whole);
      spliced.push(code.slice(at + 2, close).trim());
      begin = close + 1;
      at = close;
    }
  }
  throw new Error(`a template of line ${lineOf(whole, from)} has no end`);
}

function skipTo(code: string, mark: string, from: number): number {
  const at = code.indexOf(mark, from);
  return at < 0 ? code.length : at;
}

function skipString(code: string, from: number, quote: string): number {
  for (let at = from + 1; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === quote) return at;
  }
  return code.length;
}

function skipRegex(code: string, from: number): number {
  let inClass = false;
  for (let at = from + 1; at < code.length && code[at] !== "\n"; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === "[") inClass = true;
    else if (code[at] === "]") inClass = false;
    else if (code[at] === "/" && !inClass) return at;
  }
  return from;
}

function lineOf(code: string, at: number): number {
  return code.slice(0, at).split("\n").length;
}
