/**
 * The tables, as numbered steps. DDL commits by itself here, so every statement can be
 * run again after a crash. Texts compare byte for byte (`{exact}` is the server's binary
 * collation that does not pad); the key columns leave room for an 8-byte tenant in front
 * within InnoDB's 3,072 bytes. A checksum covers the template, so it is the same on
 * every server and with or without foreign keys.
 */
import type { MigrationStep } from "../engine.ts";
import { VERSIONS_TABLE } from "../migrations.ts";
import type { OwnerDialect, Schema } from "../schema.ts";
import type { Dialect } from "./dialect.ts";

const TABLE_OPTIONS = "ENGINE=InnoDB{table_options} DEFAULT CHARSET=utf8mb4 COLLATE={exact}";

/** Records the steps. While a process migrates, version 0 is its lease: who, and until when. */
const VERSIONS = `CREATE TABLE IF NOT EXISTS ${VERSIONS_TABLE} (
  version INT NOT NULL,
  name VARCHAR(191) NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished BOOLEAN NOT NULL DEFAULT 1,
  applied_at BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
  PRIMARY KEY (version)
) ${TABLE_OPTIONS}`;

const SESSIONS = `CREATE TABLE IF NOT EXISTS adk_sessions (
  app_name VARCHAR(191) NOT NULL,
  user_id VARCHAR(191) NOT NULL,
  id VARCHAR(191) NOT NULL,
  uid VARCHAR(64) NOT NULL,
  revision BIGINT NOT NULL,
  head_seq BIGINT NOT NULL,
  first_seq BIGINT NOT NULL DEFAULT 1,
  event_count BIGINT NOT NULL,
  event_bytes BIGINT NOT NULL,
  {owner_column},
  display_name VARCHAR(1024) NOT NULL DEFAULT '',
  create_time BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
  update_time BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
  last_event_time DOUBLE NULL COMMENT 'seconds since 1970, exact; NULL is -0.0',
  PRIMARY KEY (app_name, user_id, id),
  KEY adk_sessions_by_update (app_name, update_time, user_id, id),
  KEY adk_sessions_by_user_update (app_name, user_id, update_time, id),
  KEY adk_sessions_by_create (app_name, create_time, user_id, id),
  KEY adk_sessions_by_user_create (app_name, user_id, create_time, id){owner_key}{owner_fk}
) ${TABLE_OPTIONS}`;

const EVENTS = `CREATE TABLE IF NOT EXISTS adk_events (
  app_name VARCHAR(191) NOT NULL,
  user_id VARCHAR(191) NOT NULL,
  session_id VARCHAR(191) NOT NULL,
  seq BIGINT NOT NULL,
  id VARCHAR(191) NOT NULL,
  revision BIGINT NOT NULL,
  append_end_seq BIGINT NOT NULL COMMENT 'seq of the last event of the same append',
  create_time BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
  timestamp DOUBLE NULL COMMENT 'seconds since 1970 as the writer gave them, exact; NULL is -0.0',
  timestamp_us BIGINT NOT NULL COMMENT 'timestamp in microseconds since 1970, kept within the years 1 to 9999',
  bytes BIGINT NOT NULL,
  digest BINARY(32) NOT NULL,
  partial BOOLEAN NULL,
  turn_complete BOOLEAN NULL,
  interrupted BOOLEAN NULL,
  invocation_id LONGTEXT NULL,
  author LONGTEXT NULL,
  branch LONGTEXT NULL,
  error_code LONGTEXT NULL,
  error_message LONGTEXT NULL,
  long_running_tool_ids_json LONGTEXT NULL,
  actions LONGTEXT NULL,
  content LONGTEXT NULL,
  grounding_metadata LONGTEXT NULL,
  custom_metadata LONGTEXT NULL,
  extra LONGTEXT NULL,
  state_delta LONGTEXT NULL,
  removed_state_keys LONGTEXT NULL,
  writer_language LONGTEXT NOT NULL,
  writer_adk_version LONGTEXT NOT NULL,
  PRIMARY KEY (app_name, user_id, session_id, seq),
  UNIQUE KEY adk_events_by_id (app_name, user_id, session_id, id){events_fk}
) ${TABLE_OPTIONS}`;

