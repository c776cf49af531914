/** Many sessions at once, made by the server itself. */
import mysql from "mysql2/promise";
import { NOW } from "../build.ts";

/** How the sessions lie: `app0` … `app9`, in each `u0` … `u99`, of each `s0`, `s1`, …. */
const APPS = 10;
const USERS = 100;

/** Events of each session. */
export const EVENTS_EACH = 2;

const DIGITS = `(${Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(" UNION ALL ")})`;

const NONE = '{"set":{},"remove":[]}';

/**
 * Fills a migrated, empty database with `sessions` sessions (a multiple of 1,000, at most
 * 100,000), 20,000 of them with two events, a state key `a`, a label `a`, a change and a kept
 * answer, shared state, and as many tombstones as sessions, then has the server look at its tables. Texts are short.
 */
export async function fillSessions(url: string, sessions: number): Promise<void> {
  const connection = await mysql.createConnection(url);
  try {
    // The check of a reference costs more than the row.
    await connection.query("SET SESSION foreign_key_checks = 0, SESSION unique_checks = 0");
    await connection.query("SET NAMES utf8mb4");
    await connection
      .query("CREATE TEMPORARY TABLE numbers (n INT PRIMARY KEY)")
      .catch(async (error: unknown) => {
        // Without the right for temporary tables.
        if ((error as { errno?: number }).errno !== 1044) throw error;
        await connection.query("CREATE TABLE numbers (n INT PRIMARY KEY)");
      });
    await connection.query(
      `INSERT INTO numbers SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS n ` +
        `FROM ${DIGITS} a, ${DIGITS} b, ${DIGITS} c, ${DIGITS} d, ${DIGITS} e HAVING n < ?`,
      [sessions],
    );
    const app = `CONCAT('app', n % ${APPS})`;
    const user = `CONCAT('u', FLOOR(n / ${APPS}) % ${USERS})`;
    const session = `CONCAT('s', FLOOR(n / ${APPS * USERS}))`;
    const key = `${app}, ${user}, ${session}`;
    const order = `ORDER BY ${key}`;
    const time = `${NOW} + n * 1000`;
    const hash = "UNHEX(SUBSTR(SHA2('x', 256), 1, 32))";
    const delta = `'{"session":${NONE},"user":${NONE},"app":${NONE}}'`;
    // Of what hangs on sessions so much that a scan of it costs more than an index.
    const some = "WHERE n < 20000";
    await connection.query("START TRANSACTION");
    for (const sql of [
      `INSERT INTO adk_sessions (app_name, user_id, id, uid, revision, head_seq, event_count, event_bytes, create_time,
         update_time, last_event_time)
       SELECT ${key}, CONCAT('uid', n), 2, ${EVENTS_EACH}, ${EVENTS_EACH}, 200 + n % 1000, ${time}, ${time} + 500, 1
       FROM numbers ${order}`,
      `INSERT INTO adk_events (app_name, user_id, session_id, seq, id, revision, append_end_seq, create_time, timestamp,
         timestamp_us, bytes, digest, content, state_delta, writer_language, writer_adk_version)
       SELECT ${key}, seq, CONCAT('e', seq), 2, ${EVENTS_EACH}, ${time}, 1760000000 + seq, ${time}, 100,
         UNHEX(SHA2('x', 256)), '{"parts":[{"text":"hello"}]}', '{"a":"1"}', 'python', '2.13.0'
       FROM numbers, (SELECT 1 AS seq UNION ALL SELECT 2) seqs ${some} ${order}, seq`,
      `INSERT INTO adk_session_states (app_name, user_id, session_id, state_key, value, value_hash, is_json)
       SELECT ${key}, 'a', '1', ${hash}, 1 FROM numbers ${some} ${order}`,
      `INSERT INTO adk_session_labels (app_name, user_id, session_id, label_key, label_value)
       SELECT ${key}, 'a', 'b' FROM numbers ${some} ${order}`,
      `INSERT INTO adk_session_changes (app_name, user_id, session_id, revision, after_seq, create_time, replaced, delta)
       SELECT ${key}, 1, 0, ${time}, 0, ${delta} FROM numbers ${some} ${order}`,
      `INSERT INTO adk_requests (app_name, user_id, request_id, session_id, digest, response, create_time)
       SELECT ${app}, ${user}, CONCAT('r', n), ${session}, UNHEX(SHA2('x', 256)), '{}', ${time} FROM numbers ${some} ${order}`,
      `INSERT INTO adk_session_tombstones (app_name, delete_time, uid, user_id, session_id)
       SELECT ${app}, ${time}, CONCAT('uid', n), ${user}, ${session} FROM numbers ORDER BY ${app}, n`,
      `INSERT INTO adk_user_states (app_name, user_id, state_key, value, value_hash, is_json)
       SELECT DISTINCT ${app}, ${user}, 'b', '1', ${hash}, 1 FROM numbers`,
      `INSERT INTO adk_app_states (app_name, state_key, value, value_hash, is_json)
       SELECT DISTINCT ${app}, 'c', '1', ${hash}, 1 FROM numbers`,
    ]) {
      await connection.query(sql);
    }
    await connection.query("COMMIT");
    await connection.query("DROP TABLE numbers");
    await connection.query(
      "ANALYZE TABLE adk_sessions, adk_events, adk_session_states, adk_session_labels, adk_session_changes, " +
        "adk_requests, adk_user_states, adk_app_states, adk_session_tombstones",
    );
  } finally {
    connection.destroy();
  }
}
