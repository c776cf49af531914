/** Each row of what a running server answers when its database fails, and that it recovers by itself. */
import { describe, expect, test, vi } from "vitest";
import { serverTimeout } from "../support/databases/index.ts";
import { storeFaults } from "./bad-input/store.ts";
import { connect, doors, failureOf, newEvent, newKey, startServer, storeNames } from "./harness.ts";

describe.each(storeNames)("%s", (store) => {
  const rows = storeFaults.filter((row) => row.store === (store === "sqlite" ? "sqlite" : "server"));

  test.each(rows)("$what", { timeout: serverTimeout }, async ({ make, code, reason, retry, reads }) => {
    const database = await make(store);
    const server = await startServer(database.serve);
    const clients = doors.map((door) => connect(door, server));
    try {
      const key = newKey();
      const [first] = clients;
      await first?.createSession({ key });
      await database.break();
      // Large enough for a disk whose last page has room for a small one.
      const event = newEvent({ content: JSON.stringify({ text: "x".repeat(100_000) }) });
      for (const api of clients) {
        expect(await failureOf(api.appendEvent({ key, event }))).toMatchObject({
          code,
          reason,
          retryMs: retry ? expect.any(Number) : undefined,
        });
        if (reads) expect((await api.getSession({ key })).session?.headSeq).toBe(0n);
        else expect(await failureOf(api.getSession({ key }))).toMatchObject({ code, reason });
      }
      expect((await fetch(`${server.httpUrl}/healthz`)).status).toBe(200);
      if (!reads) expect((await fetch(`${server.httpUrl}/readyz`)).status).toBe(503);
      if (database.mend === undefined) return;
      await database.mend();
      for (const api of clients) {
        const append = () => api.appendEvent({ key, event }).catch(() => undefined);
        expect((await vi.waitUntil(append, { timeout: 30_000 })).event?.seq).toBe(1n);
      }
    } finally {
      for (const api of clients) await api.close();
      await server.kill();
      await database.drop();
    }
  });
});
