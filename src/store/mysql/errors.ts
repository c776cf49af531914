/** Driver and server errors become StoreErrors and StartErrors here, and only here. */
import { StartError, StoreError, type StoreErrorReason } from "../errors.ts";
import { KEY_NOT_TRUSTED } from "./driver.ts";

/** What the driver's errors carry. */
interface DriverError extends Error {
  readonly code?: string;
  readonly errno?: number;
}

/** A failure of the connection itself: what it ran may or may not have happened. */
export class ConnectionLost extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ConnectionLost";
  }
}

/** Of several hosts, those that answered take no writes. */
export class NoWritableHost extends Error {
  constructor() {
    super("none of the hosts takes writes");
    this.name = "NoWritableHost";
  }
}

/**
 * How a transaction that failed goes on: `contention` is run again, `moved` too but on
 * other connections (the server takes no writes any more), `lost` as well if a repetition
 * does no harm; the rest is final.
 */
export type Failure = "contention" | "moved" | "lost" | "final";

/** Deadlocks, lock and certification conflicts, and lost races for a key: the whole transaction may run again. */
const CONTENTION = new Set([
  1020, // record changed since it was read (MariaDB's snapshot isolation)
  1062, // duplicate key: another server's transaction came first; a repetition sees its rows
  1205, // lock wait timeout
  1213, // deadlock, or a certification conflict
  1452, // the parent row went away
  3101, // rolled back by group replication
  3572, // NOWAIT
  8002,
  8022,
  8028,
  9007, // TiDB: write conflicts and changed schema
]);
/** What proxies and TiDB say by its text only. */
const UNKNOWN = 1105;
const MOVED = new Set([1290, 1792, 1836, 3100]);
const LOST = new Set([
  1047, // a Galera node that is not ready
  1053, // shutdown
  1077,
  1079,
  1152,
  1158,
  1159,
  1160,
  1161,
  1184,
  1927, // killed (MariaDB)
  2006,
  2013,
  3169, // killed (MySQL)
  4031, // idle for longer than wait_timeout
  9001,
  9002,
  9005,
]);
const LOST_CODES = new Set([
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_SEQUENCE_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** What a failure means for a transaction. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ConnectionLost) return "lost";
  if (error instanceof NoWritableHost) return "moved";
  const { code = "", errno = 0, message = "" } = error as DriverError;
  if (CONTENTION.has(errno)) return "contention";
  if (errno === UNKNOWN && /schema is (changed|out of date)/i.test(message)) return "contention";
  if (MOVED.has(errno)) return "moved";
  if (LOST.has(errno) || LOST_CODES.has(code)) return "lost";
  return "final";
}

/** Whether a row was in the way of an insert. */
export function isDuplicateKey(error: unknown): boolean {
  return (error as DriverError | undefined)?.errno === 1062;
}

/** Whether an insert failed because the row that its foreign key names is not there. */
export function isParentGone(error: unknown): boolean {
  return (error as DriverError | undefined)?.errno === 1452;
}

/** Whether a statement failed because a whole number that it computed is beyond 63 bits. */
export function isOutOfRange(error: unknown): boolean {
  return (error as DriverError | undefined)?.errno === 1690;
}

/** The account, its password, its rights to connect; TLS demanded. */
const LOGIN_REFUSED = new Set([1044, 1045, 1130, 1251, 1524, 1698, 1820, 1862, 3118, 3159, 4151]);
const LOGIN_CODES = /^(HANDSHAKE_|AUTH_SWITCH_|SERVER_KEY_|MYSQL_CLEAR_PASSWORD)/;

const FAILURES: ReadonlyMap<number, readonly [StoreErrorReason, string]> = new Map([
  [1021, ["STORE_FULL", "The database has no room left."]],
  [1114, ["STORE_FULL", "The database has no room left."]],
  [1041, ["STORE_UNAVAILABLE", "The database has no memory left."]],
  [1040, ["SERVER_BUSY", "The database has too many connections. Retry."]],
  [1203, ["SERVER_BUSY", "The database has too many connections. Retry."]],
  [1226, ["SERVER_BUSY", "The database account is at its limit. Retry."]],
  [1118, ["TOO_LARGE", "A text is larger than the database takes."]],
  [1153, ["TOO_LARGE", "A text is larger than the database takes."]],
  [1301, ["TOO_LARGE", "A text is larger than the database takes."]],
  [8025, ["TOO_LARGE", "A text is larger than the database takes."]],
  [1028, ["STORE_FULL", "The database has no room left for sorting."]],
  [1317, ["STORE_UNAVAILABLE", "The database ended the query."]],
  [1969, ["STORE_UNAVAILABLE", "The database did not answer in time."]],
  [3024, ["STORE_UNAVAILABLE", "The database did not answer in time."]],
] as const);

