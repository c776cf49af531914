#!/usr/bin/env node
import {
  doctorHelp,
  indexHelp,
  mainHelp,
  migrateHelp,
  serveHelp,
  sessionsHelp,
  statsHelp,
  tailHelp,
  versionHelp,
  watchHelp,
} from "./cli/help.ts";
/** The command `sessiond`. */
import { didYouMean, UsageError } from "./config/usage.ts";
import { StartError } from "./store/errors.ts";

interface Command {
  readonly help: () => string;
  readonly run: (args: readonly string[]) => Promise<void>;
}

/** Commands load what they need when they run, so that help and mistakes answer at once. */
const commands: Readonly<Record<string, Command>> = {
  serve: {
    help: serveHelp,
    run: async (args) => {
      (await import("./cli/process-memory.ts")).boundProcessMemory();
      await (await import("./cli/serve.ts")).serve(args);
    },
  },
  migrate: {
    help: () => migrateHelp,
    run: async (args) => (await import("./cli/migrate.ts")).migrate(args),
  },
  doctor: {
    help: () => doctorHelp,
    run: async (args) => (await import("./cli/doctor.ts")).doctor(args),
  },
  stats: {
    help: () => statsHelp,
    run: async (args) => (await import("./cli/stats.ts")).stats(args),
  },
  index: {
    help: () => indexHelp,
    run: async (args) => (await import("./cli/index-state.ts")).index(args),
  },
  watch: {
    help: () => watchHelp,
    run: async (args) => (await import("./cli/watch.ts")).watch(args),
  },
  sessions: {
    help: () => sessionsHelp,
    run: async (args) => (await import("./cli/sessions.ts")).sessions(args),
  },
  tail: {
    help: () => tailHelp,
    run: async (args) => (await import("./cli/tail.ts")).tail(args),
  },
  version: {
    help: () => versionHelp,
    run: async (args) => {
      if (args.length > 0) throw new UsageError("version takes no arguments");
      process.stdout.write((await import("./cli/version.ts")).versionText());
    },
  },
};

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined) throw new UsageError("a command is missing; see sessiond --help");
  if (name === "--help" || name === "-h" || name === "help") return void process.stdout.write(mainHelp);
  const command = Object.hasOwn(commands, name === "--version" ? "version" : name)
    ? commands[name === "--version" ? "version" : name]
    : undefined;
  if (command === undefined) {
    const hint = didYouMean(name, Object.keys(commands));
    throw new UsageError(`there is no command ${JSON.stringify(name)}${hint}; see sessiond --help`);
  }
  if (args.includes("--help") || args.includes("-h")) return void process.stdout.write(command.help());
  return command.run(args);
}

try {
  await main(process.argv.slice(2));
  // What may still be open (a stalled connection, a worker) must not keep a stopped server alive.
  process.exit();
} catch (error) {
  const known = error instanceof UsageError || error instanceof StartError;
  const text = known
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`sessiond: ${text}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
