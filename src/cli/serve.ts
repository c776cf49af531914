/** `sessiond serve`. */
import type { Logger } from "pino";
import { loadConfig } from "../config/load.ts";
import { type Config, isLoopback, limitsOf, tailOptionsOf, watchOptionsOf } from "../config.ts";
import { createLog } from "../log.ts";
import { WritePipeline } from "../pipeline/write-pipeline.ts";
import { createHandlers } from "../rpc/index.ts";
import { checkServer, type RunningServer, startServer } from "../server/server.ts";
import type { Engine } from "../store/engine.ts";
import { StartError } from "../store/errors.ts";
import type { StoreObserver } from "../store/observer.ts";
import { engineFor } from "../store/open.ts";
import type { Store, StoreCapabilities } from "../store/store.ts";
import { withNotices } from "../tails/notices.ts";
import { Tails } from "../tails/tails.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { version } from "../version.ts";
import { engineOptions } from "./migrate.ts";
import { progressOn } from "./progress.ts";
import { sweepOld } from "./sweep.ts";

/** How long work that nobody waits for any more may go on after the grace, before each step of the end. */
const leftoverMs = 2_000;

/**
 * Runs the server until it is told to stop, then resolves.
 * @throws UsageError, StartError if it cannot start
 */
export async function serve(args: readonly string[]): Promise<void> {
  const config = loadConfig(args, process.env);
  const log = createLog(config);
  exitOnFault(log);
  const stopped = firstSignal(log);
  const engine = engineFor(config.store);
  await checkServer(config, log);
  const telemetry = await Telemetry.start(process.env);
  const { metrics } = telemetry;
  const opened = await openStore(engine, config, log, telemetry.storeObserver(log, config.slowStatement));
  const sweeping = new AbortController();
  try {
    checkDurability(opened.capabilities.durability, config, log);
    const limits = { ...limitsOf(config) };
    const { maxEventBytes } = opened.capabilities;
    if (maxEventBytes < limits.maxEventBytes) {
      log.warn({ maxEventBytes }, "the database takes smaller events than --max-event-bytes allows");
      limits.maxEventBytes = maxEventBytes;
    }
    const options = tailOptionsOf(config);
    const watch = watchOptionsOf(config);
    const observers = { observer: metrics.tails, feedObserver: metrics.lists };
    const tails = new Tails({ store: opened, limits, options, watch, ...observers });
    const store = withNotices(opened, tails);
    const pipeline = new WritePipeline(store, {
      maxQueued: limits.appendQueueCalls,
      maxQueuedBytes: limits.appendQueueBytes,
      maxCommits: config.maxCommits,
      onAppends: (report) => metrics.appends(report),
      onCreates: (report) => metrics.creates(report),
    });
    const handlers = createHandlers({ store, pipeline, limits, tails });
    const { description } = store.capabilities;
    const server = await startServer({
      config,
      handlers,
      store,
      storeDescription: description,
      log,
      observer: telemetry.callObserver,
      ...(config.metrics ? { metrics: () => metrics.read() } : {}),
    });
    metrics.watchProcess();
    metrics.store.watch(opened);
    metrics.tails.watch(tails, log);
    metrics.lists.watch(tails.lists);
    metrics.watch({
      calls: () => server.running,
      writes: () => pipeline.waiting,
      ready: () => server.ready,
    });
    // A cursor at the edge of the window still goes back by the overlap.
    const tombstonesMs = watch.windowMs + watch.overlapMs;
    sweepOld(store, { requestsMs: config.requestRetention, tombstonesMs }, log, sweeping.signal);
    announce(server, engine, store, config, log);
    const signal = await stopped;
    log.info({ signal, graceMs: config.shutdownGrace }, "shutting down");
    await server.close(config.shutdownGrace);
    tails.close();
    // Appends whose callers have gone: they may be committed already.
    await within(pipeline.drain(), leftoverMs);
  } finally {
    sweeping.abort();
    await within(opened.close(), leftoverMs);
    await telemetry.close();
  }
  log.info("stopped");
}

async function openStore(
  engine: Engine,
  config: Config,
  log: Logger,
  observe: StoreObserver,
): Promise<Store> {
  const options = engineOptions(config, log);
  if (config.migrate) {
    const progress = progressOn(process.stderr);
    const report = await engine.migrate(config.store, {
      ...options,
      dryRun: false,
      onStep: (step) => progress.show(`migrating: ${step.version} ${step.name} …`),
    });
    progress.clear();
    if (report.steps.length > 0) {
      log.info({ from: report.fromVersion, to: report.toVersion }, "schema migrated");
    }
  }
  return engine.open(config.store, { ...options, observe });
}

/** Says what an acknowledgement is worth. @throws StartError under `--require-durable` if it is worth less than a commit */
export function checkDurability(
  { settings, losesCommitsOnCrash }: StoreCapabilities["durability"],
  config: Config,
  log: Logger,
): void {
  const facts = { durability: Object.fromEntries(settings) };
  if (!losesCommitsOnCrash) {
    log.info(facts, "acknowledged commits survive a crash of the database");
    return;
  }
  const list = [...settings].map(([name, value]) => `${name}=${value}`).join(", ");
  if (config.requireDurable) {
    throw new StartError(
      `--require-durable: the database may lose acknowledged commits in a crash (${list}). ` +
        "Make it flush at every commit, or leave the flag out.",
    );
  }
  log.warn(facts, "the database may lose acknowledged commits in a crash");
}

function announce(server: RunningServer, engine: Engine, store: Store, config: Config, log: Logger): void {
  const { description } = store.capabilities;
  const url = engine.displayUrl(config.store);
  const tls = config.tlsCert !== "";
  process.stdout.write(
    `sessiond ${version} keeps sessions in ${url} (${description})\n` +
      `  gRPC            ${server.grpcTarget}${tls ? " (TLS)" : ""}\n` +
      `  HTTP, Connect   ${server.httpUrl}\n`,
  );
  log.info(
    {
      version,
      store: url,
      description,
      grpc: server.grpcTarget,
      http: server.httpUrl,
      tls,
      pid: process.pid,
    },
    "listening",
  );
  if (!isLoopback(config.host)) {
    log.warn(
      { host: config.host },
      "listening beyond loopback without authentication (--insecure-no-auth): whoever reaches the ports reads and writes all",
    );
  }
}

/** How soon a second signal is an echo of the first: npm repeats to its child what the terminal sent to both. */
const echoMs = 500;

/** How often to look whether the npm that started us is still there. */
const parentCheckMs = 500;

/** Resolves with the first signal to stop; the second ends the process at once. */
function firstSignal(log: Logger): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let first = true;
  let firstAt = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!first && performance.now() - firstAt < echoMs) return;
    if (!first) {
      log.warn({ signal }, "told to stop again: exiting at once");
      process.exit(1);
    }
    first = false;
    firstAt = performance.now();
    resolve(signal);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  if (process.env["npm_lifecycle_event"] === "start") onParentGone(() => onSignal("SIGTERM"));
  return promise;
}

/**
 * Tells when the process that started this one has ended. npm runs scripts through a shell
 * that dies of a signal without passing it on, so `kill` of an `npm start` would leave us.
 */
function onParentGone(told: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    told();
  }, parentCheckMs);
  timer.unref();
}

/** A fault that nothing caught leaves the process in a state that nobody knows: it is logged and ended. */
function exitOnFault(log: Logger): void {
  process.on("uncaughtException", (cause, origin) => {
    log.fatal({ cause, origin }, "uncaught fault: exiting");
    process.exit(1);
  });
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
