/** The clients together: a step of its own, after those that install what each client needs. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    name: "clients",
    environment: "node",
    pool: "forks",
    include: ["test/clients/*.test.ts"],
    // One server and one program per language for all tests.
    maxWorkers: 1,
    isolate: false,
    testTimeout: 300_000,
    // The first run on a machine fetches what the clients are built with.
    hookTimeout: 1_200_000,
  },
});
