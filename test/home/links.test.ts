/** Every link of a document leads somewhere. */
import { existsSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { anchorsOf, documents, proseOf, readDocument, root } from "./markdown.ts";

/** Targets of links in the prose of a document; links to other sites are not followed. */
function linksOf(path: string): string[] {
  const links = proseOf(readDocument(path)).matchAll(/\]\(\s*<?([^)>\s]+)>?(?:\s+"[^"]*")?\s*\)/g);
  return [...links].map(([, target = ""]) => target).filter((target) => !/^[a-z]+:/.test(target));
}

function problemOf(path: string, link: string): string | undefined {
  const [target = "", anchor] = link.split("#");
  const file = target === "" ? path : relative(root, join(root, dirname(path), target));
  if (file.startsWith("..")) return "leads out of the repository";
  if (!existsSync(join(root, file))) return `there is no ${file}`;
  if (anchor === undefined || statSync(join(root, file)).isDirectory()) return undefined;
  return anchorsOf(readDocument(file)).has(anchor) ? undefined : `${file} has no heading for #${anchor}`;
}

test.each(documents())("links of %s", (path) => {
  const broken = linksOf(path)
    .map((link) => ({ link, problem: problemOf(path, link) }))
    .filter(({ problem }) => problem !== undefined);
  expect(broken).toEqual([]);
});

test("the documents name each other", () => {
  const linked = new Set(documents().flatMap((path) => linksOf(path).map((link) => target(path, link))));
  const unlinked = documents().filter((path) => path.startsWith("docs/") && !linked.has(path));
  expect(unlinked).toEqual([]);
});

function target(path: string, link: string): string {
  return relative(root, join(root, dirname(path), link.split("#")[0] ?? ""));
}
