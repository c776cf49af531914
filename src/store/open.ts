/** The registry: which engine a store's URL selects. */
import type { Engine } from "./engine.ts";
import { StartError } from "./errors.ts";
import { mysqlEngine } from "./mysql/index.ts";
import { sqliteEngine } from "./sqlite/index.ts";

/** Every engine. */
export const ENGINES: readonly Engine[] = [sqliteEngine, mysqlEngine];

/** The engine for a store's URL. @throws StartError that lists the forms of URLs */
export function engineFor(url: string): Engine {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const engine = ENGINES.find(({ schemes }) => schemes.some((name) => name === scheme));
  if (engine !== undefined) return engine;
  const forms = ENGINES.map(({ urlForm }) => urlForm).join(", ");
  // The URL itself may have a password in it.
  const what = scheme === undefined ? "The store's URL has no scheme." : `There is no store "${scheme}:".`;
  throw new StartError(`${what} Write one of: ${forms}.`);
}
