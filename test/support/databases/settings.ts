import { join, resolve } from "node:path";
import type { Engine } from "./types.ts";

/** Time limit for a hook that may be the first to ask for a server: the first time ever, one is fetched. */
export const serverTimeout = 300_000;

/** The variable that names an existing server for an engine. */
export const addressVariable: Readonly<Record<Engine, string>> = {
  mysql: "SESSIOND_TEST_MYSQL",
  mariadb: "SESSIOND_TEST_MARIADB",
};

export const productName: Readonly<Record<Engine, string>> = { mysql: "MySQL", mariadb: "MariaDB" };

const known = ["sqlite", "mysql", "mariadb"] as const;

/** The engines this run tests: SESSIOND_TEST_ENGINES, a list separated by commas; all of them if it is not set. */
export function testEngines(value = process.env["SESSIOND_TEST_ENGINES"]): ("sqlite" | Engine)[] {
  if (value === undefined || value.trim() === "") return [...known];
  return value.split(",").map((item) => {
    const engine = known.find((name) => name === item.trim().toLowerCase());
    if (engine === undefined) {
      throw new Error(`SESSIOND_TEST_ENGINES has "${item.trim()}"; it takes a list of ${known.join(", ")}`);
    }
    return engine;
  });
}

/** The engines of this run that need a server. */
export function serverEngines(value?: string): Engine[] {
  return testEngines(value).filter((engine) => engine !== "sqlite");
}

/** Where fetched servers, data templates and running servers' data are kept. */
export function cacheFolder(): string {
  const chosen = process.env["SESSIOND_TEST_CACHE"];
  return chosen ? resolve(chosen) : join(import.meta.dirname, "../../../.cache/databases");
}
