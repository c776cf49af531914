/** The conformance suite with pools that hold one connection, and sixteen. */
import { describe } from "vitest";
import { serverEngines } from "../../support/databases/index.ts";
import type { CategoryName } from "../conformance/index.ts";
import { runConformance } from "../run-conformance.ts";
import { serverHarness } from "./harness.ts";

/** What the number of connections has to do with; `SESSIOND_TEST_POOL_SIZES=full` runs all categories. */
const CATEGORIES: readonly CategoryName[] = ["append groups", "streams", "concurrency"];

describe.each(serverEngines())("%s", (kind) => {
  for (const size of [1, 16]) {
    const name = `${kind}, pools of ${size}`;
    const harness = serverHarness(kind, { writeConnections: size, readConnections: size }, name);
    runConformance(harness, process.env["SESSIOND_TEST_POOL_SIZES"] === "full" ? undefined : CATEGORIES);
  }
});
