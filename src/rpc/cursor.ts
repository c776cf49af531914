/** Cursors of event streams: where to go on, in which session. */
import type { SessionKey } from "../store/store.ts";
import { RpcError } from "./errors.ts";
import { openToken, sealToken } from "./token.ts";

const KIND = "cursor/2";

/** Leaves out events of the history: what is appended later comes whatever its timestamp. */
export interface HistoryFilter {
  /** Only events with this timestamp or later, in seconds since 1970, */
  readonly afterTime: number;
  /** up to this seq: the head when the stream was first opened. */
  readonly throughSeq: number;
}

/** What a cursor carries. */
export interface Cursor {
  /** The session that it belongs to. */
  readonly uid: string;
  /** Everything up to this seq was sent, or was not asked for. */
  readonly seq: number;
  /**
   * Every change without an event up to this revision was told, or is in the state that
   * the stream opened with.
   */
  readonly revision: number;
  /** The filter that the stream was opened with, which a resumed one goes on with. */
  readonly filter: HistoryFilter | undefined;
}

/** The cursor's text, bound to the session's key. */
export function encodeCursor(key: SessionKey, cursor: Cursor): string {
  return sealToken(KIND, binding(key), [
    cursor.uid,
    cursor.seq,
    cursor.revision,
    cursor.filter?.afterTime ?? null,
    cursor.filter?.throughSeq ?? null,
  ]);
}

/** @throws RpcError INVALID_CURSOR if it is damaged or belongs to a session of another key */
export function decodeCursor(key: SessionKey, text: string): Cursor {
  const [uid, seq, revision, afterTime, throughSeq] = openToken(KIND, binding(key), text) ?? [];
  if (typeof uid !== "string" || !isSeq(seq) || !isSeq(revision)) throw invalidCursor();
  if (afterTime === null && throughSeq === null) return { uid, seq, revision, filter: undefined };
  if (typeof afterTime !== "number" || !isSeq(throughSeq)) throw invalidCursor();
  return { uid, seq, revision, filter: { afterTime, throughSeq } };
}

function binding(key: SessionKey): readonly string[] {
  return [key.appName, key.userId, key.sessionId];
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function invalidCursor(): RpcError {
  return new RpcError(
    "INVALID_CURSOR",
    "The cursor is damaged or belongs to another session. Start again without it.",
    { fieldViolations: [{ field: "cursor", description: "belongs to no stream of this session" }] },
  );
}
