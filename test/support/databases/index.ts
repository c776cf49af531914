import { clientOf } from "./client.ts";
import { containerServer } from "./container.ts";
import { environmentServer } from "./environment.ts";
import { localServer } from "./local.ts";
import { addressVariable, productName } from "./settings.ts";
import { askForServer, isShared } from "./shared.ts";
import type { Engine, PrivateServer, PrivateServerOptions, TestServer } from "./types.ts";

export { serverEngines, serverTimeout, testEngines } from "./settings.ts";
export type * from "./types.ts";

const servers = new Map<Engine, Promise<TestServer>>();

/**
 * The test run's server of an engine, shared by all its suites: each creates a database of its own in it.
 * Give a hook that calls this the time limit `serverTimeout`. Outside a vitest run with the global setup it is this
 * process's own server, ended by `stop` or with the process.
 */
export function databaseServer(engine: Engine): Promise<TestServer> {
  const server = servers.get(engine) ?? (isShared() ? shared(engine) : own(engine));
  servers.set(engine, server);
  return server;
}

/**
 * A server of this engine for one test alone, to be killed, paused or started with options of its own; `stop` it at the
 * end. Always a process of this machine, from the machine's own program or a fetched package: what fault tests do is
 * not done to a server that the environment names.
 */
export async function startPrivateServer(
  engine: Engine,
  options: PrivateServerOptions = {},
): Promise<PrivateServer> {
  const tried: string[] = [];
  const server = await localServer(engine, options, tried);
  if (server === undefined)
    throw noServer(engine, tried, `Install ${productName[engine]}'s server program on this machine.`);
  return server;
}

/** Finds or starts a server that this process owns: environment, container, machine's program, package. */
export async function findServer(engine: Engine): Promise<TestServer> {
  const given = await environmentServer(engine);
  if (given !== undefined) return { ...clientOf(given), stop: async () => {} };
  const tried = [`environment: ${addressVariable[engine]} is not set`];
  try {
    const container = await containerServer(engine);
    if (container !== undefined) return { ...clientOf(container.address), stop: container.stop };
    tried.push("container: no Docker daemon answers");
  } catch (error) {
    tried.push(`container: ${(error as Error).message}`);
  }
  const local = await localServer(engine, {}, tried);
  if (local !== undefined) return local;
  throw noServer(
    engine,
    tried,
    `Set ${addressVariable[engine]}=mysql://user:password@host:port, start Docker, or install ${productName[engine]}'s server program; to leave it out of a run, set SESSIOND_TEST_ENGINES.`,
  );
}

async function shared(engine: Engine): Promise<TestServer> {
  return { ...clientOf(await askForServer(engine)), stop: async () => {} };
}

async function own(engine: Engine): Promise<TestServer> {
  const server = await findServer(engine);
  const stop = () => {
    servers.delete(engine);
    return server.stop();
  };
  return { ...server, stop };
}

function noServer(engine: Engine, tried: readonly string[], remedy: string): Error {
  return new Error(
    `No ${productName[engine]} server for the tests. Tried:\n${tried.map((line) => `- ${line}`).join("\n")}\n${remedy}`,
  );
}
