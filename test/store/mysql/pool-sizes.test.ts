/** The conformance suite with pools that hold one connection, and sixteen. */
import { describe } from "vitest";
import { serverEngines } from "../../support/databases/index.ts";
import { full } from "../../support/full-size.ts";
import type { CategoryName } from "../conformance/index.ts";
import { runConformance } from "../run-conformance.ts";
import { serverHarness } from "./harness.ts";

/** What the number of connections has to do with; `SESSIOND_TEST_FULL=1` runs all categories. */
const CATEGORIES: readonly CategoryName[] = ["append groups", "streams", "concurrency"];

describe.each(serverEngines())("%s", (kind) => {
  for (const size of [1, 16]) {
    const name = `${kind}, pools of ${size}`;
    const harness = serverHarness(kind, { writeConnections: size, readConnections: size }, name);
    runConformance(harness, full ? undefined : CATEGORIES);
  }
});
