/** Owners of sessions in a column of the operator's own, see ../owner-column.ts. */
import { StartError, StoreError } from "../errors.ts";
import { checkOwner, requireOwnerColumn, unknownOwner } from "../owner-column.ts";
import type { Connection } from "./connection.ts";

/** Refuses an owner that the column or its reference would. @throws StoreError INVALID_OWNER */
export function requireOwner(db: Connection, ownerId: string): void {
  const { owner } = db.schema;
  if (owner === undefined) return;
  checkOwner(owner, ownerId);
  const { reference } = owner;
  if (reference === undefined || ownerId === "") return;
  const known = db.get(
    `SELECT 1 FROM \`${reference.table}\` WHERE \`${reference.column}\` = CAST(? AS ${owner.type})`,
    ownerId,
  );
  if (known === undefined) throw unknownOwner(owner);
}

/** The same as an append plan asks it. */
export function refuseOwner(db: Connection, ownerId: string): StoreError | undefined {
  try {
    requireOwner(db, ownerId);
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}

/** Checks that the sessions' table has the column that is configured. @throws StartError */
export function requireOwnerTable(db: Connection): void {
  const table = db.schema.nameOf("adk_sessions");
  const rows = db.all<{ name: string; hidden: number }>(
    "SELECT name, hidden FROM pragma_table_xinfo(?)",
    table,
  );
  requireOwnerColumn(db.schema.owner, table, {
    columns: rows.map(({ name }) => name),
    generated: rows.some(({ name, hidden }) => name === "owner_id" && hidden !== 0),
  });
}

/** Checks that what the owner column refers to is there. @throws StartError */
export function requireReference(db: Connection): void {
  const reference = db.schema.owner?.reference;
  if (reference === undefined) return;
  const found = db.get(
    "SELECT 1 FROM pragma_table_xinfo(?) WHERE lower(name) = lower(?)",
    reference.table,
    reference.column,
  );
  if (found === undefined) {
    throw new StartError(
      `--owner-column refers to ${reference.table}(${reference.column}), which the database does not have. ` +
        "Make that table first.",
    );
  }
}
