/** The doctor's checks of a server, as pure functions over what it told. */
import type { EngineOptions } from "../../engine.ts";
import { type Finding, fail, ok, warn } from "../../finding.ts";
import { PACKET_HEADROOM_BYTES } from "../connection.ts";
import type { FoundTable, ServerFacts } from "./facts.ts";

const MiB = 1 << 20;
const LARGEST_EVENT_BYTES = 16 * MiB;

/** A round trip that is slower is felt in every append, which takes one or two of them. */
const SLOW_ROUND_TRIP_MS = 3;
const CLOCK_TOLERANCE_MS = 1_000;
/** A connection must outlive the pauses of ordinary traffic. */
const SHORTEST_WAIT_SECONDS = 60;
/** How long the redo log should last at the rate of its writing so far. */
const REDO_LASTS_SECONDS = 900;
/** What a server has written before says nothing of its ordinary rate. */
const RATE_TELLS_AFTER_SECONDS = 1_800;
/** The share of max_connections above which one more server does not fit. */
const CROWDED = 0.8;
/** Prepared statements that one connection keeps (connection.ts). */
const STATEMENTS_PER_CONNECTION = 64;

/** What the checks of a server look at. */
export interface Checked {
  readonly facts: ServerFacts;
  readonly options: EngineOptions;
  /** Whether the way to the server leaves this machine. */
  readonly remote: boolean;
}

/** The checks of a server that need no tables, in the order of the report. */
export const SERVER_CHECKS: readonly ((checked: Checked) => Finding)[] = [
  ({ facts }) => ok("version", facts.dialect.description),
  checkReadOnly,
  checkTls,
  checkLatency,
  checkClock,
  checkTimeZone,
  checkCharset,
  checkSqlMode,
  checkIsolation,
  checkPacket,
  checkFlush,
  checkBinlog,
  checkRedoLog,
  checkWaitTimeout,
  checkPreparedStatements,
  checkConnections,
  checkRights,
];

function checkReadOnly({ facts }: Checked): Finding {
  const on = ["read_only", "super_read_only"].filter((name) => isOn(facts.variables.get(name)));
  if (on.length === 0) return ok("read_only", "takes writes");
  return fail(
    "read_only",
    `${on.join(" and ")} is on: reads work, every write fails`,
    "Give the address of the primary, or switch it off with SET GLOBAL read_only = OFF.",
  );
}

function checkTls({ facts, remote }: Checked): Finding {
  if (facts.cipher !== "") return ok("tls", `encrypted (${facts.cipher})`);
  if (!remote) return ok("tls", "not encrypted, on this machine");
  return warn(
    "tls",
    "what passes between sessiond and the database is not encrypted",
    "Ask for TLS in the store's URL; docs/mysql.md has the ways.",
  );
}

function checkLatency({ facts }: Checked): Finding {
  const trips = facts.roundTripsMs;
  const middle = trips[Math.floor(trips.length / 2)] ?? 0;
  const found = `${middle.toFixed(2)} ms a round trip (fastest ${(trips[0] ?? 0).toFixed(2)}, slowest ${(trips.at(-1) ?? 0).toFixed(2)})`;
  if (middle <= SLOW_ROUND_TRIP_MS) return ok("latency", found);
  return warn(
    "latency",
    `${found}; an append takes one or two, and a commit`,
    "Run sessiond near the database.",
  );
}

function checkClock({ facts }: Checked): Finding {
  const ahead = Math.round(facts.clockAheadMs);
  const found = `the database's clock is ${Math.abs(ahead)} ms ${ahead < 0 ? "behind" : "ahead of"} this machine's`;
  if (Math.abs(ahead) <= CLOCK_TOLERANCE_MS) return ok("clock", found);
  return warn(
    "clock",
    found,
    "Let NTP keep both: create and update times come from the machines of sessiond.",
  );
}

