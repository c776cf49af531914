/** Owners of sessions in a column of the operator's own, see ../owner-column.ts. */
import { StartError, type StoreError } from "../errors.ts";
import { checkOwner, type OwnerColumn, requireOwnerColumn, unknownOwner } from "../owner-column.ts";
import type { Connection } from "./connection.ts";
import { type Statement, statement } from "./sql.ts";
import type { Transaction } from "./transaction.ts";

/** Refuses an owner that the column or its reference would. @throws StoreError INVALID_OWNER */
export async function requireOwner(transaction: Transaction, ownerId: string): Promise<void> {
  const { owner } = transaction.connection.schema;
  if (owner === undefined) return;
  checkOwner(owner, ownerId);
  const known = await findOwners(transaction, owner, [ownerId]);
  if (!known(ownerId)) throw unknownOwner(owner);
}

/** What a plan asks of the owners that a group gives; undefined where every text is an owner. */
export async function ownerCheck(
  transaction: Transaction,
  given: readonly string[],
): Promise<((ownerId: string) => StoreError | undefined) | undefined> {
  const { owner } = transaction.connection.schema;
  if (owner === undefined) return undefined;
  const refused = (ownerId: string): StoreError | undefined => {
    try {
      checkOwner(owner, ownerId);
      return undefined;
    } catch (error) {
      return error as StoreError;
    }
  };
  const asked = [...new Set(given)].filter((ownerId) => refused(ownerId) === undefined);
  const known = await findOwners(transaction, owner, asked);
  return (ownerId) => refused(ownerId) ?? (known(ownerId) ? undefined : unknownOwner(owner));
}

/**
 * Whether the reference has an owner, by its own way to compare. Asked before a write, since
 * a foreign key fails a whole group; one that goes meanwhile fails there, and is asked again.
 */
async function findOwners(
  transaction: Transaction,
  { reference }: OwnerColumn,
  ownerIds: readonly string[],
): Promise<(ownerId: string) => boolean> {
  const asked = ownerIds.filter((ownerId) => ownerId !== "");
  if (reference === undefined || asked.length === 0) return () => true;
  const results = await transaction.run(
    asked.map(
      (ownerId): Statement =>
        statement(
          `SELECT 1 AS found FROM \`${reference.table}\` WHERE \`${reference.column}\` = ? LIMIT 1`,
          ownerId,
        ),
    ),
  );
  const missing = new Set(asked.filter((_, at) => results[at]?.rows.length === 0));
  return (ownerId) => !missing.has(ownerId);
}

/** Checks that the sessions' table has the column that is configured. @throws StartError */
export async function requireOwnerTable(connection: Connection): Promise<void> {
  const { schema } = connection;
  const table = schema.nameOf("adk_sessions");
  const [found] = await connection.run([
    statement(
      "SELECT column_name AS name, extra AS extra FROM information_schema.columns " +
        "WHERE table_schema = DATABASE() AND table_name = ?",
      table,
    ),
  ]);
  const rows = (found?.rows ?? []) as unknown as readonly { name: string; extra: string }[];
  requireOwnerColumn(schema.owner, table, {
    columns: rows.map(({ name }) => name),
    generated: rows.some(({ name, extra }) => name === "owner_id" && /generated/i.test(extra)),
  });
}

/** Checks that what the owner column refers to is there. @throws StartError */
export async function requireReference(connection: Connection): Promise<void> {
  const reference = connection.schema.owner?.reference;
  if (reference === undefined) return;
  const [found] = await connection.run([
    statement(
      "SELECT 1 AS found FROM information_schema.columns " +
        "WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?",
      reference.table,
      reference.column,
    ),
  ]);
  if (found?.rows.length === 0) {
    throw new StartError(
      `--owner-column refers to ${reference.table}(${reference.column}), which the database does not have ` +
        "or the user may not see. Make that table first, and grant REFERENCES on it to the migrating user.",
    );
  }
}
