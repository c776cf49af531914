/** Many sessions, made by the database from one that the server made. */
import { type Key, runSql } from "../api/harness.ts";

/**
 * Copies the session `s1` of `key`'s user to `s2`, `s3` and so on below `s` and `count`, but for every `every`th one.
 * Their events are not copied. Each has times of its own, a microsecond apart.
 */
export async function copySessions(url: string, key: Key, count: number, every: number): Promise<void> {
  const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
  const name = url.startsWith("sqlite:") ? "'s' || n" : "CONCAT('s', n)";
  const uid = url.startsWith("sqlite:") ? "uid || n" : "CONCAT(uid, n)";
  const digits = `(${Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(" UNION ALL ")})`;
  const places = ["a", "b", "c", "d", "e"];
  const number = places.map((place, at) => `${place}.d * ${10 ** at}`).join(" + ");
  const numbers = `(SELECT ${number} AS n FROM ${places.map((place) => `${digits} ${place}`).join(", ")}) numbers`;
  await runSql(url, [
    `INSERT INTO adk_sessions (app_name, user_id, id, uid, revision, head_seq, first_seq, event_count, event_bytes, owner_id, display_name, create_time,
       update_time, last_event_time)
     SELECT app_name, user_id, ${name}, ${uid}, revision, head_seq, first_seq, event_count, event_bytes, owner_id, display_name, create_time + n,
       update_time + n, last_event_time
     FROM adk_sessions, ${numbers}
     WHERE app_name = ${text(key.appName)} AND user_id = ${text(key.userId)} AND id = ${text(key.sessionId)}
       AND n > 1 AND n < ${count} AND n % ${every} <> 0`,
  ]);
}
