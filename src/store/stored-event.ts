/**
 * Stored events as reads hand them on: already encoded as the message of the contract,
 * straight from a row. Nothing between the store and the reader looks into them, and
 * objects of them were most of what a history cost (docs/decisions/0016).
 */
import type { SessionKey } from "./store.ts";
import { WireWriter } from "./wire-writer.ts";

/** A stored event. */
export interface StoredEvent {
  readonly seq: number;
  /** The session's revision right after it. */
  readonly revision: number;
  /** The seq of the last event of the append that this one came in. */
  readonly appendEndSeq: number;
  /** A `sessiond.v1.Event`, encoded. It may be a part of a larger buffer. */
  readonly message: Uint8Array;
}

/** A stored event of one of several sessions; its message names the session too. */
export interface ScopeEvent extends StoredEvent {
  readonly key: SessionKey;
}

/** A row of `adk_events` as reads select it. */
export interface EventRow {
  readonly app_name: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly revision: number;
  readonly id: string;
  /** NULL is -0.0, of which some engines drop the sign. */
  readonly timestamp: number | null;
  readonly create_time: number;
  readonly append_end_seq: number;
  readonly bytes: number;
  readonly partial: number | null;
  readonly turn_complete: number | null;
  readonly interrupted: number | null;
  readonly invocation_id: string | null;
  readonly author: string | null;
  readonly branch: string | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly long_running_tool_ids_json: string | null;
  readonly actions: string | null;
  readonly content: string | null;
  readonly grounding_metadata: string | null;
  readonly custom_metadata: string | null;
  readonly extra: string | null;
  readonly state_delta: string | null;
  readonly removed_state_keys: string | null;
  readonly writer_language: string;
  readonly writer_adk_version: string;
}

/** Which event it is and where it stands. */
const PLACE_COLUMNS = [
  "seq",
  "revision",
  "id",
  "timestamp",
  "create_time",
  "append_end_seq",
] as const satisfies readonly (keyof EventRow)[];

/** What was appended. */
const APPENDED_COLUMNS = [
  "partial",
  "turn_complete",
  "interrupted",
  "invocation_id",
  "author",
  "branch",
  "error_code",
  "error_message",
  "long_running_tool_ids_json",
  "actions",
  "content",
  "grounding_metadata",
  "custom_metadata",
  "extra",
  "state_delta",
  "removed_state_keys",
  "writer_language",
  "writer_adk_version",
] as const satisfies readonly (keyof EventRow)[];

/** The columns of `EventRow`. */
export const EVENT_COLUMNS = [
  "app_name",
  "user_id",
  "session_id",
  ...PLACE_COLUMNS,
  "bytes",
  ...APPENDED_COLUMNS,
] as const;

export const READ_COLUMNS = EVENT_COLUMNS.join(", ");

/** What an event of a known session is read from. */
const MESSAGE_COLUMNS = [...PLACE_COLUMNS, ...APPENDED_COLUMNS] as const;

/** The columns of `MessageValues`. */
export const READ_MESSAGE = MESSAGE_COLUMNS.join(", ");

/** What a message is written from. */
export type MessageRow = Pick<EventRow, (typeof MESSAGE_COLUMNS)[number]>;

type ValuesOf<Columns extends readonly (keyof EventRow)[]> = {
  readonly [At in keyof Columns]: EventRow[Columns[At]];
};

/** The same as values in the order of `READ_MESSAGE`. */
export type MessageValues = ValuesOf<typeof MESSAGE_COLUMNS>;

/** The row of these values, made at once: one that grows by column takes several times the memory. */
export function messageRow(values: MessageValues): MessageRow {
  return {
    seq: values[0],
    revision: values[1],
    id: values[2],
    timestamp: values[3],
    create_time: values[4],
    append_end_seq: values[5],
    partial: values[6],
    turn_complete: values[7],
    interrupted: values[8],
    invocation_id: values[9],
    author: values[10],
    branch: values[11],
    error_code: values[12],
    error_message: values[13],
    long_running_tool_ids_json: values[14],
    actions: values[15],
    content: values[16],
    grounding_metadata: values[17],
    custom_metadata: values[18],
    extra: values[19],
    state_delta: values[20],
    removed_state_keys: values[21],
    writer_language: values[22],
    writer_adk_version: values[23],
  };
}

