/** What sessions and state weigh, for limits, pages and frames. */
import type { SessionRecord, State } from "../../store/store.ts";

// More than the tags and lengths of one entry of a map take,
const ENTRY_BYTES = 16;
// and than the tags and lengths of all fields of a Session, its numbers and its times.
const ROW_BYTES = 256;

/** No less than what a session takes in an answer, in bytes. */
export function sessionBytes(session: SessionRecord): number {
  const { key, uid, ownerId, displayName } = session;
  const texts = [key.appName, key.userId, key.sessionId, uid, ownerId, displayName];
  return (
    ROW_BYTES +
    texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) +
    mapBytes(session.labels) +
    mapBytes(session.state ?? new Map())
  );
}

/** No less than what an entry of a map takes, in bytes. */
export function entryBytes(key: string, value: string): number {
  return ENTRY_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value);
}

function mapBytes(map: State): number {
  let bytes = 0;
  for (const [key, value] of map) bytes += entryBytes(key, value);
  return bytes;
}
