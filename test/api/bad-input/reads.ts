import { EventScope, type SessionOrder } from "../../../gen/ts/sessiond/v1/session_service_pb.ts";
import type { Api } from "../harness/clients.ts";
import { type Key, newEvents } from "../harness/samples.ts";
import { both, type Group, invalid } from "./row.ts";

const notNegative = "Send 0 or more.";
const finite = "Send seconds since 1970.";
const badToken = { code: "INVALID_ARGUMENT", reason: "INVALID_PAGE_TOKEN", field: "page_token" };
const badCursor = { code: "INVALID_ARGUMENT", reason: "INVALID_CURSOR", field: "cursor" };
const recreated = { code: "ABORTED", reason: "SESSION_RECREATED" };
const beyond = { code: "OUT_OF_RANGE", reason: "SEQ_BEYOND_HEAD" };
const walkAgain = "Start the walk again, with the same arguments on every page.";

async function cursorOf(api: Api, key: Key): Promise<string> {
  for await (const { cursor } of api.streamEvents({ key })) return cursor;
  throw new Error("a stream without a frame");
}

async function tokenOf(api: Api, key: Key): Promise<string> {
  return (await api.listEvents({ key, pageSize: 1 })).nextPageToken;
}

async function recreate(api: Api, key: Key): Promise<void> {
  await api.deleteSession({ key });
  await api.batchAppendEvents({ key, events: newEvents(3), createSession: true });
}

/** Positions, times, pages, tokens and cursors. */
export const reads: Group = {
  title: "Reads: positions, times, pages, cursors",
  rows: [
    both("Negative page size", invalid("page_size"), notNegative, ({ api, key }) =>
      api.listSessions({ key: { appName: key.appName }, pageSize: -1 }),
    ),
    both("Negative seq", invalid("after_seq"), notNegative, ({ api, key }) =>
      api.listEvents({ key, afterSeq: -1n }),
    ),
    both("Negative seq to look back to", invalid("as_of_seq"), notNegative, ({ api, key }) =>
      api.getSession({ key, asOfSeq: -1n }),
    ),
    both("Negative seq of a session's history", invalid("history.after_seq"), notNegative, ({ api, key }) =>
      api.getSession({ key, history: { afterSeq: -1n } }),
    ),
    both(
      "Negative number of events of a session's history",
      invalid("history.num_recent_events"),
      notNegative,
      ({ api, key }) => api.getSession({ key, history: { numRecentEvents: -1 } }),
    ),
    both(
      "Events of a session as it was, or without its state",
      invalid("history"),
      "Read the past state, or the events, in a call of its own.",
      ({ api, key }) => api.getSession({ key, history: {}, omitState: true }),
    ),
    both("Seq beyond 2^53 - 1", invalid("before_seq"), "Send a seq that the server gave.", ({ api, key }) =>
      api.listEvents({ key, beforeSeq: 2n ** 53n }),
    ),
    both("Negative number of recent events", invalid("num_recent_events"), notNegative, ({ api, key }) =>
      api.streamEvents({ key, numRecentEvents: -1 }),
    ),
    both("Time filter that is NaN", invalid("after_time"), finite, ({ api, key }) =>
      api.streamEvents({ key, afterTime: Number.NaN }),
    ),
    both("Infinite time filter", invalid("after_time"), finite, ({ api, key }) =>
      api.listEvents({ key, afterTime: Number.POSITIVE_INFINITY }),
    ),
    both(
      "Order that is not in the enum",
      invalid("order"),
      "Send a value of SessionOrder; a newer one needs a newer server.",
      ({ api, key }) => api.listSessions({ key: { appName: key.appName }, order: 99 as SessionOrder }),
    ),
    both(
      "Seqs across several sessions",
      invalid("after_seq"),
      "Leave out `after_seq`, `before_seq` and `descending`, or name a session.",
      ({ api, key }) =>
        api.listEvents({ key: { appName: key.appName }, scope: EventScope.APP, afterSeq: 1n }),
    ),
    both(
      "Event scope that is not in the enum",
      invalid("scope"),
      "Send a value of EventScope; a newer one needs a newer server.",
      ({ api, key }) => api.listEvents({ key, scope: 99 as EventScope }),
    ),
    both(
      "Events of a user or an app without the scope that says so",
      invalid("key.session_id"),
      "Send the session id, or `scope`: a forgotten id must not list everybody's events.",
      ({ api, key }) => api.listEvents({ key: { ...key, sessionId: "" } }),
    ),
    both("Damaged page token", badToken, walkAgain, ({ api, key }) =>
      api.listEvents({ key, pageToken: "nonsense" }),
    ),
    both("Page token of another query", badToken, walkAgain, async ({ api, key }) =>
      api.listEvents({ key, pageSize: 1, descending: true, pageToken: await tokenOf(api, key) }),
    ),
    both("Page token of another method", badToken, walkAgain, async ({ api, key }) =>
      api.listSessions({ key: { appName: key.appName }, pageToken: await tokenOf(api, key) }),
    ),
    both("Page token of a deleted namesake", recreated, "Start the walk again.", async ({ api, key }) => {
      const pageToken = await tokenOf(api, key);
      await recreate(api, key);
      return api.listEvents({ key, pageSize: 1, pageToken });
    }),
    both("Damaged cursor", badCursor, "Start again without it.", async ({ api, key }) => {
      for await (const _ of api.streamEvents({ key, cursor: `${await cursorOf(api, key)}A` }));
    }),
    both("Cursor of another session", badCursor, "Start again without it.", async ({ api, key }) => {
      const other = { ...key, sessionId: "other" };
      await api.createSession({ key: other });
      for await (const _ of api.streamEvents({ key: other, cursor: await cursorOf(api, key) }));
    }),
    both("Cursor of a deleted namesake", recreated, "Start again without it.", async ({ api, key }) => {
      const cursor = await cursorOf(api, key);
      await recreate(api, key);
      for await (const _ of api.streamEvents({ key, cursor }));
    }),
    both("Cursor and `after_seq` together", invalid("cursor"), "Send one of them.", async ({ api, key }) => {
      for await (const _ of api.streamEvents({ key, cursor: await cursorOf(api, key), afterSeq: 1n }));
    }),
    both(
      "Stream from beyond the newest event",
      beyond,
      "The store is older than the position (restored?): start over.",
      ({ api, key }) => api.streamEvents({ key, afterSeq: 4n }),
    ),
    both("Page from beyond the newest event", beyond, "Ask for at most `head_seq`.", ({ api, key }) =>
      api.listEvents({ key, afterSeq: 4n }),
    ),
    both("State as of beyond the newest event", beyond, "Ask for at most `head_seq`.", ({ api, key }) =>
      api.getSession({ key, asOfSeq: 4n }),
    ),
    both(
      "Read with the uid of a deleted namesake",
      recreated,
      "Read without it, start over.",
      ({ api, key }) => api.getSession({ key, sessionUid: "another" }),
    ),
    both(
      "Read of a session that is not there",
      { code: "NOT_FOUND", reason: "SESSION_NOT_FOUND" },
      "Create it, or look at the ids: they compare exactly.",
      ({ api, key }) => api.getSession({ key: { ...key, userId: `${key.userId} ` } }),
    ),
  ],
};
