/**
 * Every setting of the server: its name, default, meaning and checks, in one table.
 * `--help`, the environment variables and docs/configuration.md are made from it.
 */
import { isIP } from "node:net";
import { SessionService } from "../gen/ts/sessiond/v1/session_service_pb.ts";
import {
  bytes,
  choice,
  count,
  duration,
  durations,
  type Knob,
  list,
  showBytes,
  showDuration,
  text,
  toggle,
} from "./config/knob.ts";
import { defaultLimits, type Limits } from "./config/limits.ts";
import { checkTableName, checkTableOptions, schemaOptionsOf } from "./config/schema.ts";
import { UsageError } from "./config/usage.ts";
import { isLoopback } from "./loopback.ts";
import { parseOwnerColumn } from "./store/owner-column.ts";
import { DEFAULT_SCHEMA, MAX_PREFIX, nameProblem } from "./store/schema.ts";
import { defaultTailOptions, type TailOptions } from "./tails/options.ts";
import { defaultWatchOptions, type WatchOptions } from "./tails/watch-options.ts";

export { isLoopback };

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
/** The longest time that a Node timer takes. */
const longest = 2 ** 31 - 1;

/** How long a call of each method may take where its caller says nothing; 0 is for ever. */
const methodDeadlines = new Map(
  SessionService.methods.map((method) => [
    method.name,
    method.methodKind === "server_streaming"
      ? 0
      : /^(Batch|List|AppendToSessions)/.test(method.name)
        ? 30 * second
        : 10 * second,
  ]),
);