const writer = new WireWriter();

/** The event of a row. */
export function toStoredEvent(row: MessageRow): StoredEvent {
  writeEvent(writer, row);
  return { ...placeOf(row), message: writer.take() };
}

/** The same with the session that it belongs to. */
export function toScopeEvent(row: EventRow): ScopeEvent {
  const key = { appName: row.app_name, userId: row.user_id, sessionId: row.session_id };
  writeEvent(writer, row);
  writer.message(23, () => {
    writer.text(1, key.appName);
    writer.text(2, key.userId);
    writer.text(3, key.sessionId);
  });
  return { ...placeOf(row), key, message: writer.take() };
}

function placeOf({ seq, revision, append_end_seq: appendEndSeq }: MessageRow): Omit<StoredEvent, "message"> {
  return { seq, revision, appendEndSeq };
}

/** Writes a row as a `sessiond.v1.Event` without a key. Field numbers are those of event.proto. */
export function writeEvent(to: WireWriter, row: MessageRow): void {
  to.text(1, row.id);
  optionalText(to, 2, row.invocation_id);
  optionalText(to, 3, row.author);
  optionalText(to, 4, row.branch);
  to.double(5, row.timestamp ?? -0);
  optionalFlag(to, 6, row.partial);
  optionalFlag(to, 7, row.turn_complete);
  optionalFlag(to, 8, row.interrupted);
  optionalText(to, 9, row.error_code);
  optionalText(to, 10, row.error_message);
  const tools = row.long_running_tool_ids_json;
  if (tools !== null) to.message(11, () => texts(to, 1, tools));
  implicitText(to, 12, row.actions);
  if (row.state_delta !== null) stateDelta(to, 13, row.state_delta);
  if (row.removed_state_keys !== null) texts(to, 14, row.removed_state_keys);
  implicitText(to, 15, row.content);
  implicitText(to, 16, row.grounding_metadata);
  implicitText(to, 17, row.custom_metadata);
  implicitText(to, 18, row.extra);
  if (row.writer_language !== "" || row.writer_adk_version !== "") {
    to.message(19, () => {
      implicitText(to, 1, row.writer_language);
      implicitText(to, 2, row.writer_adk_version);
    });
  }
  to.whole(20, row.seq);
  to.whole(21, row.revision);
  to.message(22, () => timestamp(to, row.create_time));
}

/** A text of which absent and empty differ. */
function optionalText(to: WireWriter, field: number, text: string | null): void {
  if (text !== null) to.text(field, text);
}

function optionalFlag(to: WireWriter, field: number, flag: number | null): void {
  if (flag !== null) to.whole(field, Number(flag !== 0));
}

/** A text whose absence is the empty one. */
function implicitText(to: WireWriter, field: number, text: string | null): void {
  if (text !== null && text !== "") to.text(field, text);
}

function texts(to: WireWriter, field: number, json: string): void {
  for (const text of JSON.parse(json) as string[]) to.text(field, text);
}

/** `json` is what `textMapToJson` gave. */
function stateDelta(to: WireWriter, field: number, json: string): void {
  for (const [key, value] of Object.entries(JSON.parse(json) as Record<string, string>)) {
    to.message(field, () => {
      to.text(1, key);
      to.text(2, value);
    });
  }
}

/** A google.protobuf.Timestamp from microseconds since 1970. */
function timestamp(to: WireWriter, micros: number): void {
  const seconds = Math.floor(micros / 1_000_000);
  const nanos = (micros - seconds * 1_000_000) * 1_000;
  if (seconds !== 0) to.int64(1, seconds);
  if (nanos !== 0) to.whole(2, nanos);
}
