/** Reads of events. Histories are streamed, each query over a range that ends by itself. */
import { StoreError } from "../errors.ts";
import { SESSION_KEY } from "../rows.ts";
import { splitDelta } from "../state.ts";
import type {
  DeltaRange,
  EventDelta,
  EventPosition,
  EventRange,
  ListScopeEventsInput,
  NewestInput,
} from "../store.ts";
import {
  type EventRow,
  type MessageValues,
  messageRow,
  READ_COLUMNS,
  READ_MESSAGE,
  type ScopeEvent,
  type StoredEvent,
  toScopeEvent,
  toStoredEvent,
} from "../stored-event.ts";
import { eventDeltaFromColumns } from "../stored-text.ts";
import type { Connection } from "./connection.ts";
import { toStoreError } from "./errors.ts";
import { feed } from "./feed.ts";
import type { Pool } from "./pool.ts";
import { keyValues, OF_SESSION } from "./rows.ts";
import { allEqual, type Condition, count, type SqlValue } from "./sql.ts";
import { read } from "./transaction.ts";

/** Events that one chunk has at most; what came in meanwhile. */
const CHUNK_EVENTS = 64;

const FROM_EVENTS = "FROM adk_events e FORCE INDEX (PRIMARY)";
/**
 * The events of the session with this uid. In one statement, and so in one snapshot: a row that comes proves that none
 * was left out because the session is gone. A join, since the value of a subquery is NULL where the query is killed
 * just then: without an error, the events would seem to be none (test/store/mysql/killed-queries.test.ts).
 */
const FROM_EVENTS_OF =
  `FROM (SELECT 1 AS is_there FROM adk_sessions WHERE ${allEqual(SESSION_KEY)} AND uid = ?) s ` +
  "STRAIGHT_JOIN adk_events e FORCE INDEX (PRIMARY)";
/** NULL is -0.0. */
const SINCE = "COALESCE(timestamp, 0) >= ?";

/** What both ranges of one session have. */
type Range = Pick<EventRange, "key" | "uid" | "afterSeq" | "throughSeq">;