/** The table. The name of a flag is the key in kebab case: `grpcPort` is `--grpc-port`, `SESSIOND_GRPC_PORT`. */
export const knobs = {
  store: text({
    group: "Store",
    doc: "The database: sqlite:PATH, mysql://USER:PASSWORD@HOST:PORT/DATABASE or mariadb://…",
    form: "URL",
    secret: true,
    fallback: "sqlite:data/sessiond.db",
  }),
  storeUser: text({
    group: "Store",
    doc: "The database account, where the URL has none",
    form: "USER",
    fallback: "",
  }),
  storeUserFile: text({
    group: "Store",
    doc: "A file with the database account, read again at every connect",
    form: "FILE",
    fallback: "",
  }),
  storePassword: text({
    group: "Store",
    doc: "The account's password, where the URL has none; as a flag it shows in the list of processes",
    form: "PASSWORD",
    secret: true,
    fallback: "",
  }),
  storePasswordFile: text({
    group: "Store",
    doc: "A file with the account's password, read again at every connect",
    form: "FILE",
    fallback: "",
  }),
  migrate: toggle({
    group: "Store",
    doc: "Do not bring an empty or older schema up to date at start, but refuse to start on one",
    fallback: true,
  }),
  requireDurable: toggle({
    group: "Store",
    doc: "Refuse to start on a database whose settings may lose an acknowledged commit in a crash",
    fallback: false,
  }),
  tablePrefix: text({
    group: "Store",
    doc: "What the names of all tables, views, indexes and constraints begin with; several sessiond share a database so",
    form: "PREFIX",
    fallback: DEFAULT_SCHEMA.tablePrefix,
    check(value) {
      const problem = nameProblem(value, MAX_PREFIX);
      if (problem !== undefined) throw new Error(problem);
    },
  }),
  tableNames: list({
    group: "Store",
    doc: "Whole names of single tables, such as sessions=my_sessions,events=my_events; views and indexes follow",
    form: "TABLE=NAME",
    fallback: [],
    check: checkTableName,
  }),
  ownerColumn: text({
    group: "Store",
    doc: "The column of a session's owner where tables are made, instead of owner_id: tenant_id INTEGER NOT NULL REFERENCES tenants(id) ON DELETE CASCADE",
    form: "DDL",
    fallback: "",
    check: parseOwnerColumn,
  }),
  foreignKeys: toggle({
    group: "Store",
    doc: "Make the tables without foreign keys to the sessions' one, where tables are made; deletes are right without",
    fallback: true,
  }),
  tableOptions: list({
    group: "Store",
    doc: "Options of single tables, where they are made: events=ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8",
    form: "TABLE=OPTIONS",
    fallback: [],
    check: checkTableOptions,
  }),
  writeConnections: count({
    group: "Store",
    doc: "Most connections for writes",
    fallback: 8,
    min: 1,
    max: 1_000,
  }),
  readConnections: count({
    group: "Store",
    doc: "Most connections for reads, apart from those for writes",
    fallback: 16,
    min: 1,
    max: 1_000,
  }),
  acquireTimeout: duration({
    group: "Store",
    doc: "How long a call waits for a free connection before it fails with SERVER_BUSY",
    fallback: 3 * second,
    min: 1,
    max: 10 * minute,
  }),
  poolMin: count({
    group: "Store",
    doc: "Connections of each kind (writes, reads) that stay open though nobody uses them",
    fallback: 1,
    min: 0,
    max: 1_000,
  }),
  poolQueue: count({
    group: "Store",
    doc: "Most calls of each kind that wait for a free connection; more fail with SERVER_BUSY at once",
    fallback: 2_000,
    min: 0,
    max: 1_000_000,
  }),
  poolIdleTimeout: duration({
    group: "Store",
    doc: "A connection to the database that was idle for so long is closed, except for --pool-min of them",
    fallback: 10 * minute,
    min: 100,
    max: 24 * hour,
  }),
  poolMaxAge: duration({
    group: "Store",
    doc: "A connection to the database is replaced at about this age (20 % jitter); 0 is never",
    fallback: 30 * minute,
    min: 0,
    max: 24 * hour,
  }),
  poolCheckAfter: duration({
    group: "Store",
    doc: "A connection that was idle for longer is asked whether it is there before it is used",
    fallback: 10 * second,
    min: 0,
    max: hour,
  }),
  initSql: text({
    group: "Store",
    doc: "One statement that each connection to the database runs before anything else, such as SET SESSION …",
    form: "SQL",
    fallback: "",
  }),
  connectTimeout: duration({
    group: "Store",
    doc: "How long a connect to the database may take",
    fallback: 5 * second,
    min: 1,
    max: 10 * minute,
  }),
  statementTimeout: duration({
    group: "Store",
    doc: "How long one statement may run",
    fallback: 30 * second,
    min: 1,
    max: hour,
  }),
  requestRetention: duration({
    group: "Store",
    doc: "How long the answers to request ids are kept, so that a retry gets the first answer",
    fallback: 24 * hour,
    min: minute,
    max: 30 * 24 * hour,
  }),

  host: text({
    group: "Listening",
    doc: "The address to listen on; beyond loopback --insecure-no-auth is needed",
    form: "ADDRESS",
    fallback: "127.0.0.1",
    check(value) {
      if (value !== "localhost" && isIP(value) === 0) throw new Error("is an IP address or localhost");
    },
  }),
  grpcPort: count({
    group: "Listening",
    doc: "The port for gRPC; 0 takes a free one",
    form: "PORT",
    fallback: 50051,
    min: 0,
    max: 65535,
  }),
  httpPort: count({
    group: "Listening",
    doc: "The port for Connect, gRPC-Web, the page and the probes; 0 takes a free one",
    form: "PORT",
    fallback: 8080,
    min: 0,
    max: 65535,
  }),
  reflection: toggle({
    group: "Listening",
    doc: "Leave out gRPC server reflection: grpcurl and buf curl then need the proto files",
    fallback: true,
  }),

  metrics: toggle({
    group: "Listening",
    doc: "Leave out /metrics on the HTTP port",
    fallback: true,
  }),

  tlsCert: text({
    group: "Security",
    doc: "The certificate chain as a PEM file, for both ports; read again when it changes",
    form: "FILE",
    fallback: "",
  }),
  tlsKey: text({
    group: "Security",
    doc: "The certificate's private key as a PEM file",
    form: "FILE",
    fallback: "",
  }),
  insecureNoAuth: toggle({
    group: "Security",
    doc: "Listen beyond loopback although nobody is authenticated: whoever reaches the port reads and writes all",
    fallback: false,
  }),
  allowOrigin: list({
    group: "Security",
    doc: "Exact origins of web pages that may call from a browser (CORS); none by default",
    form: "ORIGIN",
    fallback: [],
    check: checkOrigin,
  }),
  allowHost: list({
    group: "Security",
    doc: "Further host names that requests on loopback may carry; others are refused (DNS rebinding)",
    form: "NAME",
    fallback: [],
    check(value) {
      if (!/^[a-z0-9.-]+$/i.test(value)) throw new Error("is a host name without port");
    },
  }),

  logLevel: choice({
    group: "Logging",
    doc: "The least level that is logged; a call is logged at info, a slow or failed one at warn",
    words: ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    fallback: "info",
  }),
  logIds: choice({
    group: "Logging",
    doc: "How app, user and session ids stand in the log",
    words: ["hashed", "plain", "none"],
    fallback: "hashed",
  }),
  slowCall: duration({
    group: "Logging",
    doc: "A unary call that takes longer is logged at warn",
    fallback: second,
    min: 1,
    max: hour,
  }),
  slowStatement: duration({
    group: "Logging",
    doc: "A statement to the database that takes longer is logged at warn, without its values",
    fallback: 500,
    min: 1,
    max: hour,
  }),

  deadlines: durations({
    group: "Time",
    doc: "How long a call may take where its caller sets no deadline, by method; 0 is for ever",
    fallback: methodDeadlines,
    min: 0,
    max: hour,
  }),
  maxDeadline: duration({
    group: "Time",
    doc: "The longest that a unary call may take, whatever its caller asks for",
    fallback: minute,
    min: 1,
    max: hour,
  }),
  shutdownGrace: duration({
    group: "Time",
    doc: "How long calls may finish after SIGTERM or SIGINT; a second signal exits at once",
    fallback: 10 * second,
    min: 0,
    max: 10 * minute,
  }),
  readyTimeout: duration({
    group: "Time",
    doc: "How long the database may take to answer a readiness probe",
    fallback: 2 * second,
    min: 1,
    max: minute,
  }),

  keepaliveTime: duration({
    group: "Connections",
    doc: "How often the server pings a silent connection; below a load balancer's idle timeout",
    fallback: minute,
    min: second,
    max: hour,
  }),
  keepaliveTimeout: duration({
    group: "Connections",
    doc: "How long it waits for the answer before it closes the connection",
    fallback: 20 * second,
    min: 100,
    max: hour,
  }),
  maxConnectionAge: duration({
    group: "Connections",
    doc: "After about so long (10 % jitter) a client is told to connect anew, so that load spreads; 0 is never",
    fallback: 30 * minute,
    min: 0,
    max: longest,
  }),
  maxConnectionAgeGrace: duration({
    group: "Connections",
    doc: "How long the calls on an aged connection may go on; longer than --tail-max-age, so that live streams end by themselves",
    fallback: 20 * minute,
    min: second,
    max: 24 * hour,
  }),
  maxConnections: count({
    group: "Connections",
    doc: "Most connections of each port; more are closed at once",
    fallback: 10_000,
    min: 1,
    max: 1_000_000,
  }),
  maxStreamsPerConnection: count({
    group: "Connections",
    doc: "Most concurrent calls of one HTTP/2 connection; a client queues more",
    fallback: 256,
    min: 1,
    max: 100_000,
  }),
  maxHeaderBytes: bytes({
    group: "Connections",
    doc: "The largest headers of a request",
    fallback: 32 * KiB,
    min: 4 * KiB,
    max: MiB,
  }),

  maxEventBytes: bytes({
    group: "Limits of requests",
    doc: "The largest event: the bytes of its texts",
    fallback: defaultLimits.maxEventBytes,
    min: KiB,
    max: 512 * MiB,
  }),
  maxMessageBytes: bytes({
    group: "Limits of requests",
    doc: "The largest message on the wire: an event and its envelope, or a batch; clients raise gRPC's 4 MiB to it",
    fallback: defaultLimits.maxMessageBytes,
    min: 64 * KiB,
    max: GiB,
  }),
  maxJsonDepth: count({
    group: "Limits of requests",
    doc: "How deep arrays and objects of a JSON text may be nested",
    fallback: defaultLimits.maxJsonDepth,
    min: 10,
    max: 1_000,
  }),
  maxDeltaKeys: count({
    group: "Limits of requests",
    doc: "Most keys that one state delta sets and removes",
    fallback: defaultLimits.maxDeltaKeys,
    min: 1,
    max: 1_000_000,
  }),
  maxStateKeyBytes: count({
    group: "Limits of requests",
    doc: "The longest state key with its prefix, in bytes of UTF-8",
    form: "BYTES",
    fallback: defaultLimits.maxStateKeyBytes,
    min: 16,
    max: 512,
  }),
  maxBatchEvents: count({
    group: "Limits of requests",
    doc: "Most events of one BatchAppendEvents, and most appends of one AppendToSessions",
    fallback: defaultLimits.maxBatchEvents,
    min: 1,
    max: 10_000,
  }),

  maxPageSize: count({
    group: "Limits of answers",
    doc: "Most rows of a page; a larger page_size means this",
    fallback: defaultLimits.maxPageSize,
    min: 1,
    max: 100_000,
  }),
  defaultPageSize: count({
    group: "Limits of answers",
    doc: "The page_size of ListSessions, ListApps and ListUsers where it is 0",
    fallback: defaultLimits.defaultPageSize,
    min: 1,
    max: 100_000,
  }),
  defaultEventsPageSize: count({
    group: "Limits of answers",
    doc: "The page_size of ListEvents where it is 0",
    fallback: defaultLimits.defaultEventsPageSize,
    min: 1,
    max: 100_000,
  }),
  pageBytes: bytes({
    group: "Limits of answers",
    doc: "What a page may weigh before it ends early; it has at least one row",
    fallback: defaultLimits.pageBytes,
    min: KiB,
    max: 256 * MiB,
  }),
  frameBytes: bytes({
    group: "Limits of answers",
    doc: "What one frame of events may weigh, unless one event is larger",
    fallback: defaultLimits.frameBytes,
    min: KiB,
    max: 16 * MiB,
  }),
  streamBytesInFlight: bytes({
    group: "Limits of answers",
    doc: "What a stream sends ahead of its reader; the next frame is read from the store only after that",
    fallback: 256 * KiB,
    min: KiB,
    max: 256 * MiB,
  }),
  stallTimeout: duration({
    group: "Limits of answers",
    doc: "A stream whose reader takes nothing for so long ends with SLOW_READER",
    fallback: 2 * minute,
    min: second,
    max: hour,
  }),
  readRangeRows: count({
    group: "Limits of answers",
    doc: "Most rows of one range that a history is read by",
    fallback: defaultLimits.readRangeRows,
    min: 1,
    max: 1_000_000,
  }),
  readRangeBytes: bytes({
    group: "Limits of answers",
    doc: "Most bytes of one range that a history is read by",
    fallback: defaultLimits.readRangeBytes,
    min: KiB,
    max: GiB,
  }),

  maxTails: count({
    group: "Live streams",
    doc: "Most live streams (StreamEvents with follow, WatchSessions) that are open at once; more fail with SERVER_BUSY",
    fallback: defaultTailOptions.maxTails,
    min: 1,
    max: 1_000_000,
  }),
  maxTailsPerSession: count({
    group: "Live streams",
    doc: "Most of them that follow one session, or one app's list of sessions; more fail with SERVER_BUSY",
    fallback: defaultTailOptions.maxTailsPerSession,
    min: 1,
    max: 1_000_000,
  }),
  tailMaxAge: duration({
    group: "Live streams",
    doc: "At this age, or up to 10 % before it, a live stream is told to resume, so that load spreads; 0 is never",
    fallback: defaultTailOptions.tailMaxAge,
    min: 0,
    max: 24 * hour,
  }),
  tailCacheBytes: bytes({
    group: "Live streams",
    doc: "What is kept of a followed session's newest events for other live streams of it",
    fallback: defaultTailOptions.tailCacheBytes,
    min: 0,
    max: GiB,
  }),
  watchWindow: duration({
    group: "Live streams",
    doc: "How long deletes of sessions are remembered, and how old a cursor of WatchSessions may be that goes on; alike on all servers",
    fallback: defaultWatchOptions.windowMs,
    min: minute,
    max: 30 * 24 * hour,
  }),
  tailPoll: duration({
    group: "Live streams",
    doc: "How often the database is asked for what other servers changed; nobody asks while nothing is followed",
    fallback: defaultTailOptions.tailPoll,
    min: 10,
    max: minute,
  }),
  tailPollBusy: duration({
    group: "Live streams",
    doc: "The same right after something changed",
    fallback: defaultTailOptions.tailPollBusy,
    min: 10,
    max: minute,
  }),

  maxConcurrentCalls: count({
    group: "Load",
    doc: "Most unary calls that run at once; more fail with SERVER_BUSY",
    fallback: 2_000,
    min: 1,
    max: 1_000_000,
  }),
  maxConcurrentStreams: count({
    group: "Load",
    doc: "Most streams that are open at once; more fail with SERVER_BUSY",
    fallback: 5_000,
    min: 1,
    max: 1_000_000,
  }),
  appendQueueCalls: count({
    group: "Load",
    doc: "Most appends, and most creates of sessions, that wait for the commit before them; more fail with SERVER_BUSY",
    fallback: defaultLimits.appendQueueCalls,
    min: 1,
    max: 1_000_000,
  }),
  appendQueueBytes: bytes({
    group: "Load",
    doc: "Most bytes of events, and of new sessions, that wait for the commit before them; more fail with SERVER_BUSY",
    fallback: defaultLimits.appendQueueBytes,
    min: MiB,
    max: 64 * GiB,
  }),
  maxCommits: count({
    group: "Load",
    doc: "Most group commits of appends, and of creates, at a time; never two of one session",
    fallback: 1,
    min: 1,
    max: 64,
  }),
} as const;

