/** What a server is and how it is set: found at start, before the first call. */
import type { Logger } from "pino";
import type { EngineOptions } from "../engine.ts";
import { StartError } from "../errors.ts";
import { Schema } from "../schema.ts";
import type { StoreCapabilities } from "../store.ts";
import { type ConnectionOptions, PACKET_HEADROOM_BYTES } from "./connection.ts";
import { type Dialect, dialectOf } from "./dialect.ts";
import type { Hosts } from "./hosts.ts";
import { count, statement } from "./sql.ts";

/** A server as found. */
export interface Server {
  readonly dialect: Dialect;
  /** By lower-case name; a setting that the server does not have is missing. */
  readonly settings: ReadonlyMap<string, string>;
  readonly maxPacketBytes: number;
}

const MiB = 1 << 20;
/** The contract's largest event. */
const MAX_EVENT_BYTES = 16 * MiB;
const MAX_APPEND_BYTES = 32 * MiB;

/** How much longer than the server a client waits for an answer. */
const ANSWER_GRACE_MS = 10_000;
/** How much later than the server a client ends a statement. */
const KILL_GRACE_MS = 500;
/** How long a statement waits for a row that another one holds. */
const LOCK_WAIT_SECONDS = 5;

const SETTINGS = [
  "binlog_format",
  "innodb_flush_log_at_trx_commit",
  "log_bin",
  "max_allowed_packet",
  "read_only",
  "sync_binlog",
];

/** What makes every session alike, whatever the server's defaults. */
const SETTINGS_OF_SESSIONS = [
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
  "SET SESSION time_zone = '+00:00'",
  "SET SESSION autocommit = 1",
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
  `SET SESSION innodb_lock_wait_timeout = ${count(LOCK_WAIT_SECONDS)}`,
];

/** With the columns' own collation: MariaDB sorts where it need not if constants have another. */
function setup({ exactCollation }: Dialect): string[] {
  return [`SET NAMES utf8mb4 COLLATE ${exactCollation}`, ...SETTINGS_OF_SESSIONS];
}

/** Asks a server what it is. @throws the driver's error, StartError if it is too old */
export async function findServer(hosts: Hosts, options: EngineOptions): Promise<Server> {
  const connection = await hosts.connect({
    connectTimeoutMs: options.connectTimeoutMs,
    answerTimeoutMs: options.connectTimeoutMs,
    killAfterMs: 0,
    initSql: "",
    setup: [],
    maxPacketBytes: MiB,
    multiStatements: false,
    tupleRanges: false,
    schema: new Schema(options.schema),
  });
  try {
    const [version] = await connection.run([statement("SELECT VERSION() AS version")]);
    const dialect = dialectOf(String(version?.rows[0]?.["version"]));
    const [found] = await connection.run([
      statement(`SHOW VARIABLES WHERE Variable_name IN (${SETTINGS.map(() => "?").join(", ")})`, ...SETTINGS),
    ]);
    const settings = new Map(
      (found?.rows ?? []).map((row) => [String(row["Variable_name"]).toLowerCase(), String(row["Value"])]),
    );
    return { dialect, settings, maxPacketBytes: Number(settings.get("max_allowed_packet") ?? MiB) };
  } finally {
    await connection.end();
  }
}

/** How the store's connections to a server are opened. */
export function connectionOptions(
  { dialect, maxPacketBytes }: Server,
  options: EngineOptions,
): ConnectionOptions {
  return {
    connectTimeoutMs: options.connectTimeoutMs,
    answerTimeoutMs: options.statementTimeoutMs + ANSWER_GRACE_MS,
    observe: options.observe,
    killAfterMs: dialect.timeoutEndsWrites ? 0 : options.statementTimeoutMs + KILL_GRACE_MS,
    initSql: options.initSql,
    setup: [...setup(dialect), dialect.statementTimeout(options.statementTimeoutMs)],
    maxPacketBytes,
    multiStatements: dialect.multiStatements,
    tupleRanges: dialect.tupleRanges,
    schema: new Schema(options.schema),
  };
}

/** How a migration's connections are opened: its statements take as long as they take. */
export function migrationOptions(
  { dialect, maxPacketBytes }: Server,
  options: EngineOptions,
): ConnectionOptions {
  return {
    connectTimeoutMs: options.connectTimeoutMs,
    answerTimeoutMs: 0,
    killAfterMs: 0,
    initSql: options.initSql,
    setup: setup(dialect),
    maxPacketBytes,
    multiStatements: false,
    tupleRanges: false,
    schema: new Schema(options.schema),
  };
}

/** What the store promises on a server. */
export function capabilitiesOf({ dialect, settings, maxPacketBytes }: Server): StoreCapabilities {
  const maxEventBytes = Math.min(MAX_EVENT_BYTES, maxPacketBytes - PACKET_HEADROOM_BYTES);
  const durability = ["innodb_flush_log_at_trx_commit", "sync_binlog", "log_bin"].flatMap((name) => {
    const value = settings.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const binlogLags = isOn(settings.get("log_bin")) && settings.get("sync_binlog") !== "1";
  return {
    description: dialect.description,
    maxEventBytes,
    maxAppendBytes: Math.max(maxEventBytes, MAX_APPEND_BYTES),
    shared: true,
    durability: {
      settings: new Map(durability),
      losesCommitsOnCrash: settings.get("innodb_flush_log_at_trx_commit") !== "1" || binlogLags,
    },
  };
}

/** Refuses settings with which no write works, and warns of those with which none works now. @throws StartError */
export function checkSettings({ settings }: Server, log: Logger): void {
  if (isOn(settings.get("log_bin")) && settings.get("binlog_format") === "STATEMENT") {
    throw new StartError(
      "The database server has binlog_format = STATEMENT, which does not go with READ COMMITTED. " +
        "Set binlog_format to ROW (or MIXED on MariaDB).",
    );
  }
  if (isOn(settings.get("read_only"))) {
    log.warn("The database server is read-only: reads work, writes fail until it takes them.");
  }
  if (Number(settings.get("max_allowed_packet") ?? MiB) < MiB) {
    throw new StartError(
      "The database server has max_allowed_packet below 1 MiB. Raise it; 64 MiB is a good value.",
    );
  }
}

function isOn(value: string | undefined): boolean {
  return value === "ON" || value === "1";
}