function checkTimeZone({ facts }: Checked): Finding {
  const zone = facts.variables.get("time_zone");
  if (zone === "+00:00") return ok("time_zone", "sessions are in UTC");
  return fail(
    "time_zone",
    `sessions are in ${zone}, though sessiond set +00:00`,
    "Look for a proxy that resets or shares sessions, and pin sessiond's sessions to connections.",
  );
}

function checkCharset({ facts }: Checked): Finding {
  const wrong = ["character_set_client", "character_set_connection", "character_set_results"]
    .map((name) => [name, facts.variables.get(name)] as const)
    .filter(([, value]) => value !== "utf8mb4");
  if (wrong.length === 0) return ok("charset", "sessions speak utf8mb4");
  return fail(
    "charset",
    `${wrong.map((pair) => pair.join(" = ")).join(", ")}: emoji and other characters would be lost`,
    "Switch off skip_character_set_client_handshake and init_connect settings that change the charset.",
  );
}

function checkSqlMode({ facts }: Checked): Finding {
  const modes = (facts.variables.get("sql_mode") ?? "").split(",");
  const missing = modes.some((mode) => /^STRICT_(ALL|TRANS)_TABLES$/.test(mode)) ? [] : ["STRICT_ALL_TABLES"];
  const harmful = modes.filter((mode) =>
    /^(NO_BACKSLASH_ESCAPES|ANSI_QUOTES|ANSI|PAD_CHAR_TO_FULL_LENGTH)$/.test(mode),
  );
  if (missing.length + harmful.length === 0) return ok("sql_mode", "sessions are strict");
  return fail(
    "sql_mode",
    `sessions have ${modes.join(",") || "no mode"}, though sessiond sets its own`,
    "Look for a proxy or an init_connect that changes sql_mode, and take it away for sessiond's user.",
  );
}

function checkIsolation({ facts }: Checked): Finding {
  const level = facts.variables.get("transaction_isolation") ?? facts.variables.get("tx_isolation");
  if (level === "READ-COMMITTED") return ok("isolation", "sessions read committed");
  return fail(
    "isolation",
    `sessions have ${level}, though sessiond sets READ COMMITTED`,
    "Look for a proxy or an init_connect that changes the isolation level.",
  );
}

function checkPacket({ facts }: Checked): Finding {
  const bytes = Number(facts.variables.get("max_allowed_packet") ?? 0);
  const found = `max_allowed_packet is ${mebibytes(bytes)}`;
  if (bytes < MiB)
    return fail("max_allowed_packet", found, "Set max_allowed_packet = 64M: sessiond does not start.");
  if (bytes >= LARGEST_EVENT_BYTES + PACKET_HEADROOM_BYTES) return ok("max_allowed_packet", found);
  return warn(
    "max_allowed_packet",
    `${found}; events above ${mebibytes(bytes - PACKET_HEADROOM_BYTES)} are refused`,
    "Set max_allowed_packet = 64M, on every server of a cluster.",
  );
}

function checkFlush({ facts: { variables } }: Checked): Finding {
  const relaxed: string[] = [];
  if (variables.get("innodb_flush_log_at_trx_commit") !== "1")
    relaxed.push("innodb_flush_log_at_trx_commit = 1");
  if (isOn(variables.get("log_bin")) && variables.get("sync_binlog") !== "1") relaxed.push("sync_binlog = 1");
  const doublewrite = variables.get("innodb_doublewrite");
  if (doublewrite === "OFF" || doublewrite === "0") relaxed.push("innodb_doublewrite = ON");
  if (relaxed.length === 0)
    return ok("flush", "every commit is flushed: what is acknowledged survives a crash");
  const names = relaxed.map((setting) => setting.split(" ")[0] as string);
  return warn(
    "flush",
    `${names.map((name) => `${name} = ${variables.get(name)}`).join(", ")}: a crash may lose acknowledged commits`,
    `Set ${relaxed.join(", ")}; --require-durable makes sessiond insist.`,
  );
}

