/** The conformance suite on servers whose defaults are those of other versions, and on one that has none of ours. */
import { afterAll, beforeAll, describe } from "vitest";
import {
  type Engine,
  type PrivateServer,
  serverEngines,
  serverTimeout,
  startPrivateServer,
} from "../../support/databases/index.ts";
import { full } from "../../support/full-size.ts";
import type { CategoryName } from "../conformance/index.ts";
import { runConformance } from "../run-conformance.ts";
import { makeDatabase, serverHarness } from "./harness.ts";

/** What defaults have to do with; `SESSIOND_TEST_FULL=1` runs all categories under all defaults. */
const CATEGORIES: readonly CategoryName[] = ["ids", "exactness", "lists"];

const OF_MYSQL_8 =
  "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";
const OF_MARIADB =
  "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION";

/** The options that make a server's defaults. */
function defaults(collation: string, sqlMode: string, explicitTimestamps: "ON" | "OFF"): string[] {
  return [
    `--character-set-server=${collation.split("_")[0]}`,
    `--collation-server=${collation}`,
    `--sql-mode=${sqlMode}`,
    `--explicit-defaults-for-timestamp=${explicitTimestamps}`,
  ];
}

/** Nothing as our connections have it. */
const STRANGE = [
  ...defaults(
    "latin1_swedish_ci",
    "ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE",
    "OFF",
  ),
  "--default-time-zone=+05:30",
  "--transaction-isolation=SERIALIZABLE",
  "--innodb-strict-mode=OFF",
  "--autocommit=OFF",
];

const SETTINGS: Readonly<Record<Engine, Readonly<Record<string, readonly string[]>>>> = {
  mysql: {
    // NO_AUTO_CREATE_USER, which 5.7 has too, is no longer known.
    "MySQL 5.7": defaults("latin1_swedish_ci", OF_MYSQL_8, "OFF"),
    "no version": STRANGE,
    "MySQL 5.7, not strict": defaults("latin1_swedish_ci", "NO_ENGINE_SUBSTITUTION", "OFF"),
    "MySQL 8 and 9": defaults("utf8mb4_0900_ai_ci", OF_MYSQL_8, "ON"),
  },
  mariadb: {
    "MariaDB 10": defaults("latin1_swedish_ci", OF_MARIADB, "OFF"),
    "no version": STRANGE,
    "MariaDB 10, not strict": defaults("latin1_swedish_ci", "", "OFF"),
    "MariaDB 11.6": defaults("utf8mb4_uca1400_ai_ci", OF_MARIADB, "ON"),
    "Debian's MariaDB": defaults("utf8mb4_general_ci", OF_MARIADB, "ON"),
  },
};

describe.each(serverEngines())("%s", (kind) => {
  const settings = Object.entries(SETTINGS[kind]);
  // The last ones have the most in common with the server that all other suites use.
  describe.each(full ? settings : settings.slice(0, 2))("defaults of %s", (name, args) => {
    let server: PrivateServer;

    beforeAll(async () => {
      server = await startPrivateServer(kind, { args });
    }, serverTimeout);

    afterAll(async () => {
      await server?.stop();
    });

    const harness = serverHarness(kind, {}, `${kind}, defaults of ${name}`, async () =>
      makeDatabase(server, { charset: "server's default" }),
    );
    runConformance(harness, full ? undefined : CATEGORIES);
  });
});
