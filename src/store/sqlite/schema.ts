/**
 * The SQLite schema as numbered steps. A released step is never edited: its checksum is
 * recorded with it.
 *
 * Exact doubles stand in columns without a type: the REAL affinity turns -0.0 into 0.
 * Columns that readers filter and merge by come before payloads, which may fill
 * overflow pages that a read would have to walk through to get past them. A payload that
 * is none is NULL, which JSON functions pass over.
 */
import type { MigrationStep } from "../engine.ts";
import { type OwnerDialect, quoted, type Schema } from "../schema.ts";

/** Made before the first step; its rows tell which steps ran. */
export const CREATE_VERSIONS_TABLE = `
CREATE TABLE IF NOT EXISTS adk_schema_versions (
  version INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_at INTEGER NOT NULL
)`;

const SESSION = "app_name TEXT NOT NULL, user_id TEXT NOT NULL, session_id TEXT NOT NULL";
const OF_SESSION =
  "FOREIGN KEY (app_name, user_id, session_id) REFERENCES adk_sessions (app_name, user_id, id) ON DELETE CASCADE";

/** A column of microseconds since 1970 as UTC text, for people. */
function utc(column: string): string {
  const micros = `((${column} % 1000000 + 1000000) % 1000000)`;
  return `strftime('%Y-%m-%d %H:%M:%S', (${column} - ${micros}) / 1000000, 'unixepoch') || printf('.%06d', ${micros})`;
}

const TABLES: readonly string[] = [
  `CREATE TABLE adk_sessions (
  app_name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  id TEXT NOT NULL,
  uid TEXT NOT NULL,
  revision INTEGER NOT NULL,
  head_seq INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  event_count INTEGER NOT NULL,
  event_bytes INTEGER NOT NULL,
  {owner_column},
  display_name TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  update_time INTEGER NOT NULL,
  last_event_time NOT NULL,
  PRIMARY KEY (app_name, user_id, id){owner_fk}
) WITHOUT ROWID`,
  "CREATE INDEX adk_sessions_by_update ON adk_sessions (app_name, update_time, user_id, id)",
  "CREATE INDEX adk_sessions_by_user_update ON adk_sessions (app_name, user_id, update_time, id)",
  "CREATE INDEX adk_sessions_by_create ON adk_sessions (app_name, create_time, user_id, id)",
  "CREATE INDEX adk_sessions_by_user_create ON adk_sessions (app_name, user_id, create_time, id)",
  `CREATE TABLE adk_events (
  ${SESSION},
  seq INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  id TEXT NOT NULL,
  timestamp NOT NULL,
  timestamp_us INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  append_end_seq INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  digest BLOB NOT NULL,
  state_delta TEXT,
  removed_state_keys TEXT,
  invocation_id TEXT,
  author TEXT,
  branch TEXT,
  partial INTEGER,
  turn_complete INTEGER,
  interrupted INTEGER,
  error_code TEXT,
  error_message TEXT,
  long_running_tool_ids_json TEXT,
  writer_language TEXT NOT NULL,
  writer_adk_version TEXT NOT NULL,
  actions TEXT,
  content TEXT,
  grounding_metadata TEXT,
  custom_metadata TEXT,
  extra TEXT,
  PRIMARY KEY (app_name, user_id, session_id, seq),
  UNIQUE (app_name, user_id, session_id, id){session_fk}
)`,
  `CREATE TABLE adk_session_states (
  ${SESSION},
  state_key TEXT NOT NULL,
  value_hash BLOB NOT NULL,
  is_json INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (app_name, user_id, session_id, state_key){session_fk}
) WITHOUT ROWID`,
  `CREATE TABLE adk_user_states (
  app_name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  state_key TEXT NOT NULL,
  value_hash BLOB NOT NULL,
  is_json INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (app_name, user_id, state_key)
) WITHOUT ROWID`,
  `CREATE TABLE adk_app_states (
  app_name TEXT NOT NULL,
  state_key TEXT NOT NULL,
  value_hash BLOB NOT NULL,
  is_json INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (app_name, state_key)
) WITHOUT ROWID`,
  `CREATE TABLE adk_session_labels (
  ${SESSION},
  label_key TEXT NOT NULL,
  label_value TEXT NOT NULL,
  PRIMARY KEY (app_name, user_id, session_id, label_key){session_fk}
) WITHOUT ROWID`,
  `CREATE TABLE adk_session_changes (
  ${SESSION},
  revision INTEGER NOT NULL,
  after_seq INTEGER NOT NULL,
  replaced INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  delta TEXT NOT NULL,
  facts TEXT,
  PRIMARY KEY (app_name, user_id, session_id, revision){session_fk}
) WITHOUT ROWID`,
  `CREATE TABLE adk_requests (
  app_name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  request_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  digest BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  response TEXT NOT NULL,
  response_state TEXT,
  PRIMARY KEY (app_name, user_id, request_id)
) WITHOUT ROWID`,
  "CREATE INDEX adk_requests_by_session ON adk_requests (app_name, user_id, session_id)",
  "CREATE INDEX adk_requests_by_create ON adk_requests (create_time)",
];

