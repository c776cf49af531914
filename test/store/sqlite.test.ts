import { runConformance } from "./run-conformance.ts";
import { sqliteHarness } from "./sqlite-harness.ts";

runConformance(sqliteHarness);