function checkBinlog({ facts: { variables } }: Checked): Finding {
  if (!isOn(variables.get("log_bin"))) {
    return ok("binlog", "no binary log: no replicas, and no recovery to a point in time");
  }
  const format = variables.get("binlog_format");
  if (format !== "STATEMENT") return ok("binlog", `binary log in format ${format ?? "ROW"}`);
  return fail(
    "binlog",
    "binlog_format = STATEMENT does not go with READ COMMITTED",
    "Set binlog_format = ROW.",
  );
}

/** The redo log's capacity, whatever a version calls it. */
function redoBytes(variables: ReadonlyMap<string, string>): number {
  const capacity = Number(variables.get("innodb_redo_log_capacity") ?? 0);
  if (capacity > 0) return capacity;
  return (
    Number(variables.get("innodb_log_file_size") ?? 0) *
    Number(variables.get("innodb_log_files_in_group") ?? 1)
  );
}

function checkRedoLog({ facts: { variables, status } }: Checked): Finding {
  const bytes = redoBytes(variables);
  if (bytes === 0) return ok("redo_log", "not InnoDB's own: the server keeps another log");
  const uptime = Number(status.get("uptime") ?? 0);
  if (uptime < RATE_TELLS_AFTER_SECONDS) {
    return ok(
      "redo_log",
      `${mebibytes(bytes)}; the server runs too short a time to tell how long that lasts`,
    );
  }
  const perSecond = Number(status.get("innodb_os_log_written") ?? 0) / uptime;
  const lasts = bytes / Math.max(1, perSecond);
  const found = `${mebibytes(bytes)}, enough for ${span(lasts)} at the rate since the server's start`;
  if (lasts >= REDO_LASTS_SECONDS) return ok("redo_log", found);
  const wanted = mebibytes(Math.ceil((perSecond * 3600) / (256 * MiB)) * 256 * MiB);
  const setting = variables.has("innodb_redo_log_capacity")
    ? "innodb_redo_log_capacity"
    : "innodb_log_file_size";
  return warn(
    "redo_log",
    `${found}: the server must write pages back in haste, and commits wait`,
    `Set ${setting} to an hour's worth, about ${wanted}.`,
  );
}

function checkWaitTimeout({ facts: { variables }, options }: Checked): Finding {
  const seconds = Number(variables.get("wait_timeout") ?? 0);
  const asked = options.poolCheckAfterMs / 1000;
  if (seconds <= asked) {
    return warn(
      "wait_timeout",
      `the server closes connections idle for ${span(seconds)}, and sessiond uses those idle for up to ${span(asked)} unasked`,
      "Raise wait_timeout (28800 is the default), or lower --pool-check-after.",
    );
  }
  if (seconds < SHORTEST_WAIT_SECONDS) {
    return warn(
      "wait_timeout",
      `the server closes connections that are idle for ${seconds} s, so that sessiond opens new ones all the time`,
      `Set wait_timeout to ${SHORTEST_WAIT_SECONDS} or more; 28800 is the default.`,
    );
  }
  const lives = options.poolMaxAgeMs === 0 ? "without end" : `about ${span(options.poolMaxAgeMs / 1000)}`;
  return ok(
    "wait_timeout",
    `${span(seconds)}; a connection of sessiond lives ${lives} and is asked when idle for ${span(asked)}`,
  );
}

function checkPreparedStatements({ facts: { variables, status }, options }: Checked): Finding {
  const most = Number(variables.get("max_prepared_stmt_count") ?? Number.NaN);
  if (Number.isNaN(most))
    return ok("max_prepared_stmt_count", "the server has no limit of prepared statements");
  const used = Number(status.get("prepared_stmt_count") ?? 0);
  const needs = connectionsOf(options) * STATEMENTS_PER_CONNECTION;
  const found = `${used} of ${most} prepared statements are in use; this sessiond keeps at most ${needs}`;
  if (used + needs <= most) return ok("max_prepared_stmt_count", found);
  return warn(
    "max_prepared_stmt_count",
    found,
    `Set max_prepared_stmt_count to ${needs} for each sessiond at least, or lower --read-connections.`,
  );
}

