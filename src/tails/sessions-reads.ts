/** What happened to the sessions of a scope since a time, page by page. */
import type { ListSessionsInput, Scope, SessionRecord, Store, Tombstone } from "../store/store.ts";

export type SessionsStore = Pick<Store, "listSessions" | "listTombstones">;

/** What was asked of a store, and what came. */
export interface Asked {
  queries: number;
  rows: number;
}

/** The same store, adding what is asked of it to `asked`. */
export function countingReads(store: SessionsStore, asked: Asked): SessionsStore {
  const counted = async <Row>(page: Promise<Row[]>): Promise<Row[]> => {
    asked.queries++;
    const rows = await page;
    asked.rows += rows.length;
    return rows;
  };
  return {
    listSessions: (...input) => counted(store.listSessions(...input)),
    listTombstones: (...input) => counted(store.listTombstones(...input)),
  };
}

/** Rows of one page. */
const PAGE_ROWS = 500;

/** All sessions of a scope in an order, without a filter and without state. */
export function plainList(scope: Scope): Omit<ListSessionsInput, "descending" | "after" | "limit"> {
  return {
    scope,
    orderBy: "updateMicros",
    ownerId: undefined,
    labels: new Map(),
    stateEquals: new Map(),
    includeState: false,
  };
}

/** Sessions that changed at `fromMicros` or later, by time, as light rows; one that changes meanwhile may come again. */
export async function* sessionsFrom(
  store: SessionsStore,
  scope: Scope,
  fromMicros: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<SessionRecord, void, undefined> {
  // Ids are never empty: this place is before every session of its time.
  let after = { micros: fromMicros, userId: "", sessionId: "" };
  for (;;) {
    const input = { ...plainList(scope), descending: false, after, limit: PAGE_ROWS };
    const page = await store.listSessions(input, signal);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return;
    after = { micros: last.updateMicros, userId: last.key.userId, sessionId: last.key.sessionId };
  }
}

/** Tombstones of `fromMicros` or later, by time. */
export async function* tombstonesFrom(
  store: SessionsStore,
  scope: Scope,
  fromMicros: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Tombstone, void, undefined> {
  let after = { micros: fromMicros, uid: "" };
  for (;;) {
    const page = await store.listTombstones({ scope, after, limit: PAGE_ROWS }, signal);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return;
    after = { micros: last.deleteMicros, uid: last.uid };
  }
}