const STATE_COLUMNS = `state_key VARBINARY(512) NOT NULL,
  value LONGTEXT NOT NULL,
  value_hash BINARY(16) NOT NULL,
  is_json BOOLEAN NOT NULL COMMENT 'whether the JSON functions here take the value'`;

const SESSION_STATES = `CREATE TABLE IF NOT EXISTS adk_session_states (
  app_name VARCHAR(191) NOT NULL,
  user_id VARCHAR(191) NOT NULL,
  session_id VARCHAR(191) NOT NULL,
  ${STATE_COLUMNS},
  PRIMARY KEY (app_name, user_id, session_id, state_key){session_states_fk}
) ${TABLE_OPTIONS}`;

const USER_STATES = `CREATE TABLE IF NOT EXISTS adk_user_states (
  app_name VARCHAR(191) NOT NULL,
  user_id VARCHAR(191) NOT NULL,
  ${STATE_COLUMNS},
  PRIMARY KEY (app_name, user_id, state_key)
) ${TABLE_OPTIONS}`;

const APP_STATES = `CREATE TABLE IF NOT EXISTS adk_app_states (
  app_name VARCHAR(191) NOT NULL,
  ${STATE_COLUMNS},
  PRIMARY KEY (app_name, state_key)
) ${TABLE_OPTIONS}`;

const SESSION_LABELS = `CREATE TABLE IF NOT EXISTS adk_session_labels (
  app_name VARCHAR(191) NOT NULL,
  user_id VARCHAR(191) NOT NULL,
  session_id VARCHAR(191) NOT NULL,
  label_key VARCHAR(128) NOT NULL,
  label_value VARCHAR(256) NOT NULL,
  PRIMARY KEY (app_name, user_id, session_id, label_key){session_labels_fk}
) ${TABLE_OPTIONS}`;

const SESSION_CHANGES = `CREATE TABLE IF NOT EXISTS adk_session_changes (
  app_name VARCHAR(191) NOT NULL,
  user_id VARCHAR(191) NOT NULL,
  session_id VARCHAR(191) NOT NULL,
  revision BIGINT NOT NULL,
  after_seq BIGINT NOT NULL,
  create_time BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
  replaced BOOLEAN NOT NULL COMMENT 'whether the delta became the whole state of the session',
  delta LONGTEXT NOT NULL,
  facts LONGTEXT NULL COMMENT 'what else was changed',
  PRIMARY KEY (app_name, user_id, session_id, revision){session_changes_fk}
) ${TABLE_OPTIONS}`;

const REQUESTS = `CREATE TABLE IF NOT EXISTS adk_requests (
  app_name VARCHAR(191) NOT NULL,
  user_id VARCHAR(191) NOT NULL,
  request_id VARCHAR(191) NOT NULL,
  session_id VARCHAR(191) NOT NULL,
  digest BINARY(32) NOT NULL,
  response LONGTEXT NOT NULL,
  response_state LONGTEXT NULL COMMENT 'the state in the answer, forgotten with the session',
  create_time BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
  PRIMARY KEY (app_name, user_id, request_id),
  KEY adk_requests_by_session (app_name, user_id, session_id),
  KEY adk_requests_by_create (create_time)
) ${TABLE_OPTIONS}`;

/** Rows are written in the order of the primary key and read by ranges of it. */
const SESSION_TOMBSTONES = `CREATE TABLE IF NOT EXISTS adk_session_tombstones (
  app_name VARCHAR(191) NOT NULL,
  delete_time BIGINT NOT NULL COMMENT 'microseconds since 1970, UTC',
  uid VARCHAR(64) NOT NULL,
  user_id VARCHAR(191) NOT NULL,
  session_id VARCHAR(191) NOT NULL,
  PRIMARY KEY (app_name, delete_time, uid),
  KEY adk_session_tombstones_by_user (app_name, user_id, delete_time, uid),
  KEY adk_session_tombstones_by_delete (delete_time)
) ${TABLE_OPTIONS}`;

/** Readable UTC; a time that no DATETIME has shows as NULL, by the function itself. */
const utc = (micros: string) =>
  `CAST(TIMESTAMPADD(MICROSECOND, ${micros}, '1970-01-01 00:00:00.000000') AS DATETIME(6))`;