function connectionsOf({ writeConnections, readConnections }: EngineOptions): number {
  return writeConnections + readConnections;
}

function checkConnections({ facts: { variables, status }, options }: Checked): Finding {
  const own = Number(variables.get("max_user_connections") ?? 0);
  const most = Math.min(
    Number(variables.get("max_connections") ?? 151),
    own > 0 ? own : Number.POSITIVE_INFINITY,
  );
  const wants = connectionsOf(options);
  const now = Number(status.get("threads_connected") ?? 0);
  const found =
    `sessiond opens up to ${wants} connections (${options.writeConnections} for writes, ${options.readConnections} ` +
    `for reads), the server takes ${most}, of which ${now} are in use`;
  const advice =
    "Raise max_connections, or lower --write-connections and --read-connections; count every sessiond and other client.";
  if (wants > most) return fail("connections", found, advice);
  if (wants + now > most * CROWDED) return warn("connections", found, advice);
  return ok("connections", found);
}

function checkRights({ facts }: Checked): Finding {
  const all = facts.grants.some((grant) => /^GRANT (ALL PRIVILEGES|.*\bSUPER\b.*) ON \*\.\*/i.test(grant));
  if (!all) return ok("account", "the user has no rights over the whole server");
  return warn(
    "account",
    "the user may do anything on the whole server",
    "Give sessiond a user of its own with rights on its database only; docs/mysql.md has the grants.",
  );
}

/** The checks of the tables. */
export function tableFindings(facts: ServerFacts, tables: readonly FoundTable[]): Finding[] {
  return [checkEngine(tables), checkCollation(facts, tables), checkBufferPool(facts, tables)];
}

function checkEngine(tables: readonly FoundTable[]): Finding {
  const others = tables.filter(({ engine }) => engine !== "InnoDB");
  if (others.length === 0) return ok("engine", "all tables are InnoDB");
  return fail(
    "engine",
    others.map(({ name, engine }) => `${name} is ${engine}`).join(", "),
    `Transactions need InnoDB: ${others.map(({ name }) => `ALTER TABLE ${name} ENGINE = InnoDB;`).join(" ")}`,
  );
}

function checkCollation({ dialect }: ServerFacts, tables: readonly FoundTable[]): Finding {
  const want = dialect.exactCollation;
  const others = tables.filter(({ collations }) => [...collations].some((name) => name !== want));
  if (others.length === 0) return ok("collation", `all texts are ${want}: ids compare byte for byte`);
  return fail(
    "collation",
    others.map(({ name, collations }) => `${name} has ${[...collations].join(", ")}`).join("; "),
    `Ids would be mistaken for others. ${others
      .map(({ name }) => `ALTER TABLE ${name} CONVERT TO CHARACTER SET utf8mb4 COLLATE ${want};`)
      .join(" ")}`,
  );
}

function checkBufferPool({ variables }: ServerFacts, tables: readonly FoundTable[]): Finding {
  const pool = Number(variables.get("innodb_buffer_pool_size") ?? 0);
  if (pool === 0) return ok("buffer_pool", "the server has no InnoDB buffer pool");
  const data = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const found = `${mebibytes(pool)} for about ${mebibytes(data)} of data and indexes`;
  if (data <= pool) return ok("buffer_pool", found);
  return warn(
    "buffer_pool",
    `${found}: older sessions come from the disk`,
    "Set innodb_buffer_pool_size to hold the sessions in use; 70 to 80 % of memory on a server that does nothing else.",
  );
}

function isOn(value: string | undefined): boolean {
  return value === "ON" || value === "1";
}

function mebibytes(bytes: number): string {
  return bytes >= 1024 * MiB ? `${(bytes / (1024 * MiB)).toFixed(1)} GiB` : `${Math.round(bytes / MiB)} MiB`;
}

function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 1e8 ? `${Math.round(seconds / 3600)} h` : "years";
}
