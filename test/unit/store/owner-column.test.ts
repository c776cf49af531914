import { describe, expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { schemaOptionsOf } from "../../../src/config/schema.ts";
import { StoreError } from "../../../src/store/errors.ts";
import { checkOwner, type OwnerColumn, parseOwnerColumn } from "../../../src/store/owner-column.ts";
import { Schema } from "../../../src/store/schema.ts";

describe("parseOwnerColumn", () => {
  test("reads the seeds' DDL", () => {
    expect(parseOwnerColumn("tenant_id INTEGER NOT NULL REFERENCES tenants(id) ON DELETE CASCADE")).toEqual({
      name: "tenant_id",
      type: "INTEGER",
      collation: undefined,
      notNull: true,
      reference: { table: "tenants", column: "id", onDelete: "CASCADE", onUpdate: undefined },
    });
  });

  test("takes what may be left out, any case and space, and quotes", () => {
    expect(
      parseOwnerColumn(
        " `Account`  varchar ( 36 ) collate utf8mb4_unicode_ci null references `Accounts` ( `Key` ) on update no  action on delete set null ",
      ),
    ).toEqual({
      name: "Account",
      type: "VARCHAR(36)",
      collation: "utf8mb4_unicode_ci",
      notNull: false,
      reference: { table: "Accounts", column: "Key", onDelete: "SET NULL", onUpdate: "NO ACTION" },
    });
    expect(parseOwnerColumn("org bigint unsigned")).toMatchObject({
      type: "BIGINT UNSIGNED",
      notNull: false,
    });
    expect(parseOwnerColumn("")).toBeUndefined();
  });

  test.each([
    ["tenant_id", /column's DDL/],
    ["tenant_id FLOAT", /column's DDL/],
    ["tenant_id JSON NOT NULL", /column's DDL/],
    ["tenant_id INTEGER DEFAULT 0", /column's DDL/],
    ["tenant_id INTEGER; DROP TABLE x", /column's DDL/],
    ["tenant_id INTEGER, other INTEGER", /column's DDL/],
    ["tenant_id INTEGER COLLATE utf8mb4_bin", /column's DDL/],
    ["a`b INTEGER", /column's DDL/],
    ["tenant_id VARCHAR(192)", /1 to 191/],
    ["tenant_id CHAR(0)", /1 to 191/],
    ["owner_id INTEGER", /a name of its own/],
    ["UID VARCHAR(36)", /a name of its own/],
    ["t INTEGER NOT NULL REFERENCES o(id) ON DELETE SET NULL", /SET NULL of a column that is NOT NULL/],
    ["t INTEGER REFERENCES o(id) ON DELETE CASCADE ON DELETE CASCADE", /ON DELETE twice/],
    ["t INTEGER REFERENCES other.o(id)", /column's DDL/],
  ])("refuses %s", (ddl, text) => {
    expect(() => parseOwnerColumn(ddl)).toThrow(text);
    expect(() => loadConfig(["--owner-column", ddl], {})).toThrow(/--owner-column/);
  });
});

test("only statements that write the owner name its column", () => {
  const schema = new Schema(schemaOptionsOf(loadConfig(["--owner-column", "tenant_id INT"], {})));
  expect(schema.sql("SELECT owner_id FROM adk_sessions WHERE owner_id = ?")).toContain("SELECT owner_id");
  expect(schema.sql("INSERT INTO adk_sessions (id, owner_id) SELECT id, owner_id")).toBe(
    "INSERT INTO `adk_sessions` (id, `tenant_id`) SELECT id, owner_id",
  );
  expect(schema.sql("UPDATE adk_sessions SET owner_id = ? WHERE id = ?")).toContain("`tenant_id` = ?");
  // A table of the operator's that begins like ours is his.
  expect(schema.sql("SELECT 1 FROM `adk_tenants`")).toBe("SELECT 1 FROM `adk_tenants`");
});

test.each([
  ["a TINYINT", "-128", "-129"],
  ["a TINYINT UNSIGNED", "255", "-1"],
  ["a SMALLINT", "32767", "32768"],
  ["a INT UNSIGNED", "4294967295", "4294967296"],
  ["a BIGINT", "-9223372036854775808", "9223372036854775808"],
  ["a INT", "0", "-0"],
  ["a INT", "7", "\u0667"],
  ["a CHAR(3)", "a b", "ab "],
  ["a VARCHAR(2)", "\u{1F600} ", "abc"],
  ["a INT", "", "1\n"],
  ["a INT NOT NULL", "1", ""],
])("%s takes %j and refuses %j", (ddl, good, bad) => {
  const column = parseOwnerColumn(ddl) as OwnerColumn;
  checkOwner(column, good);
  expect(() => checkOwner(column, bad)).toThrow(StoreError);
});