/** The name of a setting in `Config`. */
export type KnobName = keyof typeof knobs;

/** All settings. Sizes are in bytes, times in milliseconds. */
export type Config = {
  readonly [K in KnobName]: (typeof knobs)[K] extends Knob<infer T> ? T : never;
};

/** The defaults, with `over` in their place where given. */
export function configWith(over: Partial<Config> = {}): Config {
  const config = Object.fromEntries(Object.entries(knobs).map(([name, knob]) => [name, knob.fallback]));
  return { ...config, ...over } as Config;
}

/** The limits that RPCs, reads and the pipeline take. */
export function limitsOf(config: Config): Limits {
  const names = Object.keys(defaultLimits) as (keyof Limits)[];
  return Object.fromEntries(names.map((name) => [name, config[name]])) as unknown as Limits;
}

/** What bounds live streams. */
export function tailOptionsOf(config: Config): TailOptions {
  const names = Object.keys(defaultTailOptions) as (keyof TailOptions)[];
  return Object.fromEntries(names.map((name) => [name, config[name]])) as unknown as TailOptions;
}

/**
 * How live lists of sessions are read. A change may become visible so much later than its time as its call
 * may take before its transaction begins, and one statement of that; the rest is for clocks that differ.
 */
export function watchOptionsOf(config: Config): WatchOptions {
  return {
    ...defaultWatchOptions,
    windowMs: config.watchWindow,
    overlapMs: config.maxDeadline + config.statementTimeout + CLOCKS_DIFFER_MS,
    quietMs: config.tailPoll,
    busyMs: config.tailPollBusy,
  };
}

