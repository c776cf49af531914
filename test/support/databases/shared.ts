import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { ServerAddress, TestServer } from "./types.ts";

/** Names, to the processes of a test run, the address at which its servers are asked for. */
const variable = "SESSIOND_TEST_DATABASE_BROKER";

type Answer = { server: ServerAddress } | { error: string };

/** Whether this process belongs to a test run whose servers are shared. */
export function isShared(): boolean {
  return process.env[variable] !== undefined;
}

/** Asks the process that owns the test run for the run's server, which starts it if this is the first to ask. */
export async function askForServer(engine: string): Promise<ServerAddress> {
  const response = await fetch(`${process.env[variable]}/${engine}`);
  const answer = (await response.json()) as Answer;
  if ("error" in answer) throw new Error(answer.error);
  return answer.server;
}

/**
 * Answers the test run's processes, which find it through the environment they inherit. A server is started when first
 * asked for, so a run of unit tests starts none. The result ends them all.
 */
export async function shareServers(
  find: (engine: string) => Promise<TestServer>,
): Promise<() => Promise<void>> {
  const started = new Map<string, Promise<TestServer>>();
  const secret = `/${randomUUID()}/`;
  const answer = async (path: string): Promise<Answer> => {
    if (!path.startsWith(secret)) return { error: "not for you" };
    const name = path.slice(secret.length);
    const server = started.get(name) ?? find(name);
    started.set(name, server);
    try {
      const { engine, origin, version, host, port, user, password } = await server;
      return { server: { engine, origin, version, host, port, user, password } };
    } catch (error) {
      return { error: (error as Error).message };
    }
  };
  const broker = createServer((request, response) => {
    void answer(request.url ?? "").then((body) => response.end(JSON.stringify(body)));
  });
  await new Promise<void>((done, fail) => broker.once("error", fail).listen(0, "127.0.0.1", done));
  const address = broker.address() as { port: number };
  process.env[variable] = `http://127.0.0.1:${address.port}${secret.slice(0, -1)}`;
  return async () => {
    delete process.env[variable];
    broker.close();
    broker.closeAllConnections();
    for (const server of started.values()) {
      await server.then(
        (running) => running.stop(),
        () => {},
      );
    }
  };
}
