/** Groups of appends: load what the plan needs, write what it says, commit once. */
import {
  type AppendLimits,
  type EventMark,
  keyText,
  type PlannedEvent,
  planAppends,
  type SessionHead,
} from "../append-plan.ts";
import { type MarkRow, toHead, toMark } from "../rows.ts";
import type { AppendInput, AppendOutcome } from "../store.ts";
import { eventDeltaToColumns } from "../stored-text.ts";
import type { Connection } from "./connection.ts";
import { refuseOwner } from "./owner.ts";
import { MARK_COLUMNS, toFlag, toPayload, toShownMicros } from "./rows.ts";
import { insertSession, madeByAppend, readRow } from "./sessions.ts";
import { writeAppState, writeSessionState, writeUserState } from "./state.ts";

/** The largest event and group: far below SQLite's own limits, and what a process bears in memory. */
export const APPEND_LIMITS: AppendLimits = {
  maxEventBytes: 64 * 1024 * 1024,
  maxAppendBytes: 128 * 1024 * 1024,
};

/** Commits a group in one transaction. The outcomes are in the order of the group. */
export function append(
  db: Connection,
  group: readonly AppendInput[],
  limits: AppendLimits,
): readonly AppendOutcome[] {
  return db.write(() => {
    const { heads, marks } = load(db, group);
    const plan = planAppends(group, heads, marks, {
      ...limits,
      refuseOwner: (ownerId) => refuseOwner(db, ownerId),
    });
    for (const { head, ownerId } of plan.created) insertSession(db, head, madeByAppend(ownerId));
    for (const head of plan.advanced) advance(db, head);
    for (const event of plan.events) insertEvent(db, event);
    for (const { key, writes } of plan.sessionState) writeSessionState(db, key, writes);
    for (const { appName, userId, writes } of plan.userState) writeUserState(db, appName, userId, writes);
    for (const { appName, writes } of plan.appState) writeAppState(db, appName, writes);
    return plan.outcomes;
  });
}

function load(
  db: Connection,
  group: readonly AppendInput[],
): { heads: Map<string, SessionHead>; marks: Map<string, Map<string, EventMark>> } {
  const heads = new Map<string, SessionHead>();
  const marks = new Map<string, Map<string, EventMark>>();
  for (const { key, events } of group) {
    const text = keyText(key);
    if (!marks.has(text)) {
      marks.set(text, new Map());
      const row = readRow(db, key);
      if (row !== undefined) heads.set(text, toHead(row));
    }
    for (const event of events) {
      const row = db.get<MarkRow>(
        `SELECT ${MARK_COLUMNS} FROM adk_events WHERE app_name = ? AND user_id = ? AND session_id = ? AND id = ?`,
        key.appName,
        key.userId,
        key.sessionId,
        event.id,
      );
      if (row !== undefined) marks.get(text)?.set(row.id, toMark(row));
    }
  }
  return { heads, marks };
}

function advance(db: Connection, head: SessionHead): void {
  db.run(
    `UPDATE adk_sessions
     SET revision = ?, head_seq = ?, event_count = ?, event_bytes = ?, update_time = ?, last_event_time = ?
     WHERE app_name = ? AND user_id = ? AND id = ?`,
    head.revision,
    head.headSeq,
    head.eventCount,
    head.eventBytes,
    head.updateMicros,
    head.lastEventTime,
    head.key.appName,
    head.key.userId,
    head.key.sessionId,
  );
}

const INSERT_EVENT = `INSERT INTO adk_events (
  app_name, user_id, session_id, seq, revision, id, timestamp, timestamp_us, create_time, append_end_seq, bytes,
  digest, state_delta, removed_state_keys, invocation_id, author, branch, partial, turn_complete, interrupted,
  error_code, error_message, long_running_tool_ids_json, writer_language, writer_adk_version, actions, content,
  grounding_metadata, custom_metadata, extra
) VALUES (${Array.from({ length: 30 }, () => "?").join(", ")})`;

function insertEvent(db: Connection, planned: PlannedEvent): void {
  const { key, event } = planned;
  db.run(
    INSERT_EVENT,
    key.appName,
    key.userId,
    key.sessionId,
    planned.seq,
    planned.revision,
    event.id,
    event.timestamp,
    toShownMicros(event.timestamp),
    planned.createMicros,
    planned.appendEndSeq,
    event.bytes,
    event.digest,
    ...eventDeltaToColumns(event.stateDelta, event.removedStateKeys),
    event.invocationId ?? null,
    event.author ?? null,
    event.branch ?? null,
    toFlag(event.partial),
    toFlag(event.turnComplete),
    toFlag(event.interrupted),
    event.errorCode ?? null,
    event.errorMessage ?? null,
    event.longRunningToolIds === undefined ? null : JSON.stringify(event.longRunningToolIds),
    event.writerLanguage,
    event.writerAdkVersion,
    toPayload(event.actions),
    toPayload(event.content),
    toPayload(event.groundingMetadata),
    toPayload(event.customMetadata),
    toPayload(event.extra),
  );
}
