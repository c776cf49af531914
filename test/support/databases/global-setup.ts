import { findServer } from "./index.ts";
import { serverEngines } from "./settings.ts";
import { isShared, shareServers } from "./shared.ts";

/** vitest's global setup: one server per engine for the whole run, started when a suite first asks, ended with it. */
export default async function setup(): Promise<() => Promise<void>> {
  // Each project of a workspace calls this; the first one's servers are everyone's.
  if (isShared()) return async () => {};
  const engines = serverEngines();
  return shareServers(async (name) => {
    const engine = engines.find((candidate) => candidate === name);
    if (engine === undefined)
      throw new Error(
        `A suite asked for ${name}, which SESSIOND_TEST_ENGINES leaves out; suites go by testEngines().`,
      );
    return findServer(engine);
  });
}
