/** How SQLite uses indexes over state keys: SQL of people, and lists by a rare value. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { canonicalHash } from "../../src/json/canonical.ts";
import { Connection } from "../../src/store/sqlite/connection.ts";
import { sqliteEngine } from "../../src/store/sqlite/index.ts";
import { addStateIndex } from "../../src/store/sqlite/index-state.ts";
import { listSessions } from "../../src/store/sqlite/sessions.ts";
import { MOST_CANDIDATES } from "../../src/store/state-index.ts";
import { listInput } from "./build.ts";
import { ENGINE_OPTIONS, makeSqliteDatabase } from "./sqlite-harness.ts";

const SESSIONS = MOST_CANDIDATES + 500;

let database: Awaited<ReturnType<typeof makeSqliteDatabase>>;
let db: Connection;

beforeEach(async () => {
  database = await makeSqliteDatabase();
  await sqliteEngine.migrate(database.url, { ...ENGINE_OPTIONS, dryRun: false });
  db = Connection.open({ path: database.path, busyTimeoutMs: 1_000 });
  db.write(() => {
    for (let at = 0; at < SESSIONS; at++) {
      db.run(
        `INSERT INTO adk_sessions (app_name, user_id, id, uid, revision, head_seq, first_seq, event_count, event_bytes,
         owner_id, display_name, create_time, update_time, last_event_time) VALUES ('app', 'u', ?, ?, 1, 0, 1, 0, 0, '', '', ?, ?, 0)`,
        `s${at}`,
        `uid${at}`,
        at,
        at,
      );
      for (const [key, value] of [
        ["rare", `"t${at % 500}"`],
        ["common", '"open"'],
      ] as const) {
        db.run(
          `INSERT INTO adk_session_states (app_name, user_id, session_id, state_key, value_hash, is_json, value)
           VALUES ('app', 'u', ?, ?, ?, 1, ?)`,
          `s${at}`,
          key,
          canonicalHash(value),
          value,
        );
      }
    }
  });
});

afterEach(async () => {
  db.close();
  await database.cleanup();
});

const planOf = (sql: string) =>
  db
    .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .map(({ detail }) => detail)
    .join("; ");

/** The statements of a list, and the sessions that it gives. */
function asked(key: string, value: string): { sql: string; ids: string[] } {
  const sent: string[] = [];
  const heard = Object.create(db, {
    all: {
      value: (sql: string, ...values: []) => {
        sent.push(sql);
        return db.all(sql, ...values);
      },
    },
  }) as Connection;
  const input = listInput("app", {
    stateEquals: new Map([[key, canonicalHash(value)]]),
    descending: true,
    limit: 9,
  });
  const ids = listSessions(heard, input).map((session) => session.key.sessionId);
  return { sql: sent.join("\n"), ids };
}

test("SQL and lists go by the index of a rare value, and by their own order to a common one", () => {
  const without = [asked("rare", '"t7"'), asked("common", '"open"')];
  expect(without[0]?.ids).toEqual(["s2007", "s1507", "s1007", "s507", "s7"]);
  expect(without[1]?.ids).toHaveLength(9);
  for (const stateKey of ["rare", "common"]) {
    addStateIndex({ path: database.path, busyTimeoutMs: 1_000, stateKey, type: "text", dryRun: false });
  }
  const rare = asked("rare", '"t7"');
  expect(rare.sql).toContain("INDEXED BY adk_session_states_hash_rare");
  expect(rare.ids).toEqual(without[0]?.ids);
  const common = asked("common", '"open"');
  expect(common.sql).not.toContain("INDEXED BY");
  expect(common.ids).toEqual(without[1]?.ids);
  const bySql = "SELECT session_id FROM adk_session_states WHERE app_name = 'app' AND state_rare = 't7'";
  expect(planOf(bySql)).toContain("adk_session_states_state_rare (app_name=? AND state_rare=?)");
  expect(db.all(bySql)).toHaveLength(5);
  // Of a dropped part, lists make no use.
  db.exec("DROP INDEX adk_session_states_hash_rare");
  expect(asked("rare", '"t7"').ids).toEqual(rare.ids);
});