/** By how much the clocks of servers may differ, and a transaction go on after its first statement. */
const CLOCKS_DIFFER_MS = 30 * second;

/** The flag of a setting: `--grpc-port`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The environment variable of a setting: `SESSIOND_GRPC_PORT`. */
export function variableOf(name: string): string {
  return `SESSIOND_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Checks that need more than one setting. @throws UsageError that names those that contradict each other */
export function checkConfig(config: Config): void {
  const refuse = (condition: boolean, message: string): void => {
    if (condition) throw new UsageError(message);
  };
  const atMost = (small: KnobName & keyof typeof showers, large: KnobName & keyof typeof showers): void => {
    const show = showers[small];
    refuse(
      config[small] > config[large],
      `${flagOf(small)} (${show(config[small])}) must not be more than ${flagOf(large)} (${show(config[large])})`,
    );
  };
  refuse(
    (config.tlsCert === "") !== (config.tlsKey === ""),
    "--tls-cert and --tls-key belong together: give both or none",
  );
  for (const what of ["User", "Password"] as const) {
    const [text, file] = [`store${what}`, `store${what}File`] as const;
    refuse(
      config[text] !== "" && config[file] !== "",
      `${flagOf(text)} and ${flagOf(file)} exclude each other`,
    );
  }
  atMost("poolMin", "writeConnections");
  atMost("poolMin", "readConnections");
  refuse(
    config.grpcPort !== 0 && config.grpcPort === config.httpPort,
    `--grpc-port and --http-port are both ${config.grpcPort}: each needs its own`,
  );
  refuse(
    !isLoopback(config.host) && !config.insecureNoAuth,
    `--host ${config.host} can be reached from other machines and sessiond does not authenticate anybody: ` +
      "add --insecure-no-auth if the network keeps strangers out, or listen on 127.0.0.1",
  );
  refuse(
    config.maxMessageBytes < config.maxEventBytes + 64 * KiB,
    `--max-message-bytes (${showBytes(config.maxMessageBytes)}) must be at least 64KiB more than ` +
      `--max-event-bytes (${showBytes(config.maxEventBytes)}): a message carries the event and its envelope`,
  );
  schemaOptionsOf(config);
  atMost("defaultPageSize", "maxPageSize");
  atMost("defaultEventsPageSize", "maxPageSize");
  atMost("pageBytes", "maxMessageBytes");
  atMost("frameBytes", "streamBytesInFlight");
  atMost("frameBytes", "readRangeBytes");
  atMost("maxDeadline", "maxConnectionAgeGrace");
  if (config.maxConnectionAge > 0) atMost("tailMaxAge", "maxConnectionAgeGrace");
  atMost("tailPollBusy", "tailPoll");
  for (const method of SessionService.methods) {
    const deadline = config.deadlines.get(method.name) ?? 0;
    refuse(
      method.methodKind === "unary" && (deadline === 0 || deadline > config.maxDeadline),
      `--deadlines ${method.name}=${showDuration(deadline)} must be between 1ms and --max-deadline ` +
        `(${showDuration(config.maxDeadline)})`,
    );
  }
}

const showers = {
  poolMin: String,
  writeConnections: String,
  readConnections: String,
  defaultPageSize: String,
  defaultEventsPageSize: String,
  maxPageSize: String,
  pageBytes: showBytes,
  maxMessageBytes: showBytes,
  frameBytes: showBytes,
  streamBytesInFlight: showBytes,
  readRangeBytes: showBytes,
  maxDeadline: showDuration,
  tailMaxAge: showDuration,
  tailPoll: showDuration,
  tailPollBusy: showDuration,
  maxConnectionAgeGrace: showDuration,
};

function checkOrigin(value: string): void {
  const message = "is an exact origin such as https://viewer.example.com or http://localhost:5173";
  if (!URL.canParse(value)) throw new Error(message);
  const url = new URL(value);
  if (url.origin !== value || !/^https?:$/.test(url.protocol)) throw new Error(message);
}
