/** Groups of appends: lock and load what the plan needs, or compare what is known; write what it says, commit once. */
import {
  type AppendLimits,
  type AppendPlan,
  type EventMark,
  keyText,
  planAppends,
  type SessionHead,
} from "../append-plan.ts";
import { StoreError } from "../errors.ts";
import { SESSION_COLUMNS, SESSION_KEY, type SessionRow, toHead, toMark } from "../rows.ts";
import type { AppendInput, AppendOutcome, NewEvent, SessionKey } from "../store.ts";
import { PACKET_HEADROOM_BYTES } from "./connection.ts";
import { insertSessions, madeByAppend } from "./create.ts";
import { isDuplicateKey, isOutOfRange, isParentGone } from "./errors.ts";
import type { KnownHeads, KnownSessions } from "./known-heads.ts";
import { ownerCheck } from "./owner.ts";
import type { Pool } from "./pool.ts";
import {
  compareKeys,
  eventAfter,
  eventValues,
  INSERT_EVENT,
  keyValues,
  MARK_COLUMNS,
  MAX_BIGINT,
  type MarkOfSessionRow,
  OF_SESSION,
} from "./rows.ts";
import { fromDouble, insertRows, type SqlValue, type Statement, selectAny } from "./sql.ts";
import { groupPlaces, writeState } from "./state.ts";
import { type Transaction, transact } from "./transaction.ts";

/** What bounds appends on a server. */
export interface AppendOptions extends AppendLimits {
  readonly maxJsonDepth: number;
  readonly maxPacketBytes: number;
}

/** Commits a group in one transaction. The outcomes are in the order of the group. */
export async function append(
  pool: Pool,
  heads: KnownHeads,
  group: readonly AppendInput[],
  options: AppendOptions,
  signal: AbortSignal | undefined,
): Promise<AppendOutcome[]> {
  const refused = new Map<AppendInput, AppendOutcome>();
  for (const input of group) {
    const error = unsendable(input, options);
    if (error !== undefined) refused.set(input, { ok: false, error });
  }
  const rest = group.filter((input) => !refused.has(input));
  const planned = rest.length === 0 ? [] : await commit(pool, heads, rest, options, signal);
  const outcomes = planned.values();
  return group.map((input) => refused.get(input) ?? (outcomes.next().value as AppendOutcome));
}

async function commit(
  pool: Pool,
  heads: KnownHeads,
  group: readonly AppendInput[],
  options: AppendOptions,
  signal: AbortSignal | undefined,
): Promise<readonly AppendOutcome[]> {
  return transact(pool, { signal, repeatable: true }, async (transaction) => {
    const known = heads.ofAll(group);
    const guess = known && planAppends(group, known.heads, new Map(), options);
    // No caller is refused from memory.
    if (known !== undefined && guess?.outcomes.every(({ ok }) => ok)) {
      if (await commitAfter(known, guess, transaction, options)) {
        heads.hit(known);
        heads.learn(guess, known.owners);
        return guess.outcomes;
      }
      heads.miss(known);
      await transaction.restart();
    }
    const found = await load(transaction, group);
    const makers = group.filter(({ createUid }) => createUid !== undefined);
    const refuseOwner = await ownerCheck(
      transaction,
      makers.map(({ createOwnerId }) => createOwnerId),
    );
    const limits = refuseOwner === undefined ? options : { ...options, refuseOwner };
    const plan = planAppends(group, found.heads, found.marks, limits);
    const advance = advanceSessions(plan.advanced, found, transaction);
    const statements = toStatements(plan, options, transaction, { advance });
    if (statements.length > 0) await transaction.commit(statements);
    heads.learn(plan, found.owners);
    return plan.outcomes;
  });
}

/**
 * Commits what was planned on rows that are known, in one round trip: no statement reads them, one compares and replaces
 * them, and it or the next fails, with all that follows, where one is another by now. False, with the transaction to be
 * restarted, where that is so, or an event's id is stored already.
 */
async function commitAfter(
  known: KnownSessions,
  plan: AppendPlan,
  transaction: Transaction,
  options: AppendOptions,
): Promise<boolean> {
  const advance = advanceSessions(plan.advanced, known, transaction);
  if (advance.length !== 1 || plan.events.length === 0) return false;
  // A row that is replaced counts as two, one that had to be made as one.
  const firstEvent = eventAfter(2 * plan.advanced.length);
  try {
    await transaction.commit(toStatements(plan, options, transaction, { advance, firstEvent }));
    return true;
  } catch (error) {
    if (isOutOfRange(error) || isDuplicateKey(error) || isParentGone(error)) return false;
    throw error;
  }
}

