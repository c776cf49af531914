import { describe } from "vitest";
import { testEngines } from "../support/databases/index.ts";
import { serverHarness } from "./mysql/harness.ts";
import { runConformance } from "./run-conformance.ts";

describe.runIf(testEngines().includes("mysql"))("MySQL", () => runConformance(serverHarness("mysql")));