/** What failed as a StoreError; one of ours stays as it is. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { errno: number = 0, code = "" } = (error ?? {}) as DriverError;
  // What stops a start is mended by a person, without a restart.
  if (error instanceof StartError || LOGIN_REFUSED.has(number) || LOGIN_CODES.test(code)) {
    return new StoreError("STORE_UNAVAILABLE", "The database does not let sessiond in.", { cause: error });
  }
  const known = FAILURES.get((error as DriverError | undefined)?.errno ?? 0);
  if (known !== undefined) return new StoreError(known[0], known[1], { cause: error });
  if ((error as DriverError | undefined)?.errno === UNKNOWN && /too large|exceed/i.test(String(error))) {
    return new StoreError("TOO_LARGE", "A text is larger than the database takes.", { cause: error });
  }
  switch (failureOf(error)) {
    case "contention":
      return new StoreError("CONTENTION", "Other writers were faster every time. Retry.", { cause: error });
    case "moved":
      return new StoreError("STORE_READ_ONLY", "The database takes no writes.", { cause: error });
    case "lost":
      return new StoreError("STORE_UNAVAILABLE", "The database cannot be reached.", { cause: error });
    case "final":
      return new StoreError("INTERNAL", "The store failed.", { cause: error });
  }
}

/** What failed at start as a StartError that says what to do. `where` is the URL without its password. */
export function toStartError(error: unknown, where: string): StartError {
  if (error instanceof StartError) return error;
  const cause = error instanceof ConnectionLost && error.cause !== undefined ? error.cause : error;
  const { code = "", errno = 0, message } = cause as DriverError;
  const [what, remedy] =
    cause instanceof NoWritableHost
      ? [cause.message, "Name the primary server among the hosts, or switch read_only off on one."]
      : explain(code, errno, message);
  return new StartError(`The database ${where} cannot be used: ${what}. ${remedy}`, { cause: error });
}

function explainTls(message: string): readonly [what: string, remedy: string] {
  if (message.includes("altnames") || message.includes("alternative name")) {
    return [
      `its certificate is for another host (${message})`,
      "Name a host that the certificate has, or set ssl-mode in the URL to verify-ca.",
    ];
  }
  return [
    `TLS with it failed (${message})`,
    "If its certificate is not trusted, name its authority with ssl-ca in the URL.",
  ];
}

function explain(code: string, errno: number, message: string): readonly [what: string, remedy: string] {
  if (code === KEY_NOT_TRUSTED) {
    return [
      "without TLS the password would go out encrypted with a key that anybody between could have sent",
      "Use TLS (ssl-mode in the URL), or name the server's public key with server-public-key-path.",
    ];
  }
  if (errno === 3159) {
    return ["it demands TLS", "Set ssl-mode in the URL to required, verify-ca or verify-identity."];
  }
  if (code === "HANDSHAKE_NO_SSL_SUPPORT") {
    return ["it offers no TLS", "Give it a certificate, or set ssl-mode in the URL to preferred."];
  }
  if (code === "HANDSHAKE_SSL_ERROR") return explainTls(message);
  if (errno === 1045 || errno === 1698) {
    return [
      "it refuses the user or the password",
      "Check both; in the URL characters such as @ / : # % are percent-encoded. The account or the server may also demand TLS (ssl-mode in the URL).",
    ];
  }
  if (errno === 1049) {
    return [
      "it has no database of this name",
      "Make it with CREATE DATABASE, or name another one in the URL.",
    ];
  }
  if (errno === 1044 || errno === 1142 || errno === 1143 || errno === 1227 || errno === 1370) {
    return [
      `the user may not do what sessiond needs (${message})`,
      "Grant SELECT, INSERT, UPDATE, DELETE, and for migrations CREATE, ALTER, INDEX, DROP, REFERENCES, CREATE VIEW " +
        "and SHOW VIEW on the database.",
    ];
  }
  if (errno === 1130) return ["it lets nobody in from this host", "Grant the user access from this host."];
  if (errno === 1040 || errno === 1203) {
    return ["it has too many connections", "Raise max_connections, or let other clients use fewer."];
  }
  if (errno === 1820 || errno === 1862) return ["the password has expired", "Set a new one for the user."];
  if (failureOf({ errno }) === "moved") {
    return ["it takes no writes (read_only is on)", "Name the primary server, or switch read_only off."];
  }
  if (errno === 1021 || errno === 1114)
    return ["its disk is full", "Make room on the database server's disk."];
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return ["the host name is unknown", "Check the host in the URL."];
  }
  if (code === "ENOENT") {
    return ["there is no such socket", "Check the path in the URL, and that the server runs."];
  }
  if (code === "ECONNREFUSED") {
    return ["nothing listens there", "Check the host and the port, and that the server runs."];
  }
  if (code === "ETIMEDOUT" || code === "EHOSTUNREACH" || code === "ENETUNREACH") {
    return ["it does not answer in time", "Check the host, the port, and firewalls between."];
  }
  if (code === "PROTOCOL_CONNECTION_LOST" || code === "ECONNRESET") {
    return ["it closed the connection", "Look into the database server's log."];
  }
  if (code.startsWith("AUTH_SWITCH_PLUGIN")) {
    return [
      "the user's authentication plugin is not supported",
      "Use caching_sha2_password or mysql_native_password.",
    ];
  }
  return [message, "Look into the database server's log."];
}