/** Locks the group's sessions in the order of their keys, then reads the events whose ids come again. */
async function load(
  transaction: Transaction,
  group: readonly AppendInput[],
): Promise<KnownSessions & { readonly marks: Map<string, Map<string, EventMark>> }> {
  const sessions = new Map<string, { key: SessionKey; ids: string[] }>();
  for (const { key, events } of group) {
    const text = keyText(key);
    const session = sessions.get(text) ?? { key, ids: [] };
    sessions.set(text, session);
    for (const event of events) session.ids.push(event.id);
  }
  const ordered = [...sessions.values()].sort((a, b) => compareKeys(a.key, b.key));
  const locks = selectAny(
    `SELECT ${SESSION_COLUMNS} FROM adk_sessions FORCE INDEX (PRIMARY)`,
    SESSION_KEY,
    ordered.map(({ key }) => keyValues(key)),
    " FOR UPDATE",
  );
  const lookups = selectAny(
    `SELECT ${MARK_COLUMNS} FROM adk_events FORCE INDEX (adk_events_by_id)`,
    [...OF_SESSION, "id"],
    ordered.flatMap(({ key, ids }) => ids.map((id) => [...keyValues(key), id])),
  );
  const results = await transaction.run([...locks, ...lookups]);
  const heads = new Map<string, SessionHead>();
  const owners = new Map<string, string>();
  for (const { rows } of results.slice(0, locks.length)) {
    for (const row of rows as unknown as readonly SessionRow[]) {
      const head = toHead(row);
      heads.set(keyText(head.key), head);
      owners.set(keyText(head.key), row.owner_id);
    }
  }
  const marks = new Map<string, Map<string, EventMark>>();
  for (const { rows } of results.slice(locks.length)) {
    for (const row of rows as unknown as readonly MarkOfSessionRow[]) {
      const text = keyText({ appName: row.app_name, userId: row.user_id, sessionId: row.session_id });
      const known = marks.get(text) ?? new Map<string, EventMark>();
      marks.set(text, known.set(row.id, toMark(row)));
    }
  }
  return { heads, owners, marks };
}

/**
 * The plan's writes, every table's rows in the order of their keys. The events come right after `advance`, and the first
 * of them may depend on what that found (`firstEvent`, its placeholders).
 */
function toStatements(
  plan: AppendPlan,
  { maxJsonDepth }: AppendOptions,
  { maxStatementBytes, connection }: Transaction,
  { advance, firstEvent }: { advance: readonly Statement[]; firstEvent?: string },
): Statement[] {
  const { owner } = connection.schema;
  const created = plan.created.toSorted((a, b) => compareKeys(a.head.key, b.head.key));
  const events = plan.events.toSorted((a, b) => compareKeys(a.key, b.key) || a.seq - b.seq);
  return [
    ...insertSessions(created.map(madeByAppend), maxStatementBytes, owner),
    ...advance,
    ...insertRows(INSERT_EVENT, events.map(eventValues), maxStatementBytes, "", firstEvent),
    ...writeState(groupPlaces(plan), { maxJsonDepth, maxStatementBytes }),
  ];
}

/** Each row is replaced if it is still the one that was found, else its revision is beyond all numbers, which fails. */
const REPLACE_FOUND =
  " ON DUPLICATE KEY UPDATE revision = IF(uid = VALUES(uid) AND revision = VALUES(revision) " +
  `AND head_seq = VALUES(head_seq), revision + VALUES(event_count), VALUES(revision) + ${MAX_BIGINT}), ` +
  "head_seq = head_seq + VALUES(event_count), event_count = event_count + VALUES(event_count), " +
  "event_bytes = event_bytes + VALUES(event_bytes), update_time = VALUES(update_time), " +
  "last_event_time = VALUES(last_event_time)";

/**
 * Sessions as they are after the group. The rows are there, so each insert is an update: of many rows in one statement,
 * that has the place at which each was found, and what is added. An owner that must be there is said again, since a
 * server may check the row of an insert that it does not make.
 */
function advanceSessions(
  advanced: readonly SessionHead[],
  { heads, owners }: KnownSessions,
  { maxStatementBytes, connection }: Transaction,
): Statement[] {
  const says = connection.schema.owner?.notNull === true;
  const columns = [
    ...SESSION_KEY,
    "uid",
    "revision",
    "head_seq",
    "event_count",
    "event_bytes",
    "create_time",
    "update_time",
    "last_event_time",
    ...(says ? ["owner_id"] : []),
  ];
  const rows = advanced
    .toSorted((a, b) => compareKeys(a.key, b.key))
    .map((head): SqlValue[] => {
      const text = keyText(head.key);
      const found = heads.get(text) as SessionHead;
      return [
        ...keyValues(head.key),
        found.uid,
        found.revision,
        found.headSeq,
        head.eventCount - found.eventCount,
        head.eventBytes - found.eventBytes,
        head.createMicros,
        head.updateMicros,
        fromDouble(head.lastEventTime),
        ...(says ? [owners.get(text) ?? ""] : []),
      ];
    });
  return insertRows(
    `INSERT INTO adk_sessions (${columns.join(", ")})`,
    rows,
    maxStatementBytes,
    REPLACE_FOUND,
  );
}

/** An append with a row that no packet carries: texts within texts are stored with escapes. */
function unsendable(input: AppendInput, { maxPacketBytes }: AppendOptions): StoreError | undefined {
  const limit = maxPacketBytes - PACKET_HEADROOM_BYTES;
  if (input.events.every((event) => 2 * event.bytes <= limit || storedBytes(event) <= limit))
    return undefined;
  return new StoreError(
    "TOO_LARGE",
    `The event is larger than the database takes; the limit is ${limit} bytes.`,
    {
      facts: { limit_bytes: String(limit) },
    },
  );
}

/** What an event weighs with its delta's texts escaped: each quote and backslash counts twice. */
function storedBytes(event: NewEvent): number {
  let escapes = 0;
  for (const text of event.stateDelta.values())
    escapes += Buffer.byteLength(JSON.stringify(text)) - Buffer.byteLength(text);
  return event.bytes + escapes;
}
