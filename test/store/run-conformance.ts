/** Runs the conformance suite for one engine: the whole of an engine's test file. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { CATEGORIES, type CategoryName } from "./conformance/index.ts";
import type { CaseContext, Cases, StoreHarness, TestDatabase, TestStore } from "./harness.ts";

/** Declares a test for every case of every category, or of the chosen ones. */
export function runConformance(harness: StoreHarness, chosen?: readonly CategoryName[]): void {
  describe(`store conformance: ${harness.name}`, () => {
    for (const [category, cases] of Object.entries(CATEGORIES) as [CategoryName, Cases][]) {
      if (chosen?.includes(category) === false) continue;
      describe(category, () => runCategory(harness, category, cases));
    }
  });
}

function runCategory(harness: StoreHarness, category: CategoryName, cases: Cases): void {
  let shared: TestStore;
  let count = 0;
  beforeAll(async () => {
    shared = await harness.makeStore();
  }, 120_000);
  afterAll(async () => {
    await shared?.cleanup();
  });
  const exceptions = harness.exceptions[category];
  for (const [name, run] of Object.entries(cases)) {
    const declare = name in exceptions ? test.fails : test;
    declare(name, async () => {
      count++;
      await runCase(harness, shared, `${category}-${count}`, run);
    });
  }
  test("exceptions name cases", () => {
    expect(Object.keys(cases)).toEqual(expect.arrayContaining(Object.keys(exceptions)));
  });
}

async function runCase(
  harness: StoreHarness,
  { store, url, database }: TestStore,
  app: string,
  run: (context: CaseContext) => Promise<void>,
): Promise<void> {
  const stores: Store[] = [];
  const databases: TestDatabase[] = [];
  try {
    await run({
      harness,
      store,
      database,
      app,
      async openAnother() {
        const another = await harness.engine.open(url, harness.options);
        stores.push(another);
        return another;
      },
      async makeDatabase() {
        const made = await harness.makeDatabase();
        databases.push(made);
        return made;
      },
    });
  } finally {
    await Promise.all(stores.map((another) => another.close()));
    await Promise.all(databases.map((made) => made.cleanup()));
  }
}