const TOMBSTONES: readonly string[] = [
  `CREATE TABLE adk_session_tombstones (
  app_name TEXT NOT NULL,
  delete_time INTEGER NOT NULL,
  uid TEXT NOT NULL,
  user_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  PRIMARY KEY (app_name, delete_time, uid)
) WITHOUT ROWID`,
  "CREATE INDEX adk_session_tombstones_by_user ON adk_session_tombstones (app_name, user_id, delete_time, uid)",
  "CREATE INDEX adk_session_tombstones_by_delete ON adk_session_tombstones (delete_time)",
];

const VIEWS: readonly string[] = [
  `CREATE VIEW adk_sessions_view AS
SELECT s.id, s.app_name, s.user_id, s.owner_id, s.display_name,
  (SELECT json_group_object(state_key, CASE is_json WHEN 1 THEN json(value) END)
     FROM adk_session_states
    WHERE app_name = s.app_name AND user_id = s.user_id AND session_id = s.id) AS state,
  ${utc("s.create_time")} AS create_time,
  ${utc("s.update_time")} AS update_time,
  s.last_event_time, s.uid, s.revision, s.head_seq, s.first_seq, s.event_count, s.event_bytes
FROM adk_sessions s`,
  `CREATE VIEW adk_events_view AS
SELECT id, session_id, app_name, user_id, invocation_id, author, actions, long_running_tool_ids_json, branch,
  ${utc("timestamp_us")} AS timestamp,
  content, grounding_metadata, custom_metadata, partial, turn_complete, interrupted, error_code, error_message,
  extra, state_delta, removed_state_keys, seq, revision,
  ${utc("create_time")} AS create_time,
  bytes, writer_language, writer_adk_version
FROM adk_events`,
];

/** The owner's columns. */
const OWNER: OwnerDialect = {
  collates: false,
  plain: "owner_id TEXT NOT NULL",
  shown: (column) => `owner_id TEXT GENERATED ALWAYS AS (coalesce(CAST(${column} AS TEXT), '')) VIRTUAL`,
};

/** The statements of a step as they run here. */
export function renderStep({ sql }: MigrationStep, schema: Schema): string[] {
  return sql.flatMap((template) => {
    const reference = schema.options.foreignKeys ? `,\n  ${OF_SESSION}` : "";
    const filled = schema.sql(schema.fillOwner(template, OWNER).replace("{session_fk}", reference));
    const { owner } = schema;
    if (owner === undefined || !template.includes("{owner_column}")) return [filled];
    // What deletes an owner looks for its sessions.
    const index = `CREATE INDEX adk_sessions_by_owner ON adk_sessions (${quoted(owner.name)})`;
    return [filled, schema.sql(index)];
  });
}

/** All steps, oldest first. */
export const STEPS: readonly MigrationStep[] = [
  { version: 1, name: "sessions", sql: [...TABLES, ...VIEWS] },
  { version: 2, name: "tombstones of sessions", sql: TOMBSTONES },
];

/** How deep a state value may be for the engine's JSON functions, inside the view's object. */
export const ENGINE_JSON_DEPTH = 999;
