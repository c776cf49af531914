/** The documents of the repository and their parts. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The checkout's root folder. */
export const root = join(import.meta.dirname, "../..");

/** A fenced block of code. */
export interface Block {
  /** `sh`, `python`, or empty. */
  readonly language: string;
  readonly code: string;
  /** What an HTML comment right above it says: `<!-- runnable -->`. */
  readonly note: string;
}

/** Paths of all documents below the root that people wrote or scripts made. */
export function documents(): string[] {
  const patterns = ["*.md", "docs/**/*.md", "clients/*/*.md", "clients/*/examples/**/*.md"];
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root, exclude: (path) => path === "node_modules" }))
    .sort();
}

/** A document's text. */
export function readDocument(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The blocks of code of a document. */
export function blocksOf(text: string): Block[] {
  const found = text.matchAll(/(?:^<!-- ([^\n]*?) -->\n)?^```(\S*)\n(.*?)^```$/gms);
  return [...found].map(([, note = "", language = "", code = ""]) => ({ language, code, note }));
}

/** A document without its blocks of code. */
export function proseOf(text: string): string {
  return text.replace(/^```.*?^```$/gms, "");
}

/** The anchors that the headings of a document make, as GitHub makes them. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of proseOf(text).matchAll(/^#+ (.*)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The rows of the first table below a heading, cells without their padding. @throws Error if there is none */
export function tableBelow(text: string, heading: string): string[][] {
  const section = new RegExp(`^#+ ${heading}\\n(.*?)(?=^#+ |(?![^]))`, "ms").exec(text)?.[1] ?? "";
  const rows = [...section.matchAll(/^\| (.*) \|$/gm)].map(([, cells = ""]) =>
    cells.split(" | ").map((cell) => cell.trim()),
  );
  if (rows.length < 3) throw new Error(`there is no table below "${heading}"`);
  return rows.slice(2);
}
