/** The engine's SQL keeps to what every server of the family does right (design.md, section 3). */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const FOLDER = join(import.meta.dirname, "../../../src/store/mysql");

/** What some server accepts and ignores, refuses, or keeps to one node. */
const FORBIDDEN = [
  /SKIP\s+LOCKED/i, // TiDB ignores it
  /FOR\s+SHARE|LOCK\s+IN\s+SHARE/i, // TiDB refuses it
  /\bRETURNING\b/, // MariaDB only
  /JSON_TABLE|JSON_VALUE/, // TiDB has neither
  /\b(GET|RELEASE)_LOCK\b/, // local to a node of a cluster
  /\bLOCK\s+TABLES\b/,
  /\bAUTO_INCREMENT\b/, // no order across servers
  /\bOVER\s*\(/, // window functions: Vitess
  /\bRECURSIVE\b/,
  /\bSERIALIZABLE\b/,
  /\bVALUES\b[^`"]*\)\s+AS\s+\w+\s+ON\s+DUPLICATE/i, // row aliases: MySQL only
  /KEY\s+\w+\s*\([^)]*\bDESC\b/i, // descending indexes
];

test("statements have no construct that a server of the family gets wrong", async () => {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith(".ts"));
  expect(files).toContain("append.ts");
  for (const name of files) {
    const code = (await readFile(join(FOLDER, name), "utf8")).replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "");
    for (const construct of FORBIDDEN) expect(construct.exec(code)?.[0], name).toBeUndefined();
  }
});

test("the lint finds what it looks for", () => {
  const bad = [
    "SELECT 1 FOR UPDATE SKIP LOCKED",
    "SELECT 1 FOR SHARE",
    "DELETE FROM t RETURNING id",
    "SELECT GET_LOCK('a', 1)",
    "SELECT ROW_NUMBER() OVER (ORDER BY a)",
    "INSERT INTO t VALUES (1) AS n ON DUPLICATE KEY UPDATE a = n.a",
    "CREATE TABLE t (a INT, KEY k (a DESC))",
  ];
  for (const sql of bad)
    expect(
      FORBIDDEN.some((construct) => construct.test(sql)),
      sql,
    ).toBe(true);
});
