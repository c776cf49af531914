// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of code
/** The engines' SQL keeps to what every engine does right, and no value is spliced into it. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { literalsOf } from "./sql/literals.ts";
import { FRAGMENTS, isSql, NAMED_FRAGMENTS, problemsOf } from "./sql/rules.ts";

const root = join(import.meta.dirname, "../..");
const files = globSync("**/*.ts", { cwd: join(root, "src/store") }).sort();
const read = (file: string) => readFileSync(join(root, "src/store", file), "utf8");
const sqlOf = (code: string) => literalsOf(code).filter(isSql);
const problemsIn = (code: string, file = "") =>
  sqlOf(code).flatMap((literal) =>
    problemsOf(literal, file).map((problem) => `line ${literal.line}: ${problem}`),
  );

test.each(files)("%s", (file) => {
  expect(problemsIn(read(file), file)).toEqual([]);
});

test("it reads every engine's statements", () => {
  const engines = globSync("*/index.ts", { cwd: join(root, "src/store") }).map((file) => join(file, ".."));
  expect(engines.length).toBeGreaterThan(1);
  for (const engine of engines) {
    const all = files.filter((file) => file.startsWith(engine)).flatMap((file) => sqlOf(read(file)));
    const text = all.map(({ texts }) => texts.join("?")).join("\n");
    for (const word of ["CREATE TABLE", "INSERT INTO", "UPDATE", "DELETE FROM", "SELECT", "ORDER BY"]) {
      expect(text, engine).toContain(word);
    }
    expect(all.length, engine).toBeGreaterThan(40);
  }
});

test("every fragment that is allowed is used", () => {
  const splicedIn = (file: string) => sqlOf(read(file)).flatMap((literal) => literal.spliced);
  for (const [file, names] of Object.entries(NAMED_FRAGMENTS)) {
    const spliced = splicedIn(file);
    expect(
      names.filter((name) => !spliced.includes(name)),
      file,
    ).toEqual([]);
  }
  const all = files.flatMap(splicedIn);
  expect(FRAGMENTS.filter((known) => !all.some((code) => known.test(code)))).toEqual([]);
});

test.each([
  ["a hint for queues", '"SELECT id FROM t WHERE a = ? FOR UPDATE SKIP LOCKED"'],
  ["shared locks", '"SELECT id FROM t WHERE a = ? FOR SHARE"'],
  ["rows of a write", '"DELETE FROM t WHERE a = ? RETURNING id"'],
  ["named locks", "\"SELECT GET_LOCK('a', 1)\""],
  ["window functions", '"SELECT ROW_NUMBER() OVER (ORDER BY a) FROM t"'],
  ["row aliases", '"INSERT INTO t VALUES (1) AS n ON DUPLICATE KEY UPDATE a = n.a"'],
  ["descending keys", '"CREATE TABLE t (a INT, KEY k (a DESC))"'],
  ["a value", "`SELECT a FROM t WHERE a = '${appName}'`"],
  ["a value of an object", "`DELETE FROM t WHERE a = ${input.key}`"],
  ["a value after a fragment", "`SELECT ${COLUMNS} FROM t WHERE ${allEqual(KEY)} AND b > ${after}`"],
  ["a fragment inside of another", "`SELECT a FROM t WHERE ${count(`a = ${name} LIMIT ${b}`)}`"],
  ["a condition with a value", "where(`s.user_id = ${user}`)"],
])("it finds %s", (_, code) => {
  expect(problemsIn(code)).not.toEqual([]);
});

test("comments, regular expressions and messages are no SQL", () => {
  const code = [
    "// SELECT a FROM t FOR SHARE",
    '/* `DELETE FROM ${x}` */ const r = /[`"] FOR SHARE/;',
    "throw new Error(`The session ${id} was deleted while it was read.`);",
  ].join("\n");
  expect(problemsIn(code)).toEqual([]);
});