// A value that the JSON functions refuse would stop the query of everyone, so it shows as null.
const SESSIONS_VIEW = `CREATE OR REPLACE SQL SECURITY INVOKER VIEW adk_sessions_view AS
SELECT s.id, s.app_name, s.user_id, s.owner_id, s.display_name,
  COALESCE((SELECT JSON_OBJECTAGG(CONVERT(t.state_key USING utf8mb4), JSON_EXTRACT(IF(t.is_json, t.value, 'null'), '$'))
    FROM adk_session_states t
    WHERE t.app_name = s.app_name AND t.user_id = s.user_id AND t.session_id = s.id), JSON_OBJECT()) AS state,
  ${utc("s.create_time")} AS create_time, ${utc("s.update_time")} AS update_time,
  COALESCE(s.last_event_time, 0) AS last_event_time,
  s.uid, s.revision, s.head_seq, s.first_seq, s.event_count, s.event_bytes
FROM adk_sessions s`;

const EVENTS_VIEW = `CREATE OR REPLACE SQL SECURITY INVOKER VIEW adk_events_view AS
SELECT e.id, e.session_id, e.app_name, e.user_id, e.invocation_id, e.author, e.actions, e.long_running_tool_ids_json,
  e.branch, ${utc("e.timestamp_us")} AS timestamp, e.content, e.grounding_metadata, e.custom_metadata,
  e.partial, e.turn_complete, e.interrupted, e.error_code, e.error_message, e.extra, e.state_delta,
  e.removed_state_keys, e.seq, e.revision, ${utc("e.create_time")} AS create_time, e.bytes,
  e.writer_language, e.writer_adk_version
FROM adk_events e`;

/** The steps as they are recorded; `renderSql` makes them a server's. */
export const STEPS: readonly MigrationStep[] = [
  {
    version: 1,
    name: "sessions, events and state",
    sql: [
      SESSIONS,
      EVENTS,
      SESSION_STATES,
      USER_STATES,
      APP_STATES,
      SESSION_LABELS,
      SESSION_CHANGES,
      REQUESTS,
      SESSIONS_VIEW,
      EVENTS_VIEW,
    ],
  },
  { version: 2, name: "tombstones of sessions", sql: [SESSION_TOMBSTONES] },
];

/** The statement that makes the table of versions. */
export function versionsTableSql(schema: Schema, dialect: Dialect): string {
  return renderSql(VERSIONS, schema, dialect);
}

/** The owner's columns. The text has the exact collation, so that filters compare as everywhere. */
function ownerDialect({ exactCollation }: Dialect): OwnerDialect {
  return {
    collates: true,
    plain: "owner_id VARCHAR(191) NOT NULL DEFAULT ''",
    shown: (column) =>
      `owner_id VARCHAR(191) CHARACTER SET utf8mb4 COLLATE ${exactCollation} ` +
      `GENERATED ALWAYS AS (COALESCE(CAST(${column} AS CHAR(191) CHARACTER SET utf8mb4), '')) VIRTUAL`,
  };
}

/** Rows are DYNAMIC unless an operator packs them: other formats have no room for the keys. */
function tableOptions(template: string, schema: Schema): string {
  const table = /^CREATE TABLE IF NOT EXISTS (\w+)/.exec(template)?.[1] ?? "";
  const options = { ROW_FORMAT: "DYNAMIC", ...schema.tableOptions(table) };
  return Object.entries(options)
    .map(([name, value]) => ` ${name}=${value}`)
    .join("");
}

/** A statement of a step for a server, with or without foreign keys. */
export function renderSql(template: string, schema: Schema, dialect: Dialect): string {
  const filled = schema
    .fillOwner(template, ownerDialect(dialect))
    .replaceAll("{exact}", dialect.exactCollation)
    .replace("{table_options}", () => tableOptions(template, schema))
    .replace(/\{(\w+)_fk\}/, (_, table: string) =>
      schema.options.foreignKeys
        ? `,
  CONSTRAINT adk_${table}_session FOREIGN KEY (app_name, user_id, session_id)
    REFERENCES adk_sessions (app_name, user_id, id) ON DELETE CASCADE`
        : "",
    );
  return schema.sql(filled);
}