export async function* readEvents(
  pool: Pool,
  range: EventRange,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredEvent[]> {
  yield* feed<StoredEvent>(signal, CHUNK_EVENTS, (push, stop) =>
    readOnce(pool, push, stop, async (connection, give) => {
      const bounded = await boundedRange(connection, range);
      stop.throwIfAborted();
      if (bounded === undefined) return requireUid(connection, range);
      let found = false;
      const order = range.descending ? "DESC" : "ASC";
      await connection.stream<MessageValues>(
        `SELECT ${READ_MESSAGE} ${FROM_EVENTS_OF} WHERE ${bounded.sql} ` +
          `ORDER BY seq ${order} LIMIT ${count(range.maxRows)}`,
        [...keyValues(range.key), range.uid, ...bounded.values],
        (values) => {
          found = true;
          give(() => toStoredEvent(messageRow(values)));
        },
      );
      if (!found) await requireUid(connection, range);
    }),
  );
}

export async function* readStateDeltas(
  pool: Pool,
  range: DeltaRange,
  signal: AbortSignal | undefined,
): AsyncGenerator<EventDelta[]> {
  const deltas = feed<EventDelta>(signal, CHUNK_EVENTS, (push, stop) =>
    readOnce(pool, push, stop, async (connection, give) => {
      let left = range.maxRows;
      // A row may have no delta of the session's own: then the rows are fewer than were read.
      for (let afterSeq = range.afterSeq, read = left; left > 0 && read >= left; ) {
        const asked = left;
        read = 0;
        const { sql, values } = eventsIn({ ...range, afterSeq }, undefined);
        await connection.stream<DeltaValues>(
          `SELECT seq, revision, state_delta, removed_state_keys ${FROM_EVENTS} ` +
            `WHERE ${sql} AND (state_delta IS NOT NULL OR removed_state_keys IS NOT NULL) ` +
            `ORDER BY seq LIMIT ${count(asked)}`,
          values,
          ([seq, revision, stateDelta, removedKeys]) => {
            read++;
            afterSeq = seq;
            const [set, remove] = eventDeltaFromColumns(stateDelta, removedKeys);
            const delta = splitDelta(set, remove).session;
            if (delta.set.size === 0 && delta.remove.length === 0) return;
            left--;
            give(() => ({ seq, revision, delta }));
          },
        );
        if (read < asked) break;
      }
      await requireUid(connection, range);
    }),
  );
  yield* deltas;
}

export async function seqBeforeNewest(
  pool: Pool,
  input: NewestInput,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { sql, values } = eventsIn(input, input.afterTime);
  const rows = await read(pool, signal, (connection) =>
    connection.execute<{ seq: number }>(
      `SELECT seq ${FROM_EVENTS} WHERE ${sql} ORDER BY seq DESC LIMIT 2 OFFSET ${count(input.count - 1)}`,
      values,
    ),
  );
  const [newest, before] = rows;
  return newest === undefined || before === undefined ? input.afterSeq : newest.seq - 1;
}

/** Events of several sessions: what is left of the last one's session, of its user, and the users after. */
export async function listScopeEvents(
  pool: Pool,
  input: ListScopeEventsInput,
  signal: AbortSignal | undefined,
): Promise<ScopeEvent[]> {
  return read(pool, signal, async (connection) => {
    const events: ScopeEvent[] = [];
    let bytes = 0;
    for (const { sql, values, order } of segments(input)) {
      const tail = `${FROM_EVENTS} WHERE ${sql} ORDER BY ${order}`;
      const left = input.maxRows - events.length;
      if (left === 0) break;
      const sizes = await connection.execute<{ bytes: number }>(
        `SELECT bytes ${tail} LIMIT ${count(left)}`,
        values,
      );
      let fitting = 0;
      for (const size of sizes) {
        if (bytes + size.bytes > input.maxBytes && events.length + fitting > 0) break;
        bytes += size.bytes;
        fitting++;
      }
      if (fitting > 0) {
        const rows = await connection.execute<EventRow>(
          `SELECT ${READ_COLUMNS} ${tail} LIMIT ${count(fitting)}`,
          values,
        );
        events.push(...rows.map(toScopeEvent));
      }
      if (fitting < sizes.length) break;
    }
    return events;
  });
}

/** As `readStateDeltas` selects them. */
type DeltaValues = readonly [
  seq: number,
  revision: number,
  stateDelta: string | null,
  removedStateKeys: string | null,
];

/**
 * Runs a read that gives items as they come: once it gave one, it is not run again. What comes
 * when nobody waits for it any more is not made.
 */
async function readOnce<T>(
  pool: Pool,
  push: (item: T) => void,
  signal: AbortSignal,
  work: (connection: Connection, give: (make: () => T) => void) => Promise<void>,
): Promise<void> {
  let given = false;
  let left = false;
  // A signal made of others is slow to ask: for each row that was 3 % of a history's CPU.
  signal.addEventListener("abort", () => {
    left = true;
  });
  const give = (make: () => T) => {
    given = true;
    if (!left) push(make());
  };
  await read(pool, signal, async (connection) => {
    try {
      await work(connection, give);
    } catch (error) {
      // What was given out is not read again.
      throw given ? toStoreError(error) : error;
    }
  });
}

/**
 * Checks that the session is still there, so that a history is never cut short.
 * @throws StoreError SESSION_NOT_FOUND, SESSION_RECREATED
 */
async function requireUid(connection: Connection, { key, uid }: Range): Promise<void> {
  const [row] = await connection.execute<{ uid: string }>(
    `SELECT uid FROM adk_sessions WHERE ${allEqual(SESSION_KEY)}`,
    keyValues(key),
  );
  if (row === undefined)
    throw new StoreError("SESSION_NOT_FOUND", "The session was deleted while it was read.");
  if (row.uid !== uid) {
    throw new StoreError("SESSION_RECREATED", "The session was deleted and made again while it was read.", {
      facts: { actual_uid: row.uid },
    });
  }
}

/** What the range's bounds leave, but for `maxRows`; undefined if it is known to be nothing. */
async function boundedRange(connection: Connection, range: EventRange): Promise<Condition | undefined> {
  const { maxBytes, afterTime } = range;
  if ((range.sessionBytes ?? Number.POSITIVE_INFINITY) <= maxBytes) return eventsIn(range, afterTime);
  const seqs = await boundedSeqs(connection, range);
  return seqs && eventsIn({ ...range, afterSeq: seqs.first - 1, throughSeq: seqs.last }, afterTime);
}

/**
 * The seqs that the range's bounds leave, found without touching payloads: a query that
 * is ended early makes the driver read the rest all the same.
 */
async function boundedSeqs(
  connection: Connection,
  range: EventRange,
): Promise<{ first: number; last: number } | undefined> {
  const { sql, values } = eventsIn(range, range.afterTime);
  const order = range.descending ? "DESC" : "ASC";
  let sum = 0;
  let full = false;
  let first: number | undefined;
  let last: number | undefined;
  // Rows that come all together outlive young collections, a range of them each time.
  await connection.stream<readonly [seq: number, bytes: number]>(
    `SELECT seq, bytes ${FROM_EVENTS} WHERE ${sql} ORDER BY seq ${order} LIMIT ${count(range.maxRows)}`,
    values,
    ([seq, bytes]) => {
      sum += bytes;
      full ||= last !== undefined && sum > range.maxBytes;
      if (full) return;
      first ??= seq;
      last = seq;
    },
  );
  if (first === undefined || last === undefined) return undefined;
  return { first: Math.min(first, last), last: Math.max(first, last) };
}

function eventsIn(range: Omit<Range, "uid">, afterTime: number | undefined): Condition {
  const values: SqlValue[] = [...keyValues(range.key), range.afterSeq, range.throughSeq];
  const sql = `${allEqual(OF_SESSION)} AND seq > ? AND seq <= ?`;
  return afterTime === undefined
    ? { sql, values }
    : { sql: `${sql} AND ${SINCE}`, values: [...values, afterTime] };
}

/** A part of a scope in its order, of those columns only that vary: MariaDB sorts for the others. */
interface Segment extends Condition {
  readonly order: string;
}

/** The parts of the scope that are still to be read, each one range of the primary key. */
function segments({ scope, after, afterTime }: ListScopeEventsInput): Segment[] {
  const { appName, userId } = scope;
  const parts = after === undefined ? [whole(appName, userId)] : following(appName, userId, after);
  if (afterTime === undefined) return parts;
  return parts.map((part) => ({
    ...part,
    sql: `${part.sql} AND ${SINCE}`,
    values: [...part.values, afterTime],
  }));
}

function whole(appName: string, userId: string | undefined): Segment {
  if (userId === undefined) {
    return { sql: "app_name = ?", values: [appName], order: "user_id, session_id, seq" };
  }
  return { sql: "app_name = ? AND user_id = ?", values: [appName, userId], order: "session_id, seq" };
}

function following(appName: string, userId: string | undefined, after: EventPosition): Segment[] {
  const parts: Segment[] = [
    {
      sql: "app_name = ? AND user_id = ? AND session_id = ? AND seq > ?",
      values: [appName, after.userId, after.sessionId, after.seq],
      order: "seq",
    },
    {
      sql: "app_name = ? AND user_id = ? AND session_id > ?",
      values: [appName, after.userId, after.sessionId],
      order: "session_id, seq",
    },
  ];
  if (userId === undefined) {
    parts.push({
      sql: "app_name = ? AND user_id > ?",
      values: [appName, after.userId],
      order: "user_id, session_id, seq",
    });
  }
  return parts;
}
